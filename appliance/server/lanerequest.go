package server

import "bytes"

// verdict on the bytes at the head of a lane.
type verdict int

const (
	partial verdict = iota // the header has not ended yet
	simple                 // a plain GET that the lane may answer
	foreign                // anything else: for net/http
)

// longestHeader is what a lane reads of one header before it leaves it to net/http.
const longestHeader = 4 << 10

// scanRequest looks for a request that can be answered without knowing more
// of HTTP (RFC 9112): GET of a path of plain characters, HTTP/1.1, and no
// header that could ask for anything but the whole file. It is narrower than
// net/http in every respect, so that the two never disagree about where a
// request ends. path is a part of buf, n the length of the request.
func scanRequest(buf []byte) (path []byte, n int, v verdict) {
	const method, version = "GET /", " HTTP/1.1"
	line, rest, ok := cutLine(buf)
	if !ok {
		return nil, 0, unfinished(buf)
	}
	if len(line) < len(method)+len(version) || string(line[:len(method)]) != method || string(line[len(line)-len(version):]) != version {
		return nil, 0, foreign
	}
	path = line[len(method)-1 : len(line)-len(version)]
	if !all(path, pathByte) {
		return nil, 0, foreign
	}
	hosts := 0
	for {
		line, rest, ok = cutLine(rest)
		switch {
		case !ok:
			return nil, 0, unfinished(buf)
		case len(line) == 0 && hosts == 1:
			return path, len(buf) - len(rest), simple
		case !harmless(line, &hosts):
			return nil, 0, foreign
		}
	}
}

func unfinished(buf []byte) verdict {
	if len(buf) >= longestHeader {
		return foreign
	}
	return partial
}

// cutLine cuts a line that ends in CR LF; one that ends in a bare LF comes
// back with a byte that no later check lets pass.
func cutLine(buf []byte) (line, rest []byte, ok bool) {
	i := bytes.IndexByte(buf, '\n')
	if i < 0 {
		return nil, nil, false
	}
	if i == 0 || buf[i-1] != '\r' {
		return buf[:i+1], buf[i+1:], true
	}
	return buf[:i-1], buf[i+1:], true
}

// harmless reports whether a header line changes nothing about the answer.
func harmless(line []byte, hosts *int) bool {
	colon := bytes.IndexByte(line, ':')
	var lower [20]byte
	if colon < 1 || colon > len(lower) {
		return false
	}
	for i, c := range line[:colon] {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	value := bytes.Trim(line[colon+1:], " \t")
	switch string(lower[:colon]) {
	case "host":
		*hosts++
		return len(value) > 0 && all(value, hostByte)
	case "connection":
		return bytes.EqualFold(value, []byte("keep-alive"))
	case "user-agent", "accept", "accept-encoding", "accept-language", "cache-control", "pragma",
		"via", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip":
		return all(value, valueByte)
	}
	return false
}

func all(b []byte, ok func(byte) bool) bool {
	for _, c := range b {
		if !ok(c) {
			return false
		}
	}
	return true
}

func wordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || c == '.' || c == '-' || c == '_'
}
func pathByte(c byte) bool  { return wordByte(c) || c == '/' }
func hostByte(c byte) bool  { return wordByte(c) || c == ':' || c == '[' || c == ']' }
func valueByte(c byte) bool { return c >= ' ' && c != 0x7f || c == '\t' }
