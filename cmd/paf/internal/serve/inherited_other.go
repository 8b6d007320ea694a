//go:build !linux

package serve

import (
	"os"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// Inherited are the sockets that systemd has handed on, which is of Linux.
type inherited struct{}

func (inherited) open(*sources, string) error {
	return exit.Errorf(exit.Usage, "cannot listen on \"systemd\": that needs Linux")
}

func (inherited) close() {}

// listening would report whether a file is a socket that accepts connections: of others that is not asked.
func listening(*os.File) bool { return false }
