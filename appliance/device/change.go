package device

import "io/fs"

// Action is what is done about something that is not as it should be.
type Action string

// Actions.
const (
	Create  Action = "create"
	Update  Action = "update"
	Replace Action = "replace" // what a person wrote is saved as FILE.appliance-save
	Beside  Action = "beside"  // a person edited it: kept, and what we wanted is written to FILE.appliance-new
	Keep    Action = "keep"    // a person edited it: nothing is done
	Remove  Action = "remove"
	Restore Action = "restore" // a line of a foreign file gets its old value back
	Skip    Action = "skip"    // it cannot be done, and all else can
)

// Change is one difference between a plan and a disk.
type Change struct {
	Path   string      `json:"path"`
	Kind   Kind        `json:"kind"`
	Action Action      `json:"action"`
	Owner  string      `json:"owner,omitempty"`
	Mode   fs.FileMode `json:"-"`
	Reason string      `json:"reason,omitempty"`
	Diff   string      `json:"diff,omitempty"` // unified; of text files that everybody may read

	item   Item
	record Record
	data   []byte // for a setting: the whole new file
	stage  Stage
}

// Suffixes of what is left beside a file that a person edited. Nothing that reads folders of settings takes
// such names, and greenboot-rs, which takes every executable file, finds none.
const (
	suffixNew  = ".appliance-new"
	suffixSave = ".appliance-save"
)
