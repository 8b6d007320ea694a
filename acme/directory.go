package acme

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"sync"

	protocol "github.com/mholt/acmez/v3/acme"
)

// A directory is that of a CA (RFC 8555, Section 7.1.1), once it is there: acmez asks for it while it holds a lock of the process, so that a CA which is slow would hold up all
// others. It is asked for before, without a lock, and acmez gets it from here.
type directory struct {
	mu   sync.Mutex
	text []byte
}

func (d *directory) get() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text
}

// reach gets the CA's directory if it is not there yet. Nothing is said to acmez's client before it.
func (i *issuer) reach(ctx context.Context) error {
	if i.directory.get() != nil {
		return nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, i.ca.URL, nil)
	if err != nil {
		return err
	}
	r.Header.Set("User-Agent", i.client.UserAgent)
	resp, err := i.client.HTTPClient.Do(r)
	if err != nil {
		return fmt.Errorf("the CA's directory: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("the CA's directory: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		var p protocol.Problem
		if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind == "application/problem+json" && json.Unmarshal(text, &p) == nil {
			return p
		}
		return fmt.Errorf("the CA's directory: HTTP %d: %.1000s", resp.StatusCode, text)
	}
	var d protocol.Directory
	if err := json.Unmarshal(text, &d); err != nil {
		return fmt.Errorf("the CA's directory is none: %w", err)
	}
	if d.NewNonce == "" || d.NewAccount == "" || d.NewOrder == "" {
		return errors.New("the CA's directory is none: it does not say where accounts and orders are made")
	}
	i.directory.mu.Lock()
	defer i.directory.mu.Unlock()
	i.directory.text = text
	return nil
}

// answerOf is the response of the CA that has sent the directory.
func answerOf(r *http.Request, text []byte) *http.Response {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(text)), ContentLength: int64(len(text)), Request: r,
	}
}
