//go:build !linux

package serve

import "github.com/paf-go/paf/cmd/paf/internal/exit"

// Inherited are the sockets that systemd has handed on, which is of Linux.
type inherited struct{}

func (inherited) open(*sources, string) error {
	return exit.Errorf(exit.Usage, "cannot listen on \"systemd\": that needs Linux")
}

func (inherited) close() {}
