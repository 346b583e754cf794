package registry

// RemoteOptions say how remote registries are reached.
type RemoteOptions struct {
	Allowed    []string // hosts (host[:port]) or host/namespace that may be spoken to; their token hosts are below
	TokenHosts []string // further hosts that may serve tokens or blobs: HOST[:PORT], *.HOST; those of the well-known registries are known
	AuthFile   string   // podman login's; "": REGISTRY_AUTH_FILE, then the usual places
	Config     string   // registries.conf; "": CONTAINERS_REGISTRIES_CONF, then the system's
	CertDir    string   // directory of HOST:PORT/ca.crt folders; "": the system's
	Private    bool     // allowed hosts may resolve to private addresses (loopback and RFC 1918)
}

// Copied is the progress of a copy.
type Copied struct {
	Tag         string
	Done, Total int64 // bytes of the current artifact, Total -1 while unknown
	Skipped     bool  // the destination had it already
}
