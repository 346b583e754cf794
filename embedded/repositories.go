package embedded

import _ "embed"

//go:embed repositories.json.gz
var repositories []byte

// Repositories are the package repositories of the distributions that can be composed: gzip over a JSON
// object of osbuild-composer's repository files by distribution. They come from osbuild/images; a test of
// the room that reads them renews them with UPDATE=1.
func Repositories() []byte { return repositories }
