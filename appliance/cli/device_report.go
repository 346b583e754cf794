package cli

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"edge/appliance/client"
	"edge/appliance/report"
)

// What a device keeps to report to its builder.
const (
	deviceKey    = "device.key"    // its own; never leaves it
	deviceToken  = "enrol.token"   // until it was used
	deviceSerial = "device.serial" // of the last report
)

// enrolToken takes the token that lets a device in, from the environment or a file: arguments can be read by
// everybody on the host.
func (o *deviceInstallOptions) enrolToken() (string, error) {
	if o.tokenFile != "" {
		return readToken(o.tokenFile)
	}
	return strings.TrimSpace(os.Getenv("APPLIANCE_ENROL_TOKEN")), nil
}

// writeEnrolToken keeps the token for the first report: in a kickstart the device has no name yet.
func writeEnrolToken(root, token string) error {
	file := filepath.Join(root, deviceState, deviceToken)
	err := replaceFile(file, 0o600, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, token)
		return err
	})
	if err != nil {
		return fmt.Errorf("keeping the token for enrolment: %w", err)
	}
	return nil
}

type reportOptions struct {
	*globals
	print bool
}

func newDeviceReport(c console, g *globals) *cobra.Command {
	o := reportOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Send this device's status to its builder",
		Long: "Sign the status with this device's own key and send it to the builder, where \"appliance fleet list\" shows\n" +
			"it. The first report enrols the device with the one-time token that install was given. A builder that\n" +
			"does not answer is no failure: the next report comes.",
		Example: "  appliance device report\n  appliance device report --print     # what would be sent, unsigned",
		Args:    takes(),
		RunE:    action(c, o.run),
	}
	cmd.Flags().BoolVar(&o.print, "print", false, "print what would be sent, and send nothing")
	return cmd
}

func (o *reportOptions) run(ctx context.Context, c console, _ []string) error {
	m, err := thisMachine()
	if err != nil {
		return err
	}
	if o.print {
		st, _ := m.gather(ctx)
		return printJSON(c.out, st)
	}
	if m.profile.Builder == "" {
		return hinted{errors.New("reporting: the profile names no builder"), "set builder = \"http://BUILDER:8080\" in the profile and install again"}
	}
	key, err := report.LoadKey(filepath.Join(deviceState, deviceKey))
	if err != nil {
		return err
	}
	cl, err := client.New(client.Options{Server: m.profile.Builder, UserAgent: "appliance-device/" + buildInfo().Version, HTTP: &http.Client{Timeout: time.Minute}})
	if err != nil {
		return err
	}
	if err := enrol(ctx, c, cl, key); err != nil {
		return quietly(c, err)
	}
	st, _ := m.gather(ctx)
	serial, err := nextSerial(st.Time)
	if err != nil {
		return err
	}
	st.Serial = serial
	signed, err := report.Sign(st, key)
	if err != nil {
		return err
	}
	return quietly(c, cl.PutStatus(ctx, report.ID(key.Public().(ed25519.PublicKey)), signed))
}

// enrol uses the token up, where there is one.
func enrol(ctx context.Context, c console, cl *client.Client, key ed25519.PrivateKey) error {
	file := filepath.Join(deviceState, deviceToken)
	token, err := readToken(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("enrolling: %w", err)
	}
	row, err := cl.Enrol(ctx, report.NewEnrolment(token, host, key))
	if err != nil {
		return fmt.Errorf("enrolling: %w", err)
	}
	if err := os.Remove(file); err != nil {
		return fmt.Errorf("enrolling: %w", err)
	}
	fmt.Fprintf(c.out, "enrolled as %s (%s)\n", row.ID, row.Name)
	return nil
}

// nextSerial remembers the number of the next report before it is sent: it must never be used twice.
func nextSerial(now time.Time) (uint64, error) {
	file := filepath.Join(deviceState, deviceSerial)
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("numbering the report: %w", err)
	}
	last, _ := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64) // a torn file is none: the clock is above it
	next := report.NextSerial(last, now)
	err = replaceFile(file, 0o600, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, next)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("numbering the report: %w", err)
	}
	return next, nil
}

// quietly lets a device go on when its builder is away or busy.
func quietly(c console, err error) error {
	var problem *client.Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &problem) && problem.Status == http.StatusNotFound:
		return hinted{err, "the builder does not know this device: make a token with appliance fleet enrol, and install again with it"}
	case errors.As(err, &problem) && problem.Status < 500 && problem.Status != http.StatusTooManyRequests:
		return err
	case errors.Is(err, context.Canceled):
		return err
	}
	fmt.Fprintf(c.err, "not sent, the next report comes: %s\n", printable(err.Error()))
	return nil
}
