package unit

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// What this file knows comes from systemd.syntax(7), systemd.service(5) and systemd.unit(5), not from the
// code that it judges: it reads units back as systemd would.

// setting is one line of a unit, continuation lines joined.
type setting struct{ section, key, value string }

func readUnit(text string) ([]setting, error) {
	var all []setting
	section, joined := "", ""
	for _, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimLeft(line, " \t")
		if joined == "" && (trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';') {
			continue
		}
		if joined != "" && trimmed != "" && (trimmed[0] == '#' || trimmed[0] == ';') {
			continue // a comment between continued lines
		}
		if odd := len(line) - len(strings.TrimRight(line, `\`)); odd%2 == 1 {
			joined += line[:len(line)-1] + " "
			continue
		}
		line, joined = strings.TrimSpace(joined+line), ""
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			section = line[1 : len(line)-1]
			continue
		}
		key, value, found := strings.Cut(line, "=")
		if !found || section == "" {
			return nil, fmt.Errorf("no setting: %q", line)
		}
		all = append(all, setting{section, strings.TrimSpace(key), strings.TrimSpace(value)})
	}
	if joined != "" {
		return nil, fmt.Errorf("the last line goes on: %q", joined)
	}
	return all, nil
}

// world is what specifiers and variables stand for.
type world struct {
	specifiers map[byte]string
	variables  map[string]string
}

// argv reads one command line into the words that the program gets.
func (w world) argv(line string) ([]string, error) {
	words, err := splitWords(line)
	if err != nil {
		return nil, err
	}
	var out []string
	for i, word := range words {
		word, err := w.specify(word)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			if strings.HasPrefix(word, "$") || strings.ContainsAny(word[:1], "@-:+!") {
				return nil, fmt.Errorf("program %q has a prefix", word)
			}
			out = append(out, word)
			continue
		}
		more, err := w.expand(word)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// splitWords takes quotes and C escapes away, and refuses the unquoted ";" that begins a second command.
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	in, quote := false, byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == ';' && !in && quote == 0 && (i+1 == len(line) || line[i+1] == ' '):
			return nil, errors.New("a second command")
		case c == '\\':
			if i++; i == len(line) {
				return nil, errors.New("escape at the end")
			}
			e, known := map[byte]byte{'\\': '\\', '"': '"', '\'': '\'', 's': ' ', 't': '\t', 'n': '\n'}[line[i]]
			if !known {
				return nil, fmt.Errorf(`unknown escape \%c`, line[i])
			}
			word.WriteByte(e)
			in = true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			if in {
				return nil, errors.New("a quote within a word")
			}
			quote, in = c, true
		case quote == 0 && strings.IndexByte(" \t\n\r", c) >= 0:
			if in {
				words = append(words, word.String())
			}
			word.Reset()
			in = false
		default:
			word.WriteByte(c)
			in = true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote that is not closed")
	}
	if in {
		words = append(words, word.String())
	}
	return words, nil
}

func (w world) specify(s string) (string, error) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			out.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			return "", errors.New("% at the end")
		}
		if s[i] == '%' {
			out.WriteByte('%')
			continue
		}
		value, known := w.specifiers[s[i]]
		if !known {
			return "", fmt.Errorf("specifier %%%c that nobody wrote", s[i])
		}
		out.WriteString(value)
	}
	return out.String(), nil
}

// expand replaces variables: a word that is $NAME becomes none or several, ${NAME} stays in its word.
func (w world) expand(s string) ([]string, error) {
	if name, lone := strings.CutPrefix(s, "$"); lone && name != "" && !strings.ContainsAny(name[:1], "${") {
		return nil, fmt.Errorf("variable %q that nobody wrote", s)
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch rest := s[i:]; {
		case strings.HasPrefix(rest, "$$"):
			out.WriteByte('$')
			i++
		case strings.HasPrefix(rest, "${"):
			end := strings.IndexByte(rest, '}')
			value, known := w.variables[rest[2:max(end, 2)]]
			if !known {
				return nil, fmt.Errorf("variable in %q that nobody wrote", s)
			}
			out.WriteString(value)
			i += end
		case rest[0] == '$':
			return nil, fmt.Errorf("a bare $ in %q", s)
		default:
			out.WriteByte(s[i])
		}
	}
	return []string{out.String()}, nil
}

// readPodmanEnv reads an environment file as podman does in every version from 4.0 to 5.8.
func readPodmanEnv(text string) (map[string]string, error) {
	env := map[string]string{}
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		line = strings.TrimSuffix(line, "\r") // bufio.ScanLines
		line = strings.TrimLeft(line, " \t\n\v\f\r")
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, found := strings.Cut(line, "=")
		if !found || name == "" || len(line) >= 64<<10 {
			return nil, fmt.Errorf("no variable: %.100q", line)
		}
		env[name] = value
	}
	return env, nil
}

// The reader itself is held to what the manuals say.
func TestReader(t *testing.T) {
	w := world{map[byte]string{'n': "a.service"}, map[string]string{"IMAGE": "some thing"}}
	for line, want := range map[string]string{
		`/bin/a -b "c d" ${IMAGE}`: `["/bin/a" "-b" "c d" "some thing"]`,
		`/bin/a "%%n %n" 'x'`:      `["/bin/a" "%n a.service" "x"]`,
		`/bin/a "$$x\\\"" ""`:      `["/bin/a" "$x\\\"" ""]`,
	} {
		got, err := w.argv(line)
		if err != nil || fmt.Sprintf("%q", got) != want {
			t.Errorf("%s: %q, %v; want %s", line, got, err, want)
		}
	}
	for _, line := range []string{`/bin/a $x`, `/bin/a "${x}"`, `/bin/a %x`, `/bin/a "b`, `/bin/a b ; /bin/c`, `-/bin/a`, `/bin/a \q`} {
		if got, err := w.argv(line); err == nil {
			t.Errorf("%s: read as %q", line, got)
		}
	}
}
