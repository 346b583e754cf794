package cli

import (
	"context"
	"io"
	"strings"
	"sync"

	"edge/appliance/client"
)

// watch shows the progress that the server reports of a work on subject, until the function it
// returns is called, once or more. It is best effort: the work's own answer says how it ended.
func watch(ctx context.Context, cl *client.Client, bar *progress, kind, subject string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	status, err := cl.Status(ctx)
	if err != nil {
		return cancel
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e, err := range cl.Events(ctx, client.Following{After: status.EventsLastID, Follow: true}) {
			if err != nil {
				return
			}
			if e.Kind == kind && e.Subject == subject {
				stage, unit, _ := strings.Cut(e.Message, " ") // "reading bytes", "closure objects"
				amount := formatCount
				if unit == "bytes" {
					amount = formatSize
				}
				bar.Stage(stage, amount)
				bar.Set(int64(e.Done), int64(e.Total))
			}
		}
	}()
	return sync.OnceFunc(func() {
		cancel()
		<-done
		bar.End()
	})
}

// endFirst ends a progress before the first word is printed.
type endFirst struct {
	io.Writer
	end func()
}

func (w *endFirst) Write(p []byte) (int, error) {
	w.end()
	return w.Writer.Write(p)
}
