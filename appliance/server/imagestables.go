package server

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"edge/appliance/blueprint"
	"edge/appliance/iso"
	"edge/appliance/sheet"
)

// What answers about boot ISOs look like on a terminal, and their folder in a browser.

func (h *Handler) writeImages(s *sheet.Sheet, a imagesAnswer) {
	if len(a.Bases) == 0 {
		s.Line("no base ISO; this adds one: appliance iso add FILE")
	} else {
		var rows [][]string
		for _, b := range a.Bases {
			rows = append(rows, []string{b.Name, b.Product, b.Arch, string(b.Layout), sheet.Size(b.Size), b.SHA256[:12], sheet.When(b.Added), strings.Join(b.Notes, "; ")})
		}
		s.Table([]string{"BASE", "PRODUCT", "ARCH", "LAYOUT", ">SIZE", "SHA256", "ADDED", "REMARKS"}, rows)
	}
	var rows [][]string
	for _, i := range a.Images {
		changed := ""
		if i.Fault == "" {
			changed = sheet.Size(i.Changed)
		}
		rows = append(rows, []string{i.Blueprint, called(i), string(i.Mode), i.Base, sheet.Dash(changed), sheet.When(i.Created), strings.Join(optionWords(i), " ")})
	}
	s.Part([]string{"BLUEPRINT", "IMAGE", "MODE", "BASE", ">OWN BYTES", "BUILT", "OPTIONS"}, rows)
	for _, i := range a.Images {
		if i.Fault != "" {
			s.Blank()
			s.Line("%s cannot be served: %s", i.Path, strings.ReplaceAll(i.Fault, "\n", "; "))
		}
	}
}

// called is an image's name, or the device that it is for.
func called(i iso.Summary) string {
	if i.Device != "" {
		return "by-device/" + i.Device
	}
	return i.Name
}

// optionWords are options as the command line has them.
func optionWords(i iso.Summary) []string {
	var all []string
	o := i.Options
	if o.Console != "" {
		all = append(all, "console="+o.Console)
	}
	if o.FIPS {
		all = append(all, "fips")
	}
	if o.Text {
		all = append(all, "text")
	}
	if o.IP != nil {
		all = append(all, "ip="+o.IP.Address.String())
	}
	for _, a := range o.Add {
		all = append(all, "+"+a)
	}
	for _, a := range o.Remove {
		all = append(all, "-"+a)
	}
	return all
}

func writeBase(s *sheet.Sheet, b iso.BaseSummary) {
	fits := "no, images name its URL"
	if b.Kickstart > 0 {
		fits = "fits in, up to " + sheet.Size(b.Kickstart)
	}
	check := "the vendor implanted none"
	if b.MediaCheck {
		check = "passes"
	}
	s.Line("added %s", b.Name)
	s.Fields(
		[2]string{"product", b.Product},
		[2]string{"architecture", b.Arch},
		[2]string{"label", b.Label},
		[2]string{"layout", string(b.Layout)},
		[2]string{"file", b.File},
		[2]string{"size", sheet.Size(b.Size)},
		[2]string{"sha256", b.SHA256},
		[2]string{"media check", check},
		[2]string{"kickstart", fits},
		[2]string{"remarks", strings.Join(b.Notes, "; ")},
	)
}

func (h *Handler) writeBuilt(s *sheet.Sheet, i iso.Summary) {
	s.Line("built %s%s", h.o.BaseURL, i.Path)
	s.Fields(
		[2]string{"base", fmt.Sprintf("%s, %s for %s", i.Base, cmp.Or(i.Product, "unknown"), i.Arch)},
		[2]string{"mode", string(i.Mode)},
		[2]string{"options", strings.Join(optionWords(i), " ")},
		[2]string{"system on it", i.Commit},
		[2]string{"differs in", fmt.Sprintf("%d of %d bytes at most, none of them on the disk", i.Changed, i.Size)},
		[2]string{"left out of the menu", strings.Join(i.LeftOut, "; ")},
		[2]string{"fault", i.Fault},
	)
}

func writePatches(s *sheet.Sheet, a patchesAnswer) {
	var rows [][]string
	for _, p := range a.Patches {
		rows = append(rows, []string{strconv.FormatInt(p.Offset, 10), strconv.Itoa(len(p.Data))})
	}
	s.Line("over %s, sha256 %s", a.File, a.Base)
	s.Table([]string{">OFFSET", ">BYTES"}, rows)
}

var imagesPage = template.Must(template.New("images").Parse(`<!doctype html>
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
{{- range .Images}}
<li><a href="{{.Path}}">{{.Path}}</a> {{.Product}} for {{.Arch}}, {{.Mode}}</li>
{{- end}}
</ul>
<p>{{if .Images}}Each of them installs by itself and erases the disk.{{else}}No image has been built: appliance iso build {{.Blueprint}}{{end}}</p>
<p><a href="/">appliance</a></p>
</body>
</html>
`))

// writeImagesPage lists the images of a blueprint for a browser, or as plain lines for a script.
func (h *Handler) writeImagesPage(c *gin.Context, n blueprint.Name) error {
	page := struct {
		Path      string
		Blueprint blueprint.Name
		Images    []iso.Summary
	}{c.Request.URL.Path, n, nil}
	for _, i := range h.o.Images.List(c.Request.Context(), string(n)) {
		if i.Fault == "" {
			page.Images = append(page.Images, i)
		}
	}
	var out bytes.Buffer
	kind := textPlain
	if wants(c.Request, textHTML, textPlain) == textHTML {
		kind = textHTML
		if err := imagesPage.Execute(&out, page); err != nil {
			return fmt.Errorf("writing the list of images: %w", err)
		}
		protect(c.Writer.Header())
	} else {
		for _, i := range page.Images {
			out.WriteString(strings.TrimPrefix(i.Path, page.Path) + "\n")
		}
	}
	c.Header("Vary", "Accept")
	c.Header("Cache-Control", asked)
	c.Header("Content-Length", strconv.Itoa(out.Len()))
	if c.Request.Method == http.MethodHead {
		c.Header("Content-Type", kind+utf8)
		c.Status(http.StatusOK)
		c.Writer.WriteHeaderNow()
		return nil
	}
	c.Data(http.StatusOK, kind+utf8, out.Bytes())
	return nil
}
