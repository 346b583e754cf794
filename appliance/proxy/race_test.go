//go:build race

package proxy

// raced says that the race detector takes memory of its own.
const raced = true
