package gvariant

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// checkString checks a string (s), an object path (o) or a signature (g).
func checkString(code byte, data []byte) error {
	last := len(data) - 1
	if last < 0 || bytes.IndexByte(data, 0) != last || !utf8.Valid(data) {
		return badString
	}
	switch text := data[:last]; {
	case code == 'o' && !isObjectPath(text):
		return badPath
	case code == 'g' && !isSignature(string(text)):
		return badSig
	}
	return nil
}

// isObjectPath follows the D-Bus specification: "/", or elements of letters,
// digits and underscores, each with a slash before it.
func isObjectPath(path []byte) bool {
	if len(path) == 0 || path[0] != '/' {
		return false
	}
	for i := 1; i < len(path); i++ {
		switch c := path[i]; {
		case c == '/' && path[i-1] == '/':
			return false
		case c != '/' && c != '_' && !alphanumeric(c):
			return false
		}
	}
	return len(path) == 1 || path[len(path)-1] != '/'
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isSignature: any number of complete D-Bus types, which know no maybe.
func isSignature(text string) bool {
	if len(text) > maxTypeLength || strings.IndexByte(text, 'm') >= 0 {
		return false
	}
	c := compiler{rest: text, store: make([]node, 0, len(text))}
	for c.rest != "" {
		if c.next(0) == nil {
			return false
		}
	}
	return true
}
