// Package app conducts the container applications of a builder: which image an app is, where it
// lives, which tags it has, and moving a tag, back and forth, with its history. It speaks no HTTP
// and knows no registry protocol.
package app

import (
	"errors"
	"time"

	"edge/appliance/registry"
)

// Causes.
var (
	ErrUnknown  = errors.New("no such app")
	ErrNoUndo   = errors.New("nothing to undo")
	ErrNoMirror = errors.New("app has no source to mirror")
)

// Kinds of moves.
const (
	Retagged = "retag"
	Undone   = "undo"
	Pushed   = "push"   // by a client of the registry
	Copied   = "mirror" // together with its image, from the app's source
)

// App is one application, as [[app]] in appliance.toml says or as the samples bring it.
type App struct {
	Name   string `json:"name"`             // 2048
	Image  string `json:"image"`            // "2048" in the embedded registry, or HOST/REPOSITORY
	Source string `json:"source,omitempty"` // HOST/REPOSITORY to mirror from
	Tag    string `json:"tag"`              // the followed one: prod
	Unit   string `json:"unit,omitempty"`   // app1
	Port   int    `json:"port,omitempty"`
	Cold   bool   `json:"cold,omitempty"`
}

// Tag is one tag at a glance.
type Tag struct {
	Name      string          `json:"name"`
	Digest    registry.Digest `json:"digest"`
	MediaType string          `json:"media_type"`
	Platforms []string        `json:"platforms"` // linux/amd64, …; empty where unknown
	Size      int64           `json:"size"`      // bytes to pull for the first platform
	Created   *time.Time      `json:"created,omitempty"`
	SameAs    []string        `json:"same_as"` // other tags with the same digest
	Immutable bool            `json:"immutable"`
	Followed  bool            `json:"followed"` // devices follow it
}

// Summary is an app with what it follows now.
type Summary struct {
	App
	Digest registry.Digest `json:"digest,omitempty"`
	SameAs []string        `json:"same_as,omitempty"` // v1
	Tags   int             `json:"tags"`
	Fault  string          `json:"fault,omitempty"` // why the registry could not be asked
}

// Retagging asks for a tag to be moved.
type Retagging struct {
	From   string          `json:"from"`             // tag or digest
	To     string          `json:"to"`               // "": the followed tag
	Expect registry.Digest `json:"expect,omitempty"` // what To must name now
	DryRun bool            `json:"dry_run,omitempty"`
}

// Move is what a retag or undo did, and a line of the history.
type Move struct {
	Time    time.Time       `json:"time"`
	App     string          `json:"app"`
	From    string          `json:"from"`
	To      string          `json:"to"`
	Before  registry.Digest `json:"before,omitempty"` // "" where the tag is new
	After   registry.Digest `json:"after"`
	Actor   string          `json:"actor,omitempty"`
	Kind    string          `json:"kind"`    // "retag", "undo", "push", "mirror"
	Changed bool            `json:"changed"` // false: it was so already, nothing was written
	Exact   bool            `json:"exact"`   // precondition and write were one step; else checked, written, verified
	DryRun  bool            `json:"dry_run,omitempty"`
}

// Mirrored is what Mirror did.
type Mirrored struct {
	App     string   `json:"app"`
	From    string   `json:"from"`
	To      string   `json:"to"`
	Copied  []string `json:"copied"`  // tags
	Skipped []string `json:"skipped"` // already the same
	Kept    []string `json:"kept"`    // followed and moved here since: left alone
}
