package main

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// largestHead bounds the request line and all header fields together, in bytes.
const largestHead = 8 << 10

// request is what of a request matters here.
type request struct {
	method  string
	path    string // decoded, without the query
	old     bool   // HTTP/1.0
	html    bool   // the client asks for HTML by name
	match   string // If-None-Match
	content bool   // a body follows, which nobody will read
	last    bool   // the connection ends with the answer
}

// refusal is a request that gets an error status; the connection ends, because what follows on it
// cannot be trusted.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	badRequest refusal = "400 Bad Request"
	tooLarge   refusal = "431 Request Header Fields Too Large"
	badVersion refusal = "505 HTTP Version Not Supported"
)

// read takes one request head from r: a refusal, or the connection's own error. The reader's buffer
// has largestHead bytes, so no line is longer.
func read(r *bufio.Reader) (request, error) {
	var q request
	left := largestHead
	line, err := readLine(r, &left)
	if err == nil && line == "" { // RFC 9112, 2.2: one empty line before a request is forgiven
		line, err = readLine(r, &left)
	}
	if err != nil {
		return q, err
	}
	if err := q.parseLine(line); err != nil {
		return q, err
	}
	for hosts := 0; ; {
		line, err := readLine(r, &left)
		switch {
		case err != nil:
			return q, err
		case line == "" && hosts != 1 && !(hosts == 0 && q.old):
			return q, badRequest
		case line == "":
			return q, nil
		}
		name, value, found := strings.Cut(line, ":")
		if !found || name == "" || strings.ContainsAny(name, " \t") {
			return q, badRequest
		}
		if strings.EqualFold(name, "Host") {
			hosts++
		}
		q.field(strings.ToLower(name), strings.Trim(value, " \t"))
	}
}

func readLine(r *bufio.Reader, left *int) (string, error) {
	line, err := r.ReadSlice('\n')
	*left -= len(line)
	switch {
	case errors.Is(err, bufio.ErrBufferFull), err == nil && *left < 0:
		return "", tooLarge
	case errors.Is(err, io.EOF) && len(line) > 0:
		return "", io.ErrUnexpectedEOF
	case err != nil:
		return "", err
	}
	text := strings.TrimSuffix(string(line[:len(line)-1]), "\r")
	if strings.ContainsAny(text, "\x00\r") {
		return "", badRequest
	}
	return text, nil
}

func (q *request) parseLine(line string) error {
	method, rest, found := strings.Cut(line, " ")
	target, version, versioned := strings.Cut(rest, " ")
	if !found || !versioned || method == "" {
		return badRequest
	}
	switch version {
	case "HTTP/1.1":
	case "HTTP/1.0":
		q.old, q.last = true, true
	default:
		if strings.HasPrefix(version, "HTTP/") {
			return badVersion
		}
		return badRequest
	}
	if after, absolute := strings.CutPrefix(target, "http://"); absolute {
		_, path, _ := strings.Cut(after, "/")
		target = "/" + path
	}
	target, _, _ = strings.Cut(target, "?")
	path, ok := decode(target)
	if !ok || !strings.HasPrefix(path, "/") {
		return badRequest
	}
	q.method, q.path = method, path
	return nil
}

func (q *request) field(name, value string) {
	switch name {
	case "content-length", "transfer-encoding":
		if name != "content-length" || value != "0" {
			q.content, q.last = true, true
		}
	case "connection":
		for option := range strings.SplitSeq(value, ",") {
			q.last = q.last || strings.EqualFold(strings.TrimSpace(option), "close")
		}
	case "accept":
		q.html = q.html || strings.Contains(value, "text/html")
	case "if-none-match":
		q.match = value
	}
}

// decode resolves %XX.
func decode(s string) (string, bool) {
	if !strings.Contains(s, "%") {
		return s, true
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		high, low := digit(s[i+1]), digit(s[i+2])
		if high < 0 || low < 0 {
			return "", false
		}
		b.WriteByte(byte(high<<4 | low))
		i += 2
	}
	return b.String(), true
}

// digit is the value of a hexadecimal digit, or -1.
func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
