// Package osbuild composes with the program osbuild: it has a manifest made, checks it against the program
// that is installed, runs the build outside of this process's life and follows it by the files that it
// writes. A process that is started anew takes up a build that went on meanwhile.
//
// It knows nothing of releases and stores nothing but in the folder of an order and osbuild's own store.
//
// Everything else in here needs the build tag containers_image_openpgp: without it the library osbuild/images wants cgo.
package osbuild
