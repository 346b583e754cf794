package kickstart

import (
	"errors"
	"slices"
	"strings"
)

// maxText is the longest kickstart, template or script in bytes.
const maxText = 1 << 20

// document is a kickstart taken apart as pykickstart's parser.py does it.
type document struct {
	commands []command
	sections []section
	faults   []Finding
}

// command is one line outside of sections, or an %include.
type command struct {
	line  int
	words []string
}

// section is a %pre, %post, %packages and so on.
type section struct {
	line  int // of its header
	words []string
	body  string
	ended bool
}

// sectionNames are the sections that Anaconda knows. Scripts stands for those that hold one.
var (
	sectionNames = []string{"%pre", "%pre-install", "%post", "%onerror", "%traceback", "%packages", "%addon", "%anaconda", "%certificate"}
	scriptNames  = sectionNames[:5]
)

// options are those of a script's header.
var scriptOptions = []string{"--erroronfail", "--interpreter", "--log", "--logfile", "--nochroot"}

// parse never fails: what is wrong is a finding.
func parse(text string) document {
	var d document
	var open *section
	var body strings.Builder
	for i, line := range strings.Split(text, "\n") {
		at, word := i+1, firstWord(line)
		starts := slices.Contains(sectionNames, word)
		switch {
		case open != nil && word == "%end":
			open.body, open.ended = body.String(), true
			d.sections, open = append(d.sections, *open), nil
		case open != nil && starts:
			open.body = body.String()
			d.sections = append(d.sections, *open)
			open = d.begin(at, line, &body)
		case open != nil && word == "%include":
			d.add(at, line)
			body.WriteByte('\n') // so that later lines keep their numbers
		case open != nil:
			body.WriteString(line + "\n")
		case word == "" || word[0] == '#' || word == "%ksappend":
		case starts:
			open = d.begin(at, line, &body)
		case word == "%end":
			d.note(at, Error, "section", "%end ends nothing", "take it out, or give the section that it belongs to its header")
		case word[0] == '%' && word != "%include":
			d.note(at, Error, "section", word+" is no section of a kickstart", "the sections are "+strings.Join(sectionNames, " "))
		default:
			d.add(at, line)
		}
	}
	if open != nil {
		open.body = body.String()
		d.sections = append(d.sections, *open)
	}
	for _, s := range d.sections {
		if !s.ended {
			d.note(s.line, Error, "section", s.words[0]+" does not end", "end it with a line %end")
		}
	}
	return d
}

func (d *document) begin(at int, line string, body *strings.Builder) *section {
	body.Reset()
	return &section{line: at, words: d.split(at, line)}
}

func (d *document) add(at int, line string) {
	if words := d.split(at, line); len(words) > 0 {
		d.commands = append(d.commands, command{at, words})
	}
}

func (d *document) split(at int, line string) []string {
	words, err := split(line)
	if err != nil {
		d.note(at, Error, "syntax", err.Error(), "close the quotation")
		words = strings.Fields(line)
	}
	return words
}

func (d *document) note(line int, level Level, rule, text, cure string) {
	d.faults = append(d.faults, Finding{line, level, rule, text, cure})
}

// option finds the value of --NAME, given as --NAME=VALUE or as two words.
func option(words []string, name string) (value string, given bool) {
	for i, w := range words {
		if v, ok := strings.CutPrefix(w, name+"="); ok {
			return v, true
		}
		if w == name {
			if i+1 < len(words) && !strings.HasPrefix(words[i+1], "--") {
				return words[i+1], true
			}
			return "", true
		}
	}
	return "", false
}

func has(words []string, name string) bool {
	_, given := option(words, name)
	return given
}

func firstWord(line string) string {
	fields := strings.Fields(line)
	if len(fields) == 0 {
		return ""
	}
	return fields[0]
}

// hiddenBreak finds a character other than a line feed at which Python's str.splitlines, and so Anaconda,
// ends a line, or one that no text has. It returns the number of its line, or 0.
func hiddenBreak(text string) (line int, r rune) {
	line = 1
	for _, r := range text {
		switch {
		case r == '\n':
			line++
		case r == '\t':
		case r < ' ', r == 0x7f, r == 0x85, r == 0x2028, r == 0x2029, r == '\uFFFD':
			return line, r
		}
	}
	return 0, 0
}

var errQuote = errors.New("a quotation does not end on its line")

// split takes a line apart as Python's shlex.split(line, comments=True) does.
func split(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, quote := false, byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == '\'' && c != '\'', quote == '"' && c != '"' && c != '\\':
			word.WriteByte(c)
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\':
			if i++; i == len(line) {
				return nil, errQuote
			}
			if quote == '"' && line[i] != '"' && line[i] != '\\' {
				word.WriteByte('\\')
			}
			word.WriteByte(line[i])
			inWord = true
		case c == '"' || c == '\'':
			quote, inWord = c, true
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		case c == '#':
			i = len(line) // shlex takes one in the middle of a word for a comment, too
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, errQuote
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
