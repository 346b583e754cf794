package toml

import "testing"

func TestReplace(t *testing.T) {
	const text = "name = 'a' # the name\nversion=\"0.0.1\"\n\n[[user]]\npassword = \"\"\"two\nlines\"\"\"\n[[user]]\npassword = 'x'\nflag = true\ninline = {n = 3, s = \"a\"}\n"
	got, err := Replace([]byte(text), map[string]string{
		"version": `"0.0.2"`, "name": `"b"`, "user[0].password": `"one"`, "user[1].password": `"two"`, "user[1].flag": "false", "user[1].inline.n": "4",
	})
	const want = "name = \"b\" # the name\nversion=\"0.0.2\"\n\n[[user]]\npassword = \"one\"\n[[user]]\npassword = \"two\"\nflag = false\ninline = {n = 4, s = \"a\"}\n"
	if err != nil || string(got) != want {
		t.Errorf("Replace = %s, %v, want %s", got, err, want)
	}
	for _, key := range []string{"absent", "user", "user[2].password"} {
		if _, err := Replace([]byte(text), map[string]string{key: "1"}); err == nil {
			t.Errorf("replacing %q succeeds", key)
		}
	}
}

// A single value that is replaced is read as the new one, and nothing else changes.
func FuzzReplace(f *testing.F) {
	f.Add("version = \"1\"\nother = 2\n", "x\"\\\n")
	f.Add("a = [1,\n2]\nversion = 'x' # c\n", "")
	f.Fuzz(func(t *testing.T, data, value string) {
		r := Decode([]byte(data))
		if _, err := Text(r.values["version"]); err != nil || r.broken {
			return
		}
		value = string([]rune(value))
		got, err := Replace([]byte(data), map[string]string{"version": Quote(value)})
		if err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		again := Decode(got)
		if v, _ := Text(again.values["version"]); again.broken || v != value || len(again.values) != len(r.values) {
			t.Errorf("%q becomes %q", data, got)
		}
	})
}
