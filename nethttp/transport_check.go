package nethttp

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/paf-go/paf/semantics"
)

// This file is what makes a request one that cannot be sent.

// check reports what no RoundTripper could send.
func check(r *http.Request) error {
	switch {
	case r.URL == nil:
		return errors.New("http: nil Request.URL")
	case r.Header == nil:
		return errors.New("http: nil Request.Header")
	case r.URL.Scheme != "http" && r.URL.Scheme != "https":
		return nil
	}
	if err := checkFields("header", r.Header); err != nil {
		return err
	}
	return checkFields("trailer", r.Trailer)
}

// checkHTTP reports what HTTP could not send.
func checkHTTP(r *http.Request) error {
	switch {
	case r.URL.Scheme != "http" && r.URL.Scheme != "https":
		return fmt.Errorf("unsupported protocol scheme %q", r.URL.Scheme)
	case r.Method != "" && !semantics.ValidName(r.Method):
		return fmt.Errorf("net/http: invalid method %q", r.Method)
	case r.URL.Host == "":
		return errors.New("http: no Host in request URL")
	}
	return nil
}

// checkFields reports the first field that could not be sent; values are not told, they may be secrets.
func checkFields(section string, h http.Header) error {
	for name, values := range h {
		if !semantics.ValidName(name) {
			return fmt.Errorf("net/http: invalid %s field name %q", section, name)
		}
		for _, v := range values {
			if !validValue(v) {
				return fmt.Errorf("net/http: invalid %s field value for %q", section, name)
			}
		}
	}
	return nil
}

// validValue reports whether a value may be sent, when white space around it has been taken away.
func validValue(v string) bool {
	for i := 0; i < len(v); i++ {
		if c := v[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}
