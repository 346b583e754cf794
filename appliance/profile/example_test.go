package profile_test

import (
	"fmt"

	"edge/appliance/profile"
)

// testdata/full.toml shows every key with a comment; this is a short profile.
func ExampleParse() {
	p, err := profile.Parse([]byte(`
user = "admin"

[updates]
every = "30s"

[[app]]
name = "2048"
unit = "app1"
image = "builder.example:8080/2048:prod"
port = 8081

[[app]]
name = "simple-http"
unit = "httpd"
image = "builder.example:8080/simple-http:prod"
port = 8080
cold = true

[[check]]
name = "git"
kind = "command"
command = ["git", "--help"]
`), "device.toml")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range p.Apps {
		fmt.Println(a.Service(), a.Image, a.Backend())
	}
	_, err = profile.Parse([]byte("user = \"root\"\n[os]\nupdates = \"sometimes\"\n"), "device.toml")
	fmt.Println(err)
	// Output:
	// container-app1.service builder.example:8080/2048:prod 8081
	// container-httpd.service builder.example:8080/simple-http:prod 18080
	// invalid device profile: 2 faults in "device.toml"
	//   device.toml:1:1: user: apps do not run as root: name an ordinary user, such as admin
	//   device.toml:3:1: os.updates: want one of "off", "check", "stage", "window", "now", not "sometimes"
}
