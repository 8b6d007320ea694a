package issue

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/cmd/paf/internal/cert"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// A CA is one that is asked for certificates.
type CA struct {
	Directory string // its URL, "production" or "staging" of Let's Encrypt
	Roots     string // a PEM file of those to trust when it is spoken to; "" for the system's

	// An account that is there already (external account binding, RFC 8555, Section 7.3.4): what it is called, a file with its MAC key, or else that key.
	KeyID, MACFile, MACKey string
}

// CAs puts together what the command line says of CAs: lists that have a place for each, in their order, where None is for what a CA does not have.
// The MAC key, if it is not "", is that of the one external account that has no file. The error is for the one who has typed that.
func CAs(directories, roots, keyIDs, macFiles []string, macKey string) ([]CA, error) {
	for _, list := range []struct {
		option string
		values []string
	}{{"--acme-ca-root", roots}, {"--eab-kid", keyIDs}, {"--eab-hmac-file", macFiles}} {
		if len(list.values) > len(directories) {
			return nil, fmt.Errorf("%s is there %d times, and --acme-dir names %s: of several CAs the first has the first, and %q is for one that has none",
				list.option, len(list.values), count(len(directories)), None)
		}
	}
	var all []CA
	keyed := 0
	for n, directory := range directories {
		ca := CA{Directory: directory, Roots: nth(roots, n), KeyID: nth(keyIDs, n), MACFile: nth(macFiles, n)}
		switch {
		case ca.KeyID == "" && ca.MACFile != "":
			return nil, fmt.Errorf("--eab-hmac-file %s has no --eab-kid", ca.MACFile)
		case ca.KeyID != "" && ca.MACFile == "":
			if ca.MACKey = macKey; macKey == "" {
				return nil, fmt.Errorf("--eab-kid %s has no key: give --eab-hmac-file, or set the variable %s", ca.KeyID, MACVariable)
			}
			keyed++
		}
		all = append(all, ca)
	}
	if keyed > 1 {
		return nil, fmt.Errorf("the variable %s has one key, and %d times --eab-kid needs one: give --eab-hmac-file", MACVariable, keyed)
	}
	return all, nil
}

// MACVariable is the variable of the environment that may have the MAC key: on the command line all users of a machine could read it.
const MACVariable = "PAF_EAB_HMAC"

func count(n int) string {
	if n == 1 {
		return "one CA"
	}
	return fmt.Sprintf("%d CAs", n)
}

func nth(list []string, n int) string {
	if n >= len(list) || list[n] == None {
		return ""
	}
	return list[n]
}

// URL returns the CA's directory.
func (ca *CA) URL() string {
	switch ca.Directory {
	case "", "production":
		return acme.LetsEncrypt
	case "staging":
		return acme.LetsEncryptStaging
	}
	return ca.Directory
}

// config returns it as package acme takes it.
func (ca *CA) config() (c acme.CA, err error) {
	c = acme.CA{URL: ca.URL(), KeyID: ca.KeyID}
	if u, err := url.Parse(c.URL); err != nil || u.Scheme != "https" || u.Host == "" {
		return c, exit.Errorf(exit.Usage, "--acme-dir takes a URL of https, staging or production, not %q", c.URL)
	}
	if ca.Roots != "" {
		if c.Roots, _, err = cert.Authorities(ca.Roots); err != nil {
			return c, err
		}
	}
	if ca.KeyID != "" {
		c.MACKey, err = ca.mac()
	}
	return c, err
}

// mac returns the MAC key as RFC 8555 has it, in base64url without padding; CAs show it with padding, too. No error cites it.
func (ca *CA) mac() (string, error) {
	text, where := ca.MACKey, "the variable "+MACVariable
	if ca.MACFile != "" {
		b, err := os.ReadFile(ca.MACFile)
		if err != nil {
			return "", exit.Errorf(exit.Read, "cannot read the key of the account %s: %w", ca.KeyID, err)
		}
		text, where = string(b), ca.MACFile
	}
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	if key, err := base64.RawURLEncoding.DecodeString(text); err != nil || len(key) == 0 {
		return "", exit.Errorf(exit.Usage, "%s holds no key in base64url, as the CA gives it for the account %s (RFC 8555, Section 7.3.4)", where, ca.KeyID)
	}
	return text, nil
}
