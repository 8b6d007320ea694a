package files

import (
	"errors"
	"html/template"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/pathname"
	"github.com/paf-go/paf/cmd/paf/internal/reply"
	"github.com/paf-go/paf/semantics"
)

// Options change what a Handler serves.
type Options struct {
	Index    bool // list directories that have no index.html
	Dotfiles bool // serve names that begin with a dot too
}

// A Handler serves the files below a root. It is safe for concurrent use.
type Handler struct {
	root    *os.Root
	options Options
	listing *template.Template
}

// New returns a handler for the files below root, which stays the caller's to
// close.
func New(root *os.Root, o Options) *Handler { return &Handler{root, o, listing()} }

// Serve answers one request.
func (h *Handler) Serve(w *paf.ResponseWriter, r *paf.Request) {
	if !reply.Method(w, r, semantics.MethodGet, semantics.MethodHead, semantics.MethodOptions) {
		return
	}
	path := r.Path
	if path == "" && r.Form == semantics.AbsoluteForm {
		path = "/" // "http://host" (RFC 9110, Section 4.2.3)
	}
	names, dir, ok := pathname.Segments(path)
	switch {
	case !ok:
		reply.Status(w, semantics.StatusBadRequest)
	case slices.Contains(names, "") || !h.visible(names):
		reply.Status(w, semantics.StatusNotFound)
	default:
		h.serve(w, r, path, join(names), dir)
	}
}

// visible reports whether no name begins with a dot that may not.
func (h *Handler) visible(names []string) bool {
	for i, name := range names {
		if strings.HasPrefix(name, ".") && !h.options.Dotfiles && !(i == 0 && name == ".well-known") {
			return false
		}
	}
	return true
}

func join(names []string) string {
	if len(names) == 0 {
		return "."
	}
	return strings.Join(names, "/")
}

// serve answers with what name is. dir says that the path ends in a slash.
func (h *Handler) serve(w *paf.ResponseWriter, r *paf.Request, path, name string, dir bool) {
	info, err := h.root.Stat(name)
	switch {
	case err != nil:
		fail(w, err)
	case info.IsDir() && !dir:
		redirect(w, r, path+"/")
	case info.IsDir():
		h.directory(w, r, path, name)
	case info.Mode().IsRegular() && !dir:
		h.file(w, r, name)
	default:
		reply.Status(w, semantics.StatusNotFound)
	}
}

// redirect sends the client to the path of a directory. The path begins with a
// slash and no second one, so that it names no other host (RFC 3986, Section
// 4.2): a path of "//" has been answered before.
func redirect(w *paf.ResponseWriter, r *paf.Request, path string) {
	if r.Query != "" {
		path += "?" + r.Query
	}
	w.Header().Set("Location", path)
	reply.Status(w, semantics.StatusMovedPermanently)
}

func (h *Handler) directory(w *paf.ResponseWriter, r *paf.Request, path, name string) {
	index := join(append(strings.Split(name, "/"), "index.html"))
	info, err := h.root.Stat(index)
	switch {
	case err == nil && info.Mode().IsRegular():
		h.file(w, r, index)
	case h.options.Index:
		h.list(w, r, path, name)
	default:
		reply.Status(w, semantics.StatusNotFound)
	}
}

func (h *Handler) file(w *paf.ResponseWriter, r *paf.Request, name string) {
	f, err := h.root.Open(name)
	if err != nil {
		fail(w, err)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		fail(w, err)
		return
	}
	if !info.Mode().IsRegular() { // replaced since it was looked at
		reply.Status(w, semantics.StatusNotFound)
		return
	}
	send(w, r, f, info)
}

// fail answers for a name that could not be opened: 403 if it may not be, 500
// if this machine is at fault, else 404, which is also the answer to a link that
// leads out.
func fail(w *paf.ResponseWriter, err error) {
	var errno syscall.Errno
	switch {
	case errors.Is(err, fs.ErrPermission):
		reply.Status(w, semantics.StatusForbidden)
	case errors.As(err, &errno) && !absent(errno):
		reply.Status(w, semantics.StatusInternalServerError)
	default:
		reply.Status(w, semantics.StatusNotFound)
	}
}

// absent reports whether the error says that there is no such file.
func absent(errno syscall.Errno) bool {
	switch errno {
	case syscall.ENOENT, syscall.ENOTDIR, syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EINVAL:
		return true
	}
	return errno.Is(fs.ErrNotExist)
}
