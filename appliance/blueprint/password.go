package blueprint

import (
	"crypto/rand"
	"crypto/sha512"
	"crypto/subtle"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// hashForms are hashes of crypt(3) that osbuild hands on as they are: SHA-512, SHA-256, bcrypt. Salts
// are of what programs make them of: crypt(3) takes more, which TOML and JSON would write in other ways.
var hashForms = regexp.MustCompile(`^(\$6\$(rounds=[0-9]+\$)?[./0-9A-Za-z_@+=,-]{1,16}\$[./0-9A-Za-z]{86}|` +
	`\$5\$(rounds=[0-9]+\$)?[./0-9A-Za-z_@+=,-]{1,16}\$[./0-9A-Za-z]{43}|\$2b\$[0-9]{2}\$[./0-9A-Za-z]{53})$`)

// maxPassword bounds what is hashed: the time grows with the length.
const maxPassword = 256

// checkPassword tells a hash from a plain password. Its errors never quote the password.
func checkPassword(s string) (hashed bool, err error) {
	switch {
	case hashForms.MatchString(s):
		return true, nil
	case s == hidden:
		return false, errors.New("this stands for a hash that was not shown; get the text with the token: appliance blueprint show NAME --toml")
	case s == "" || strings.Trim(s, "!*x") == "":
		return false, errors.New("an account that is locked has no password: leave the key out")
	case strings.HasPrefix(s, "$"):
		return false, errors.New("the hash is not whole, or of a kind that osbuild does not take: make one with: openssl passwd -6")
	case len(s) > maxPassword, strings.ContainsAny(s, "\n\r"):
		return false, fmt.Errorf("want one line of at most %d bytes", maxPassword)
	}
	return false, nil
}

// hashRounds is twenty times what crypt(3) does by itself: blueprints travel, and with them the hashes.
const hashRounds = 100_000

// hashPassword makes a hash with a new salt.
func hashPassword(plain string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	for i, b := range salt {
		salt[i] = alphabet[b&63]
	}
	return sha512crypt(plain, string(salt), hashRounds)
}

// samePassword tells whether a SHA-512 hash is that of a plain password.
func samePassword(plain, hash string) bool {
	parts := strings.Split(hash, "$")
	rounds := defaultRounds
	if len(parts) == 5 {
		n, err := strconv.Atoi(strings.TrimPrefix(parts[2], "rounds="))
		if err != nil || n > maxRounds {
			return false
		}
		rounds = n
	}
	if len(parts) < 4 || parts[1] != "6" {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(sha512crypt(plain, parts[len(parts)-2], rounds)), []byte(hash)) == 1
}

const (
	alphabet      = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	defaultRounds = 5000
	minRounds     = 1000
	maxRounds     = 1_000_000 // beyond this a push would wait for seconds
)

// sha512crypt is crypt(3) with "$6$" (Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512").
func sha512crypt(plain, salt string, rounds int) string {
	rounds = max(rounds, minRounds)
	p, s := []byte(plain), []byte(salt)
	b := sha512.New()
	b.Write(p)
	b.Write(s)
	b.Write(p)
	second := b.Sum(nil)
	a := sha512.New()
	a.Write(p)
	a.Write(s)
	a.Write(stretch(second, len(p)))
	for n := len(p); n > 0; n >>= 1 {
		if n&1 != 0 {
			a.Write(second)
		} else {
			a.Write(p)
		}
	}
	sum := a.Sum(nil)
	dp, ds := sha512.New(), sha512.New()
	for range len(p) {
		dp.Write(p)
	}
	for range 16 + int(sum[0]) {
		ds.Write(s)
	}
	p, s = stretch(dp.Sum(nil), len(p)), stretch(ds.Sum(nil), len(s))
	for i := range rounds {
		c := sha512.New()
		c.Write(either(i%2 == 1, p, sum))
		c.Write(either(i%3 != 0, s, nil))
		c.Write(either(i%7 != 0, p, nil))
		c.Write(either(i%2 == 1, sum, p))
		sum = c.Sum(sum[:0:0])
	}
	head := "$6$"
	if rounds != defaultRounds {
		head += "rounds=" + strconv.Itoa(rounds) + "$"
	}
	return head + salt + "$" + encode64(sum)
}

func either(first bool, a, b []byte) []byte {
	if first {
		return a
	}
	return b
}

// stretch repeats a sum up to a length.
func stretch(sum []byte, n int) []byte {
	out := make([]byte, 0, n)
	for len(out) < n {
		out = append(out, sum[:min(len(sum), n-len(out))]...)
	}
	return out
}

// encode64 writes 64 bytes in the order of that paper: each group of three begins 21 further on.
func encode64(sum []byte) string {
	var out strings.Builder
	write := func(n uint, digits int) {
		for range digits {
			out.WriteByte(alphabet[n&63])
			n >>= 6
		}
	}
	x, y, z := 0, 21, 42
	for range 21 {
		write(uint(sum[x])<<16|uint(sum[y])<<8|uint(sum[z]), 4)
		x, y, z = y+1, z+1, x+1
	}
	write(uint(sum[63]), 2)
	return out.String()
}
