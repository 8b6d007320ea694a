//go:build js

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/examples/wasm/api"
)

const mebibyte = 1 << 20

// A trial is one thing that is tried over each way.
type trial struct {
	name, say string
	run       func(ctx context.Context, c *paf.Client, e *entry) error
}

var trials = []trial{
	{"get", "GET /hello", get},
	{"echo", "POST /echo, 1 MiB", echo},
	{"stream", "GET /stream, 8 MiB in pieces", stream},
	{"hundred", "100 requests at once", hundred},
	{"events", "GET /events, sent by the server", events},
}

// ask sends a request and notes what comes back.
func ask(ctx context.Context, c *paf.Client, e *entry, method, path string, content io.Reader) (*paf.Response, error) {
	r, err := paf.NewRequest(method, "http://paf.example"+path, content)
	if err != nil {
		return nil, err
	}
	resp, err := c.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	e.Status, e.Protocol = resp.Status, resp.Protocol.String()
	e.Exchanges++
	if e.Protocol != e.Wanted {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("the response is one of %s", e.Protocol)
	}
	return resp, nil
}

// fetch reads a response whose content has to be that of want.
func fetch(resp *paf.Response, e *entry, want io.Reader) error {
	defer resp.Body.Close()
	got, expected := sha256.New(), sha256.New()
	n, err := io.Copy(got, resp.Body)
	if err != nil {
		return err
	}
	e.Bytes += n
	if _, err := io.Copy(expected, want); err != nil {
		return err
	}
	sum := got.Sum(nil)
	e.Checksum = hex.EncodeToString(sum)
	switch {
	case resp.Status != 200:
		return fmt.Errorf("status %d", resp.Status)
	case !bytes.Equal(sum, expected.Sum(nil)):
		return errors.New("the checksum is wrong")
	}
	return nil
}

func get(ctx context.Context, c *paf.Client, e *entry) error {
	resp, err := ask(ctx, c, e, "GET", "/hello", nil)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	e.Note = strings.TrimSpace(string(text))
	resp.Body = io.NopCloser(bytes.NewReader(text))
	place := map[string]string{"MessagePort": "a Web Worker", "WebSocket": "a Go server"}[e.Flow]
	return fetch(resp, e, strings.NewReader("Hello, this is paf in "+place+".\n"))
}

func echo(ctx context.Context, c *paf.Client, e *entry) error {
	content, _ := io.ReadAll(api.Noise(mebibyte))
	resp, err := ask(ctx, c, e, "POST", "/echo", bytes.NewReader(content))
	if err != nil {
		return err
	}
	e.Bytes += mebibyte
	return fetch(resp, e, bytes.NewReader(content))
}

func stream(ctx context.Context, c *paf.Client, e *entry) error {
	const size = 8 * mebibyte
	begin := time.Now()
	resp, err := ask(ctx, c, e, "GET", "/stream/"+strconv.Itoa(size), nil)
	if err != nil {
		return err
	}
	if err := fetch(resp, e, api.Noise(size)); err != nil {
		return err
	}
	e.Note = fmt.Sprintf("%.0f MiB/s, checksums included", 8/time.Since(begin).Seconds())
	return nil
}

// hundred has a hundred exchanges under way at once: over HTTP/2 all of them on one flow.
func hundred(ctx context.Context, c *paf.Client, e *entry) error {
	own := make([]entry, 100)
	errs := make([]error, len(own))
	var group sync.WaitGroup
	for n := range own {
		group.Go(func() {
			own[n].Wanted = e.Wanted
			resp, err := ask(ctx, c, &own[n], "GET", fmt.Sprint("/square/", n), nil)
			if err == nil {
				err = fetch(resp, &own[n], strings.NewReader(fmt.Sprintln(n*n)))
			}
			errs[n] = err
		})
	}
	group.Wait()
	sum := sha256.New()
	for _, one := range own {
		e.Bytes, e.Exchanges, e.Status, e.Protocol = e.Bytes+one.Bytes, e.Exchanges+one.Exchanges, one.Status, one.Protocol
		fmt.Fprintln(sum, one.Checksum)
	}
	e.Checksum = hex.EncodeToString(sum.Sum(nil))
	if e.Note = "over one flow"; c.Stats().Opened > 1 {
		e.Note = fmt.Sprintf("over %d flows", c.Stats().Opened)
	}
	return errors.Join(errs...)
}

// events reads events as they come: the first must be there before the last is sent.
func events(ctx context.Context, c *paf.Client, e *entry) error {
	resp, err := ask(ctx, c, e, "GET", "/events", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	sum, count, first := sha256.New(), 0, time.Time{}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		fmt.Fprintln(sum, lines.Text())
		e.Bytes += int64(len(lines.Text()) + 1)
		if strings.HasPrefix(lines.Text(), "data:") {
			count++
			if first.IsZero() {
				first = time.Now()
			}
		}
	}
	e.Checksum = hex.EncodeToString(sum.Sum(nil))
	spread := time.Since(first)
	e.Note = fmt.Sprintf("%d events in %d ms", count, spread.Milliseconds())
	switch {
	case lines.Err() != nil:
		return lines.Err()
	case count != 5:
		return fmt.Errorf("%d events", count)
	case spread < 100*time.Millisecond:
		return errors.New("the events came together, not as they were sent")
	}
	return nil
}
