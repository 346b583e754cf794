// Package iso makes boot ISOs out of stock ones without copying them.
//
// A stock ISO is surveyed once: where its boot menus are, in every copy that some firmware reads, where its own
// zero padding is, and how its media check goes up to there. A custom ISO is then a short list of byte ranges over
// it, an Overlay: menus of the same length with our entry first, and a second initrd in the padding that carries
// the kickstart. Nothing moves, so nothing is written; the media check is mended from a checkpoint.
//
// Terms: a base is a stock ISO with its survey; an image is what is made from it for a blueprint; the tail is the
// second initrd. The package does not know what a kickstart says, nor how images are served.
package iso

import "errors"

// Causes.
var (
	ErrNotISO      = errors.New("not an ISO 9660 image")
	ErrTruncated   = errors.New("image is not whole")
	ErrMalformed   = errors.New("malformed image")
	ErrUnsupported = errors.New("image is of a kind that is not understood")
	ErrCustomised  = errors.New("image is customised already")
	ErrNoRoom      = errors.New("no room in the image")
	ErrInvalid     = errors.New("invalid request for an image")
	ErrMismatch    = errors.New("SHA-256 is another one")
	ErrChanged     = errors.New("base has changed since it was added")
	ErrNoBase      = errors.New("no such base ISO")
	ErrUnknown     = errors.New("no such image")
	ErrExists      = errors.New("base exists already")
	ErrNotReady    = errors.New("builder cannot make such an image")
	ErrUnreachable = errors.New("ISO is not reachable")
	ErrNoProgram   = errors.New("a program is missing")
	ErrProgram     = errors.New("a program failed")
)

const (
	sectorSize = 2048 // of ISO 9660
	blockSize  = 512  // of MBR, GPT and El Torito
)
