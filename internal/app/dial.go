package app

import (
	"context"
	"net"
)

// Dial makes a connection, as a net.Dialer does.
type Dial func(ctx context.Context, network, addr string) (net.Conn, error)

type dialKey struct{}

// WithDial is ctx for a Run whose connections to AWS a Dial makes. In memory, a shift
// of an hour can run in virtual time.
func WithDial(ctx context.Context, dial Dial) context.Context {
	return context.WithValue(ctx, dialKey{}, dial)
}

// dialOf is the Dial of a context, nil for the network.
func dialOf(ctx context.Context) Dial {
	dial, _ := ctx.Value(dialKey{}).(Dial)
	return dial
}
