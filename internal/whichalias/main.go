// Command whichalias makes the page "Which alias would this event move?": it asks for
// rules and an event, and shows what lambda-release would do.
//
//	go run ./internal/whichalias which-alias.html
//
// The page is one file without a server. It answers by the program's own code, the
// packages rules and ci, which this command compiles to WebAssembly, together with
// ask.go, and puts into the page.
package main

import (
	"context"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stderr))
}
