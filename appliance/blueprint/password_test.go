package blueprint

import (
	"os/exec"
	"strings"
	"testing"

	"edge/appliance/workbench"
)

// Vectors of Ulrich Drepper's paper, and others.
func TestSHA512Crypt(t *testing.T) {
	for _, tt := range []struct {
		plain, salt string
		rounds      int
		want        string
	}{
		{"Hello world!", "saltstring", 5000, "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"},
		{"Hello world!", "saltstringsaltst", 10000, "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v."},
		{"we have a short salt string but not a short password", "short", 77777, "$6$rounds=77777$short$WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0"},
	} {
		if got := sha512crypt(tt.plain, tt.salt, tt.rounds); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.plain, got, tt.want)
		}
	}
}

// The openssl program is what people are told to make hashes with.
func TestSHA512CryptIsThatOfOpenssl(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		workbench.Lacks(t, "openssl is not installed")
	}
	for _, plain := range []string{"a", "R3dh4t1!", "pässwörd", strings.Repeat("x", 63), strings.Repeat("y", 64), strings.Repeat("long ", 40)} {
		out, err := exec.Command(openssl, "passwd", "-6", "-salt", "abcdefgh", plain).Output()
		if err != nil {
			t.Fatal(err)
		}
		want := strings.TrimSpace(string(out))
		if got := sha512crypt(plain, "abcdefgh", defaultRounds); got != want {
			t.Errorf("%q: %s, want %s", plain, got, want)
		}
		if !samePassword(plain, want) || samePassword(plain+"x", want) {
			t.Errorf("%q is not recognized", plain)
		}
	}
}

func TestHashPassword(t *testing.T) {
	a, b := hashPassword("R3dh4t1!"), hashPassword("R3dh4t1!")
	if a == b || !samePassword("R3dh4t1!", a) || samePassword("R3dh4t1", a) || !strings.HasPrefix(a, "$6$rounds=100000$") {
		t.Errorf("%s, %s", a, b)
	}
	if hashed, err := checkPassword(a); !hashed || err != nil {
		t.Errorf("%s: %v", a, err)
	}
	for _, hash := range []string{"", "$6$", "$6$rounds=99999999999$a$b", "$6$rounds=x$a$b", "$5$a$b", "plain"} {
		if samePassword("plain", hash) {
			t.Errorf("%q is taken for a hash", hash)
		}
	}
}
