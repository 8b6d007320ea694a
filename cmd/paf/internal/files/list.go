package files

import (
	"errors"
	"html/template"
	"io"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/semantics"
)

// maxEntries bounds a listing, and with it what a request of a few bytes can make the server do: every entry is looked
// at. What is beyond is left out, and the page says so.
const maxEntries = 1000

// An entry is one line of a listing.
type entry struct {
	Name, Href, Size, Time string
}

// A page is what the template below is given.
type page struct {
	Path    string
	Up      bool
	Entries []entry
	More    bool
}

// list answers with the entries of a directory that could be served: names that
// Serve would not find are left out. On HEAD they are not read: "a server MAY omit
// header fields for which a value is determined only while generating the content"
// (RFC 9110, Section 9.3.2), as Content-Length is here.
func (h *Handler) list(w *paf.ResponseWriter, r *paf.Request, path, name string) {
	dir, err := h.root.Open(name)
	if err != nil {
		fail(w, err)
		return
	}
	defer dir.Close()
	head := w.Header()
	var b strings.Builder
	if r.Method == semantics.MethodGet {
		if err := h.write(&b, dir, path, name); err != nil {
			fail(w, err)
			return
		}
		head.Set("Content-Length", strconv.Itoa(b.Len()))
	}
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	head.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(semantics.StatusOK)
	w.WriteString(b.String())
}

// write writes the page of a directory.
func (h *Handler) write(to io.Writer, dir *os.File, path, name string) (err error) {
	p := page{Path: path, Up: name != "."}
	if decoded, err := url.PathUnescape(path); err == nil {
		p.Path = strings.ToValidUTF8(decoded, "\uFFFD")
	}
	if p.Entries, p.More, err = h.entries(dir, name); err != nil {
		return err
	}
	return h.listing.Execute(to, p)
}

func (h *Handler) entries(dir *os.File, name string) (list []entry, more bool, err error) {
	found, err := dir.ReadDir(maxEntries + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	if more = len(found) > maxEntries; more {
		found = found[:maxEntries]
	}
	slices.SortFunc(found, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, d := range found {
		if e, ok := h.entry(name, d.Name()); ok {
			list = append(list, e)
		}
	}
	return list, more, nil
}

// entry looks at a name through the root, so that a link is what it leads to,
// and nothing if it leads out.
func (h *Handler) entry(dir, name string) (e entry, ok bool) {
	full := strings.TrimPrefix(dir+"/"+name, "./")
	if !h.visible(strings.Split(full, "/")) || strings.ContainsFunc(name, hidden) {
		return e, false
	}
	info, err := h.root.Stat(full)
	if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
		return e, false
	}
	e = entry{
		Name: strings.ToValidUTF8(name, "\uFFFD"),
		// "./" keeps a colon in the name from making it a scheme (RFC 3986,
		// Section 4.2).
		Href: "./" + url.PathEscape(name),
		Size: strconv.FormatInt(info.Size(), 10),
		Time: info.ModTime().UTC().Format("2006-01-02 15:04"),
	}
	if info.IsDir() {
		e.Name, e.Href, e.Size = e.Name+"/", e.Href+"/", ""
	}
	return e, true
}

// hidden reports whether a name with r in it cannot be asked for.
func hidden(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }

// listing parses the template of a page: once for a Handler, as it costs more than a short page does.
func listing() *template.Template {
	return template.Must(template.New("listing").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Path}}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem; color: #222; background: #fff }
h1 { font-size: 1.2rem }
td { padding: 0 2rem 0 0 }
td.n { text-align: right; font-variant-numeric: tabular-nums }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } a { color: #8ab4f8 } }
</style>
<h1>{{.Path}}</h1>
<table>
{{if .Up}}<tr><td><a href="../">../</a><td><td>
{{end}}{{range .Entries}}<tr><td><a href="{{.Href}}">{{.Name}}</a><td class="n">{{.Size}}<td class="n">{{.Time}}
{{end}}</table>
{{if .More}}<p>There are more entries, which are not shown.
{{end}}</html>
`))
}
