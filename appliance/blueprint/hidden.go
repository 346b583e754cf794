package blueprint

import (
	"regexp"

	"edge/appliance/toml"
)

// hidden stands for the hash of a password where it is shown to everybody.
const hidden = "(hidden)"

// Hidden is d without the hashes of passwords. Its text is for people to read.
func (d Document) Hidden() Document {
	values := map[string]string{}
	for _, p := range d.passwords {
		values[p.key] = toml.Quote(hidden)
	}
	text, err := toml.Replace([]byte(d.Text), values)
	if err != nil {
		text = nil // rather nothing than a hash
	}
	d.Text, d.passwords = string(text), nil
	return d
}

// anyHash finds hashes in a text that is not TOML any more. Parse sees to it that it finds all of each.
var anyHash = regexp.MustCompile(`\$[0-9a-z]{1,2}\$[^\s"'\\]+`)

// Hidden is d without the hashes of passwords.
func (d Difference) Hidden() Difference {
	d.Text = anyHash.ReplaceAllLiteralString(d.Text, hidden)
	return d
}
