package blueprint

import "edge/appliance/toml"

// Customizations is what the text says beyond packages: tables, lists and values as they stand there, but
// for passwords, of which it only tells that they are there.
func (d Document) Customizations() map[string]any {
	root := readStrictly(toml.Decode([]byte(d.Text)))
	custom, _ := root["customizations"].(map[string]any)
	if custom == nil {
		return map[string]any{}
	}
	users, _ := custom["user"].([]any)
	for _, u := range users {
		if user, isTable := u.(map[string]any); isTable && user["password"] != nil {
			user["password"] = hidden
		}
	}
	return custom
}
