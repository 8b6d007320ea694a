//go:build unix

package issue

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/libdns/libdns"
	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// hooked returns what runs a script.
func hooked(t *testing.T, script string) (acme.DNSProvider, *bytes.Buffer) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hook")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	config, err := (&Hook{Program: file}).config(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	return config.Provider, &log
}

func record(value string) []libdns.Record {
	return []libdns.Record{libdns.TXT{Name: "_acme-challenge.example.org", Text: value}}
}

func TestAHookIsRunAsLegoRunsOne(t *testing.T) {
	t.Setenv("PAF_EAB_HMAC", "secret")
	out := filepath.Join(t.TempDir(), "out")
	p, log := hooked(t, `echo "$#" "$@" "[$PAF_EAB_HMAC]" "$(cat)" >>`+out+`; echo it is done`)
	if _, err := p.AppendRecords(t.Context(), ".", record("-VALUE")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.DeleteRecords(t.Context(), ".", record("-VALUE")); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	want := "3 present _acme-challenge.example.org. -VALUE [] \n3 cleanup _acme-challenge.example.org. -VALUE [] \n"
	if string(got) != want || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if !strings.Contains(log.String(), "it is done") {
		t.Errorf("not logged: %s", log)
	}
}

func TestAHookThatFailsSaysWhy(t *testing.T) {
	for script, want := range map[string]string{
		"echo trying; printf 'no \\033[2Jsuch zone\\n' >&2; exit 3": `hook present _acme-challenge.example.org.: exit status 3: no \x1b[2Jsuch zone`,
		"exit 1":        "exit status 1: it has printed nothing",
		"kill -KILL $$": "signal: killed",
		"yes x | head -c 1000000; echo; echo no; exit 1": "exit status 1: no",
	} {
		p, _ := hooked(t, script)
		if _, err := p.AppendRecords(t.Context(), ".", record("VALUE")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", script, err)
		}
	}
	for _, none := range []string{"/none/of/these", "paf-none-of-these"} {
		if _, err := (&Hook{Program: none}).config(nil); exit.CodeOf(err) != exit.Read {
			t.Errorf("%v", err)
		}
	}
}

func TestAHookEndsWithWhatItIsFor(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	if err := syscall.Mkfifo(ready, 0o600); err != nil {
		t.Fatal(err)
	}
	cleaned := ready + ".cleaned"
	p, _ := hooked(t, "[ $1 = cleanup ] && echo $3 >>"+cleaned+" && exit; trap 'exit 0' TERM; echo >"+ready+"; while :; do sleep 0.01; done")
	why := errors.New("the end of it")
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := p.AppendRecords(ctx, ".", record("VALUE"))
		done <- err
	}()
	if _, err := os.ReadFile(ready); err != nil {
		t.Fatal(err)
	}
	waiting, leave := context.WithCancelCause(t.Context())
	leave(why)
	if _, err := p.AppendRecords(waiting, ".", record("VALUE")); !errors.Is(err, why) {
		t.Errorf("whoever waits for the first one: %v", err)
	}
	cancel(why)
	if err := <-done; !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
	if said, err := os.ReadFile(cleaned); string(said) != "VALUE\n" || err != nil { // it may have added the record before it was broken off
		t.Errorf("%q, %v", said, err)
	}
}

func TestAHookRunsOnceAtATime(t *testing.T) {
	lock := filepath.Join(t.TempDir(), "lock")
	p, _ := hooked(t, "mkdir "+lock+" || exit 1; rmdir "+lock)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := p.AppendRecords(t.Context(), ".", record("VALUE")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestResolversHaveThePortOfDNS(t *testing.T) {
	config, err := (&Hook{Program: "sh", Resolvers: []string{"192.0.2.1", "192.0.2.1:54", "::1", "[::1]", "[::1]:54", "ns.test"}}).config(nil)
	want := "192.0.2.1:53 192.0.2.1:54 [::1]:53 [::1]:53 [::1]:54 ns.test:53"
	if err != nil || strings.Join(config.Resolvers, " ") != want {
		t.Errorf("%v, %q", err, config.Resolvers)
	}
}
