package proxying

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ReadFile reads a Config from a file: YAML, whose keys are the names of the options.
func ReadFile(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, wrong("cannot read the configuration: %w", err)
	}
	c, err := parse(text)
	if err != nil {
		return nil, wrong("%s: %s", path, said(err))
	}
	c.File = path
	return c, nil
}

func parse(text []byte) (*Config, error) {
	c := Default()
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(c); err != nil && err != io.EOF {
		return nil, err
	}
	if err := d.Decode(new(yaml.Node)); err != io.EOF {
		return nil, errors.New("the file has more than one document")
	}
	// Now that it is known to be right, sites are read once more, each on top of what holds for all.
	var again struct{ Sites []yaml.Node }
	if err := yaml.Unmarshal(text, &again); err != nil {
		return nil, err
	}
	for i := range again.Sites {
		c.Sites[i] = Site{Passing: c.Passing}
		if err := again.Sites[i].Decode(&c.Sites[i]); err != nil {
			return nil, err
		}
		if len(c.Sites[i].Name) == 0 {
			return nil, &yaml.TypeError{Errors: []string{lineOf(&again.Sites[i]) + "a site needs a name"}}
		}
	}
	return c, nil
}

func lineOf(n *yaml.Node) string { return fmt.Sprintf("line %d: ", n.Line) }

var (
	unknown = regexp.MustCompile(`field (\S+) not found in type (\S+)`)
	already = regexp.MustCompile(`mapping key "(.*)" already defined at line (\d+)`)
	unfit   = regexp.MustCompile("cannot unmarshal (\\S+) (`.*` )?into (\\S+)")
)

// said returns an error of the library in the words of this program.
func said(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	var several *yaml.TypeError
	if errors.As(err, &several) {
		text = strings.Join(several.Errors, "; ")
	}
	text = unknown.ReplaceAllStringFunc(text, func(s string) string {
		m := unknown.FindStringSubmatch(s)
		of := ""
		if strings.HasSuffix(m[2], ".Site") {
			of = " of a site"
		}
		return `there is no option "` + m[1] + `"` + of
	})
	text = already.ReplaceAllString(text, `"$1" has been said at line $2 already`)
	return unfit.ReplaceAllStringFunc(text, func(s string) string {
		m := unfit.FindStringSubmatch(s)
		return "this value does not belong here: " + strings.TrimPrefix(m[1], "!!") + " " + strings.TrimSpace(m[2])
	})
}
