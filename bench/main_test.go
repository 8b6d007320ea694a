package main

import (
	"os"
	"testing"
)

// TestMain lets the test's program be the children that the runner starts, and makes a site of small files.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && roles[os.Args[1]] != nil {
		main()
		return
	}
	raiseFileLimit()
	quit(makeSite(testSize), 1)
	status := m.Run()
	_ = os.RemoveAll(site)
	os.Exit(status)
}
