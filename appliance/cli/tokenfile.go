package cli

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

func tokenPath(data string) string { return filepath.Join(data, "token") }

// readToken reads a token from a file of one line.
func readToken(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("reading the token: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 1<<10))
	if err != nil {
		return "", fmt.Errorf("reading the token: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if len(token) < 16 || strings.ContainsAny(token, " \t\r\n") {
		return "", invalidError{fmt.Errorf("reading the token: %q holds none", file),
			fmt.Sprintf("delete it and start the server, or run %q", "appliance token --rotate")}
	}
	return token, nil
}

// makeToken puts a new token in the place of whatever is there: whole, durable, and for its owner
// only. It is 32 random bytes in base64url, 43 characters and a newline.
func makeToken(file string) (string, error) {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	token := base64.RawURLEncoding.EncodeToString(secret[:])
	err := replaceFile(file, 0o600, func(w io.Writer) error {
		_, err := io.WriteString(w, token+"\n")
		return err
	})
	if err != nil {
		return "", fmt.Errorf("making a token: %w", err)
	}
	return token, nil
}

// ensureToken makes the token file where there is none, and reports whether others can read it.
func ensureToken(file string) (exposed bool, err error) {
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = makeToken(file)
		return false, err
	}
	if err != nil {
		return false, fmt.Errorf("reading the token: %w", err)
	}
	_, err = readToken(file)
	return info.Mode().Perm()&0o077 != 0, err
}
