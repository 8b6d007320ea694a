// Package typed is what whoever types a command says of the requests that it sends.
package typed

import (
	"strings"

	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/semantics"
)

// FormType is the Content-Type of content that was typed and of which nothing else is said, as curl's --data has it: pieces that are joined by "&" are those of
// a form.
const FormType = "application/x-www-form-urlencoded"

// URL returns a URL with a scheme: http if it has none.
func URL(url string) string {
	scheme, _, ok := strings.Cut(url, "://")
	if !ok || strings.ContainsAny(scheme, "/?#") {
		return "http://" + url
	}
	return url
}

// SetFields applies lines as "Name: value" to fields; "Name:" leaves one out that would be sent. Several of one name are all sent; they replace what would be
// sent otherwise.
func SetFields(fields *semantics.Fields, lines []string) error {
	given := map[string]bool{}
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		value = semantics.TrimSpace(value)
		switch {
		case !ok:
			return exit.Errorf(exit.Usage, "the field %q has no colon; a field is \"Name: value\"", line)
		case !semantics.ValidName(name):
			return exit.Errorf(exit.Usage, "%q is not the name of a field", name)
		case !semantics.ValidValue(value):
			return exit.Errorf(exit.Usage, "the value of the field %q has characters that none may have", name)
		case framing(name):
			return exit.Errorf(exit.Usage, "the field %q cannot be set: it belongs to how a message is sent, which is not the sender's choice", name)
		}
		if key := strings.ToLower(name); !given[key] {
			given[key] = true
			fields.Del(name)
		}
		if value != "" {
			fields.Add(name, value)
		}
	}
	return nil
}

// framing reports whether a field is the engines' alone, who send what is true and leave out what was set. Connection is, too, but they mind what it says; TE
// may be sent over HTTP/2.
func framing(name string) bool {
	switch {
	case semantics.EqualFold(name, "connection"), semantics.EqualFold(name, "te"):
		return false
	}
	return semantics.ConnectionSpecific(name) || semantics.EqualFold(name, "content-length")
}
