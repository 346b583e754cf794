package event

import "context"

type actorKey struct{}

// WithActor returns a context that says who acts, for Record: an address, a
// user agent, "serve --sample".
func WithActor(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// Actor is what WithActor put into ctx, or "".
func Actor(ctx context.Context) string {
	actor, _ := ctx.Value(actorKey{}).(string)
	return actor
}
