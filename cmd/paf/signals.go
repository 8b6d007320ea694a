package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// untilSignal returns a context that ends with the first SIGINT or SIGTERM; its
// cause then carries the exit status. A second signal ends the program at once.
func untilSignal(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case s := <-signals:
			cancel(exit.Errorf(statusOf(s), "ended by a signal: %v", s))
		case <-done:
			return
		}
		select {
		case s := <-signals:
			os.Exit(int(statusOf(s)))
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}

func statusOf(s os.Signal) exit.Code {
	if n, ok := s.(syscall.Signal); ok {
		return exit.Signal + exit.Code(n)
	}
	return exit.Signal + 2
}
