package fetch

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/typed"
	"github.com/paf-go/paf/semantics"
)

// request makes the request of the options.
func (o *Options) request() (*paf.Request, error) {
	body, length, err := o.content()
	if err != nil {
		return nil, err
	}
	method := o.Method
	switch {
	case method != "":
	case body != nil:
		method = semantics.MethodPost
	default:
		method = semantics.MethodGet
	}
	if err := ofSocket(o.URL); err != nil {
		return nil, err
	}
	r, err := paf.NewRequest(method, typed.URL(o.URL), body)
	if err != nil {
		return nil, unusable(o.URL, err)
	}
	r.Length = length
	r.Header.Add("User-Agent", "paf")
	r.Header.Add("Accept", "*/*")
	switch {
	case o.JSON:
		r.Header.Set("Accept", "application/json")
		r.Header.Add("Content-Type", "application/json")
	case body != nil:
		r.Header.Add("Content-Type", typed.FormType)
	}
	return r, typed.SetFields(&r.Header, o.Fields)
}

// ofSocket says what is right if a URL is the address of a Unix socket, as `paf serve` prints it.
func ofSocket(typed string) error {
	path, is := strings.CutPrefix(typed, "unix:")
	path = strings.TrimPrefix(path, "//")
	if !is || path == "" || !strings.Contains("/@.", path[:1]) { // "unix" may be a host
		return nil
	}
	host := strings.ReplaceAll(url.PathEscape(path), "@", "%40")
	return exit.Errorf(exit.URL, "%q is no URL; did you mean \"http+unix://%s/\", or \"--unix %s http://localhost/\"?", typed, host, path)
}

// unusable is the error of a URL that cannot be used, as it was typed, unless there may be a password in it.
func unusable(typed string, err error) error {
	if wrong := new(paf.URLError); errors.As(err, &wrong) && !strings.Contains(typed, "@") {
		return exit.Errorf(exit.URL, "%w", &paf.URLError{URL: typed, Err: wrong.Err})
	}
	return exit.Errorf(exit.URL, "%w", err)
}

// content returns what is to be sent and its length, -1 if only its end will
// tell. Several pieces are joined by "&", as the fields of a form.
func (o *Options) content() (body io.Reader, length int64, err error) {
	if len(o.Data) == 0 {
		return nil, 0, nil
	}
	if !anyFile(o.Data) {
		text := strings.Join(o.Data, o.separator())
		return strings.NewReader(text), int64(len(text)), nil
	}
	if len(o.Data) == 1 {
		return o.open(o.Data[0])
	}
	var parts []io.Reader
	for i, piece := range o.Data {
		if i > 0 {
			parts = append(parts, strings.NewReader(o.separator()))
			length = add(length, int64(len(o.separator())))
		}
		r, n, err := o.open(piece)
		if err != nil {
			return nil, 0, err
		}
		parts = append(parts, r)
		length = add(length, n)
	}
	return io.MultiReader(parts...), length, nil
}

func (o *Options) separator() string {
	if o.JSON {
		return ""
	}
	return "&"
}

func anyFile(data []string) bool {
	for _, piece := range data {
		if strings.HasPrefix(piece, "@") {
			return true
		}
	}
	return false
}

// add adds lengths of which either may be unknown.
func add(a, b int64) int64 {
	if a < 0 || b < 0 {
		return -1
	}
	return a + b
}

// open returns one piece of content.
func (o *Options) open(piece string) (io.Reader, int64, error) {
	name, file := strings.CutPrefix(piece, "@")
	if !file {
		return strings.NewReader(piece), int64(len(piece)), nil
	}
	if name == "-" {
		return reader{o.Stdin}, -1, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, exit.Errorf(exit.Read, "cannot read the content: %w", err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = fmt.Errorf("%s is a directory", name)
	case info.Mode().IsRegular() && info.Size() == 0:
		f.Close()
		return strings.NewReader(""), 0, nil
	case info.Mode().IsRegular():
		return f, info.Size(), nil
	default: // a pipe, or a device
		return f, -1, nil
	}
	f.Close()
	return nil, 0, exit.Errorf(exit.Read, "cannot read the content: %w", err)
}

// A reader is nothing but a reader: standard input is neither closed nor read
// a second time.
type reader struct{ r io.Reader }

func (r reader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		err = exit.Errorf(exit.Read, "cannot read the content: %w", err)
	}
	return n, err
}
