package localaws

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// Loopback serves HTTP over connections in memory. Clients reach it with
// [Loopback.Dial] where a socket would not do: inside a bubble of
// testing/synctest time moves on only while every goroutine is blocked by
// something of the bubble's own.
type Loopback struct {
	server http.Server
	conns  chan net.Conn
	closed chan struct{}
	close  sync.Once
}

// NewLoopback serves a handler, a [Cloud] for one, until Close.
func NewLoopback(h http.Handler) *Loopback {
	l := &Loopback{server: http.Server{Handler: h, ReadHeaderTimeout: time.Minute}, conns: make(chan net.Conn), closed: make(chan struct{})}
	go func() { _ = l.server.Serve(loopbackListener{l}) }() // it returns http.ErrServerClosed
	return l
}

// Dial makes a connection, whatever address it is asked for.
func (l *Loopback) Dial(ctx context.Context, network, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return newClientEnd(client), nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: network, Addr: client.RemoteAddr(), Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close closes all connections, those in use included. It does not wait for
// the handler: what hangs in a Cloud ends with the Cloud's Close.
func (l *Loopback) Close() {
	l.close.Do(func() {
		close(l.closed)
		_ = l.server.Close()
	})
}

// loopbackListener is a Loopback as its own server sees it.
type loopbackListener struct{ *Loopback }

func (l loopbackListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l loopbackListener) Close() error { return nil }

func (l loopbackListener) Addr() net.Addr { return loopbackAddr{} }

type loopbackAddr struct{}

func (loopbackAddr) Network() string { return "loopback" }
func (loopbackAddr) String() string  { return "loopback" }

// clientEnd is the client's end of a connection. A write does not wait until the
// server has read it, as it would on a bare [net.Pipe]: the answer might then
// arrive before net/http is done with the body of the request, and the SDK
// closes a body that was answered, which net/http takes for an error. So there is
// room for a large body as a whole.
type clientEnd struct {
	net.Conn

	written chan []byte
	closed  chan struct{}
	close   sync.Once
}

func newClientEnd(conn net.Conn) *clientEnd {
	const room = 256 // net/http writes 32 KB at a time
	c := &clientEnd{Conn: conn, written: make(chan []byte, room), closed: make(chan struct{})}
	go c.deliver()
	return c
}

func (c *clientEnd) deliver() {
	for {
		select {
		case b := <-c.written:
			if _, err := c.Conn.Write(b); err != nil {
				return // the reader learns of it
			}
		case <-c.closed:
			return
		}
	}
}

func (c *clientEnd) Write(b []byte) (int, error) {
	select {
	case c.written <- bytes.Clone(b):
		return len(b), nil
	case <-c.closed:
		return 0, net.ErrClosed
	}
}

func (c *clientEnd) Close() error {
	c.close.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
