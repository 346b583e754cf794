package registry

import (
	"context"

	"edge/appliance/event"
)

// move is what happens to a tag; "" is nothing.
type move struct {
	tag           string
	before, after Digest
}

func (s *Store) moved(ctx context.Context, l *layout, moves []move) {
	for _, m := range moves {
		s.record(ctx, l, "tag.moved", m, "")
	}
}

func (s *Store) refused(ctx context.Context, l *layout, m move, why error) {
	s.record(ctx, l, "tag.refused", m, "refused: "+why.Error())
}

func (s *Store) record(ctx context.Context, l *layout, kind string, m move, outcome string) {
	if s.o.Events == nil {
		return
	}
	err := s.o.Events.Record(ctx, event.Event{
		Kind: kind, Subject: l.name + ":" + m.tag, Outcome: outcome,
		Message: digestOrNone(m.before) + " -> " + digestOrNone(m.after),
	})
	if err != nil {
		s.log.Error("recording a tag", "subject", l.name+":"+m.tag, "err", err)
	}
}

func digestOrNone(d Digest) string {
	if d == "" {
		return "none"
	}
	return string(d)
}
