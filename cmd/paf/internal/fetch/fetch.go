// Package fetch is what `paf get` does: it sends one request and hands the
// response on as it arrives.
package fetch

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/semantics"
)

// Options say what is sent, and what becomes of the response.
type Options struct {
	URL          string
	Method       string   // "" for GET, or POST with Data
	Fields       []string // "Name: value"; "Name:" takes a field away
	Data         []string // pieces of content: text, "@FILE" or "@-"
	JSON         bool     // Data is JSON, and JSON is wanted
	Unix         string   // path of a Unix socket to connect to
	MaxRedirects int      // as in paf.Client: negative for none
	Timeout      time.Duration
	Fail         bool   // a status of 400 or more is a failure, without output
	Output       string // file for the content, "" for Stdout
	Head         bool   // print the response's head to Stdout
	Trace        bool   // print both heads to Stderr as they are on the wire
	Silent       bool   // no progress

	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Run sends the request. Its errors carry an exit status (see package exit); those
// that come of ctx are its cause.
func Run(ctx context.Context, o Options) error {
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.Timeout,
			exit.Errorf(exit.Timeout, "time is up after %v", o.Timeout))
		defer cancel()
	}
	request, err := o.request()
	if err != nil {
		return err
	}
	client := o.client()
	defer client.Close()
	response, err := client.Do(ctx, request)
	if err != nil {
		return failure(ctx, err)
	}
	defer response.Body.Close()
	if o.Head {
		if _, err := io.WriteString(o.Stdout, headOf(response)); err != nil {
			return exit.Errorf(exit.Write, "cannot write the head: %w", err)
		}
	}
	if o.Fail && semantics.IsError(response.Status) {
		return exit.Errorf(exit.Status, "the server answered %d %s", response.Status, response.Reason)
	}
	return o.save(ctx, response)
}

func (o *Options) client() *paf.Client {
	var c mimic.Context
	if o.Unix != "" {
		c = mimic.Add(c, paf.Unix, o.Unix)
	}
	if o.Trace {
		c = traced(c, o.Stderr)
	}
	return &paf.Client{Context: c, MaxRedirects: o.MaxRedirects}
}

// headOf returns the head of a response as HTTP/1.1 would write it.
func headOf(r *paf.Response) string {
	reason := r.Reason
	if reason == "" {
		reason = paf.StatusText(r.Status)
	}
	head := fmt.Appendf(nil, "%s %d %s\r\n", r.Protocol, r.Status, reason)
	for name, value := range r.Header.All() {
		head = fmt.Appendf(head, "%s: %s\r\n", name, value)
	}
	return string(head) + "\r\n"
}
