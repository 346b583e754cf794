package rpm

import (
	"errors"
	"testing"
)

func TestParse(t *testing.T) {
	for s, want := range map[string]Package{
		"git-2.43.5-1.el9.x86_64":                  {"git", "", "2.43.5", "1.el9", "x86_64"},
		"bind-libs-32:9.16.23-18.el9_4.6.aarch64":  {"bind-libs", "32", "9.16.23", "18.el9_4.6", "aarch64"},
		"perl-Git-2.43.5-1.el9.noarch":             {"perl-Git", "", "2.43.5", "1.el9", "noarch"},
		"a-0:1-2.noarch":                           {"a", "0", "1", "2", "noarch"},
		"libstdc++-11.4.1~rc1^git2-3.el9.x86_64":   {"libstdc++", "", "11.4.1~rc1^git2", "3.el9", "x86_64"},
		"java-1.8.0-openjdk-1:1.8.0.412-1.el9.src": {"java-1.8.0-openjdk", "1", "1.8.0.412", "1.el9", "src"},
	} {
		if got, err := Parse(s); err != nil || got != want {
			t.Errorf("%q: %+v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "git", "git-2.43.5", "git-2.43.5-1", "-1-2.x86_64", "git--1.x86_64", "git-1-.x86_64", "git-1-2.",
		"git-x:1-2.noarch", "git-:1-2.noarch", "git-1:-2.noarch", "git 1-2-3.noarch", "git-1-2.x86-64", "a/b-1-2.noarch"} {
		if p, err := Parse(s); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %+v, %v", s, p, err)
		}
	}
}

func TestString(t *testing.T) {
	for want, p := range map[string]Package{
		"git-2.43.5-1.el9.x86_64":         {"git", "0", "2.43.5", "1.el9", "x86_64"},
		"zsh-5.8-9.el9.x86_64":            {"zsh", "", "5.8", "9.el9", "x86_64"},
		"bind-32:9.16.23-18.el9_4.x86_64": {"bind", "32", "9.16.23", "18.el9_4", "x86_64"},
	} {
		if got := p.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
