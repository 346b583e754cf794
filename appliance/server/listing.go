package server

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"edge/appliance/sheet"
)

var listingPage = template.Must(template.New("listing").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Path}}</title>
<link rel="icon" href="/ui/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/ui/listing.css">
</head>
<body>
<h1>{{.Path}}</h1>
<ul>
{{- if .Parent}}
<li><a href="../">../</a></li>
{{- end}}
{{- range .Entries}}
<li><a href="{{.Link}}">{{.Name}}</a></li>
{{- end}}
</ul>
{{- if .URL}}
<p>An OSTree repository. A device follows it after: <code>ostree remote add --no-gpg-verify edge {{.URL}}</code></p>
{{- else if not .Entries}}
<p>What is here is fetched by its name and not listed.</p>
{{- end}}
<p><a href="/">appliance</a></p>
</body>
</html>
`))

var errorPage = template.Must(template.New("error").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Status}} {{.Title}}</title>
<link rel="icon" href="/ui/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/ui/listing.css">
</head>
<body>
<h1>{{.Status}} {{.Title}}</h1>
<p>{{.Detail}}</p>
{{- if .Hint}}
<p>{{.Hint}}</p>
{{- end}}
<p><a href="/">appliance</a></p>
</body>
</html>
`))

// listing is one folder of a repository.
type listing struct {
	Path    string
	URL     string // of the repository, on its own folder
	Parent  bool
	Entries []entry
}

type entry struct{ Name, Link string }

// writeListing lists a folder for a browser, or as plain lines for a script.
func (h *Handler) writeListing(rec *recorder, r *http.Request, names []string) error {
	var out bytes.Buffer
	header := rec.Header()
	header.Set("Vary", "Accept")
	header.Set("Cache-Control", asked)
	if wants(r, textHTML, textPlain) == textPlain {
		for _, n := range names {
			out.WriteString(sheet.Clean(n) + "\n")
		}
		header.Set("Content-Type", textPlain+utf8)
	} else {
		page := listing{Path: r.URL.Path, Parent: strings.Count(r.URL.Path, "/") > 3}
		if !page.Parent && h.o.BaseURL != "" {
			page.URL = h.o.BaseURL + r.URL.Path
		}
		for _, n := range names {
			file, isFolder := strings.CutSuffix(n, "/")
			link := "./" + url.PathEscape(file) // "./" lest a name reads as a scheme
			if isFolder {
				link += "/"
			}
			page.Entries = append(page.Entries, entry{n, link})
		}
		if err := listingPage.Execute(&out, page); err != nil {
			return err
		}
		header.Set("Content-Type", textHTML+utf8)
		protect(header)
	}
	header.Set("Content-Length", strconv.Itoa(out.Len()))
	rec.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		rec.Write(out.Bytes())
	}
	return nil
}
