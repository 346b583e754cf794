package kickstart

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

func (d *document) checkHeader(s section) {
	name := s.words[0]
	for _, w := range s.words[1:] {
		option, _, _ := strings.Cut(w, "=")
		if strings.HasPrefix(option, "--") && !slices.Contains(scriptOptions, option) {
			d.note(s.line, Error, "section", fmt.Sprintf("%s has no option %.40q", name, option), "there are "+strings.Join(scriptOptions, " "))
		}
	}
	if !has(s.words, "--erroronfail") && (name == "%pre" || name == "%pre-install" || name == "%post") {
		d.note(s.line, Warning, "section", name+" goes on when its script fails: a half-made device counts as installed", "write "+name+" --erroronfail")
	}
}

// checkScript looks at the shell script of a section; other languages are not looked at.
func (d *document) checkScript(s section) {
	d.checkWords(s)
	interpreter, given := option(s.words, "--interpreter")
	if first, _, _ := strings.Cut(s.body, "\n"); !given && strings.HasPrefix(first, "#!") {
		interpreter = strings.TrimSpace(first[2:])
	}
	lang := syntax.LangBash // which /bin/sh is, in every installer
	if fields := strings.Fields(interpreter); len(fields) > 0 {
		if base := path.Base(fields[0]); base != "sh" && base != "bash" {
			return
		}
	}
	file, err := syntax.NewParser(syntax.Variant(lang)).Parse(strings.NewReader(s.body), "")
	if err != nil {
		line, text := s.line, err.Error()
		if at := (syntax.ParseError{}); errors.As(err, &at) {
			line, text = s.line+int(at.Pos.Line()), at.Text
		} else if at := (syntax.LangError{}); errors.As(err, &at) {
			line, text = s.line+int(at.Pos.Line()), at.Feature+" is not for this shell"
		}
		d.note(line, Error, "shell", "the shell does not understand this: "+text, "try: bash -n")
		return
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		if r, ok := n.(*syntax.Redirect); ok && r.Hdoc != nil {
			d.checkHeredoc(s.line, r)
		}
		return true
	})
}

func (d *document) checkWords(s section) {
	at := s.line
	for line := range strings.Lines(s.body) {
		at++
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, secret := range scriptSecrets {
			if secret.pattern.MatchString(line) {
				cure := "see whether there is another way; keep the kickstart on one-time links"
				if secret.level == Error {
					cure = "take it out: a kickstart stays on the device and in logs"
				}
				d.note(at, secret.level, "secret", secret.text, cure)
			}
		}
	}
}

// checkHeredoc finds what a here-document replaces while the device is installed, though the script that it
// writes would have wanted it when it runs.
func (d *document) checkHeredoc(offset int, r *syntax.Redirect) {
	var worst syntax.Node
	level := Warning
	syntax.Walk(r.Hdoc, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.ParamExp:
			if worst == nil {
				worst = n
			}
			if n.Param != nil && strings.Trim(n.Param.Value, "?!#@*-$0123456789") == "" && level == Warning {
				worst, level = n, Error
			}
		case *syntax.CmdSubst, *syntax.ArithmExp:
			if worst == nil {
				worst = n
			}
		}
		return true
	})
	if worst == nil {
		return
	}
	d.note(offset+int(worst.Pos().Line()), level, "heredoc", "this is replaced now, by the installer, and not when what is written here runs",
		"quote the delimiter: <<'EOF'")
}
