package cli

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"edge/appliance/client"
	"edge/appliance/report"
)

// actAsDevice is what scripts use in the place of a device, whose key is made from its name:
//
//	device enrol NAME TOKENFILE   with a token that "fleet enrol -o json" printed
//	device report NAME FILE       with a status document without name, time and serial
func actAsDevice(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: device enrol NAME TOKENFILE, device report NAME FILE")
	}
	cl, err := client.New(client.Options{Server: ts.Getenv("APPLIANCE_SERVER")})
	ts.Check(err)
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, args[1])
	key := ed25519.NewKeyFromSeed(seed)
	text := []byte(ts.ReadFile(args[2]))
	if args[0] == "enrol" {
		var token client.NewToken
		ts.Check(json.Unmarshal(text, &token))
		_, err = cl.Enrol(context.Background(), report.NewEnrolment(token.Secret, args[1], key))
	} else {
		err = putStatus(ts, cl, args[1], key, text)
	}
	if err != nil {
		ts.Logf("%v", err)
	}
	if (err != nil) != neg {
		ts.Fatalf("device %v: %v", args, err)
	}
}

func putStatus(ts *testscript.TestScript, cl *client.Client, name string, key ed25519.PrivateKey, text []byte) error {
	var s report.Status
	ts.Check(json.Unmarshal(text, &s))
	now := time.Now()
	s.Name, s.Time, s.Serial = name, now, report.NextSerial(0, now)
	signed, err := report.Sign(s, key)
	ts.Check(err)
	return cl.PutStatus(context.Background(), report.ID(key.Public().(ed25519.PublicKey)), signed)
}
