// Package manifest turns a blueprint's version into what the program osbuild is to do: which packages of
// which repositories, and the stages that make an OSTree commit of them. Given the packages it is a pure
// function; Solver asks the host's osbuild-depsolve-dnf for them.
//
// It is the only room that knows the library osbuild/images, of which it takes the definitions of
// distributions and the manifests, and leaves the rest: resolvers, downloads, uploads. It runs no build.
//
// Everything else in here needs the build tag containers_image_openpgp: without it the library osbuild/images wants cgo.
package manifest
