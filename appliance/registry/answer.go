package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// refusal is an answer that is not what the client hoped for.
// Source of the codes: OCI Distribution Specification 1.1, "Error codes".
type refusal struct {
	status  int
	code    string
	message string
	cause   error // of this room; nil where only HTTP clients can meet it
}

func (r *refusal) Error() string { return r.message }
func (r *refusal) Unwrap() error { return r.cause }

func refusing(status int, code string, cause error, format string, values ...any) *refusal {
	return &refusal{status: status, code: code, message: fmt.Sprintf(format, values...), cause: cause}
}

// causes says what clients are told of errors that are not refusals already.
var causes = []struct {
	cause  error
	status int
	code   string
}{
	{ErrInvalidName, http.StatusBadRequest, "NAME_INVALID"},
	{ErrUnknown, http.StatusNotFound, "NAME_UNKNOWN"},
	{ErrManifest, http.StatusBadRequest, "MANIFEST_INVALID"},
}

// answer writes err as the OCI's JSON. What it is not prepared for goes to the log only.
func (s *Store) answer(w http.ResponseWriter, r *http.Request, err error) {
	var refused *refusal
	if !errors.As(err, &refused) {
		refused = refusing(http.StatusInternalServerError, "UNKNOWN", nil, "the registry could not do this; its log says why")
		for _, c := range causes {
			if errors.Is(err, c.cause) {
				refused = refusing(c.status, c.code, nil, "%v", err)
				break
			}
		}
		if refused.status == http.StatusInternalServerError {
			s.log.Error("answering a registry request", "method", r.Method, "path", r.URL.Path, "err", err)
		}
	}
	data, _ := json.Marshal(map[string]any{"errors": []any{map[string]string{"code": refused.code, "message": refused.message}}})
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(refused.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(data)
	}
}

// kept is a ResponseWriter in memory: for answers that are not sent before something else is done, and
// for calls of this process.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newKept() *kept { return &kept{header: http.Header{}} }

func (k *kept) Header() http.Header { return k.header }

func (k *kept) WriteHeader(status int) {
	if k.status == 0 {
		k.status = status
	}
}

func (k *kept) Write(p []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	return k.body.Write(p)
}

func (k *kept) send(w http.ResponseWriter) {
	for name, values := range k.header {
		w.Header()[name] = values
	}
	w.WriteHeader(max(k.status, http.StatusOK))
	_, _ = w.Write(k.body.Bytes())
}

// fault is what olareg refused, in this room's words, or nil.
func (k *kept) fault() error {
	if k.status < 400 {
		return nil
	}
	var said struct {
		Errors []struct{ Code, Message, Detail string }
	}
	_ = json.Unmarshal(k.body.Bytes(), &said) // an answer to HEAD says nothing
	code, message := "UNKNOWN", http.StatusText(k.status)
	if len(said.Errors) > 0 {
		e := said.Errors[0]
		code, message = e.Code, e.Message
		if e.Detail != "" {
			message += ": " + e.Detail
		}
	}
	var cause error
	switch {
	case k.status == http.StatusNotFound:
		cause = ErrUnknown
	case code == "DIGEST_INVALID", code == "NAME_INVALID":
		cause = ErrInvalidName
	case k.status < 500:
		cause = ErrManifest
	}
	return refusing(k.status, code, cause, "%s", message)
}
