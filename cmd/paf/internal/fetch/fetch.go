// Package fetch is what `paf get` does: it sends one request and hands the
// response on as it arrives.
package fetch

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/cmd/paf/internal/cert"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/semantics"
	"github.com/paf-go/paf/vsock"
)

// Options say what is sent, and what becomes of the response.
type Options struct {
	URL          string
	Method       string       // "" for GET, or POST with Data
	Fields       []string     // "Name: value"; "Name:" takes a field away
	Data         []string     // pieces of content: text, "@FILE" or "@-"
	JSON         bool         // Data is JSON, and JSON is wanted
	Unix         string       // path of a Unix socket to connect to, or "@" and its abstract name
	Vsock        *vsock.Addr  // a machine, or its host, to connect to; nil for none
	Protocol     paf.Protocol // as in paf.Client
	Insecure     bool         // any certificate will do
	CACert       string       // PEM file of the authorities to trust
	MaxRedirects int          // as in paf.Client: negative for none
	Timeout      time.Duration
	Fail         bool   // a status of 400 or more is a failure, without output
	Output       string // file for the content, "" for Stdout
	Head         bool   // print the response's head to Stdout
	Trace        bool   // print all heads to Stderr
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
	second := &trace2{tapped: tapped{to: o.Stderr}, known: o.Protocol == paf.HTTP2}
	client, err := o.client(second)
	if err != nil {
		return err
	}
	defer client.Close()
	if o.Trace {
		request.Options = &paf.SendOptions{Interim: func(status int, fields *paf.Fields) error { second.interim(request, status, fields); return nil }}
	}
	response, err := client.Do(ctx, request)
	if err != nil {
		second.request(request)
		return failure(ctx, err)
	}
	defer response.Body.Close()
	if o.Trace {
		second.response(response)
	}
	if o.Head {
		head := headOf(response)
		if isTerminal(o.Stdout) {
			head = shown("", head)
		}
		if _, err := o.Stdout.Write(head); err != nil {
			return exit.Errorf(exit.Write, "cannot write the head: %w", err)
		}
	}
	if o.Fail && semantics.IsError(response.Status) {
		return exit.Errorf(exit.Status, "the server answered %d %s", response.Status, response.Reason)
	}
	if err := o.save(ctx, response); err != nil {
		return err
	}
	if o.Trace {
		second.trailer(response)
	}
	return nil
}

func (o *Options) client(second *trace2) (*paf.Client, error) {
	var c mimic.Context
	config, err := o.tlsConfig()
	if err != nil {
		return nil, err
	}
	c = mimic.Add(c, paf.TLSConfig, config)
	if o.Unix != "" {
		c = mimic.Add(c, paf.Unix, o.Unix)
	}
	if o.Vsock != nil {
		c = mimic.Add(c, vsock.Stream, *o.Vsock)
	}
	if o.Trace {
		c = traced(c, o.Stderr, second)
	}
	return &paf.Client{Context: c, MaxRedirects: o.MaxRedirects, Protocol: o.Protocol}, nil
}

// tlsConfig returns what of TLS the options ask for.
func (o *Options) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{InsecureSkipVerify: o.Insecure, NextProtos: []string{alpn.H2, alpn.HTTP11}}
	switch o.Protocol {
	case paf.HTTP11:
		config.NextProtos = []string{alpn.HTTP11}
	case paf.HTTP2:
		config.NextProtos = []string{alpn.H2}
	}
	if o.CACert == "" {
		return config, nil
	}
	var err error
	config.RootCAs, _, err = cert.Authorities(o.CACert)
	return config, err
}

// headOf returns the head of a response as HTTP/1.1 would write it.
func headOf(r *paf.Response) []byte {
	reason := r.Reason
	if reason == "" {
		reason = paf.StatusText(r.Status)
	}
	head := fmt.Appendf(nil, "%s %d %s\r\n", r.Protocol, r.Status, reason)
	if r.Protocol == paf.HTTP2 { // which has no reason phrase
		head = fmt.Appendf(nil, "HTTP/2 %d\r\n", r.Status)
	}
	for name, value := range r.Header.All() {
		head = fmt.Appendf(head, "%s: %s\r\n", name, value)
	}
	return append(head, "\r\n"...)
}
