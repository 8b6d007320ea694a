//go:build !js

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A module is the program for the browser, with the JavaScript that starts one of this version of Go.
type module struct {
	wasm, gzipped []byte
	exec          []byte // wasm_exec.js
}

const pagePackage = "github.com/paf-go/paf/examples/wasm/page"

// build builds the module with the go command, which brings wasm_exec.js, too.
func build(ctx context.Context) (*module, error) {
	dir, err := os.MkdirTemp("", "paf-wasm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "paf.wasm")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, pagePackage)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building %s: %w\n%s", pagePackage, err, said)
	}
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	m := &module{}
	if m.exec, err = os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js")); err != nil {
		return nil, err
	}
	if m.wasm, err = os.ReadFile(out); err != nil {
		return nil, err
	}
	m.gzipped = zip(m.wasm)
	return m, nil
}

func zip(p []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = w.Write(p)
	_ = w.Close()
	return b.Bytes()
}
