package files

import (
	"crypto/rand"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/reply"
	"github.com/paf-go/paf/semantics"
)

// send answers with a file, a part of it, or what its preconditions demand.
func send(w *paf.ResponseWriter, r *paf.Request, f *os.File, info fs.FileInfo) {
	now := time.Now()
	v := semantics.Validator{ETag: etag(info), Modified: info.ModTime()}
	if v.Modified.After(now) {
		v.Modified = now // RFC 9110, Section 8.8.2.1
	}
	w.Header().Set("Accept-Ranges", "bytes")
	if !reply.Current(w, r, v, now) {
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	c := content{f, info.Size(), contentType(f, info.Name())}
	ranges, ok := []semantics.Range(nil), false
	if semantics.RangeApplies(r.Method, &r.Header, v, now) {
		ranges, ok = semantics.ParseRange(r.Header.Get("Range"), c.size)
	}
	switch {
	case !ok || c.size == 0:
		c.whole(w, r)
	case len(ranges) == 0:
		w.Header().Set("Content-Range", semantics.UnsatisfiedRange(c.size))
		reply.Status(w, semantics.StatusRangeNotSatisfiable)
	case len(ranges) == 1:
		c.part(w, ranges[0])
	default:
		c.parts(w, ranges)
	}
}

func etag(info fs.FileInfo) string {
	return fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size())
}

// content is a file as it is sent.
type content struct {
	f    *os.File
	size int64
	kind string // media type
}

func (c content) whole(w *paf.ResponseWriter, r *paf.Request) {
	w.Header().Set("Content-Type", c.kind)
	w.Header().Set("Content-Length", strconv.FormatInt(c.size, 10))
	w.WriteHeader(semantics.StatusOK)
	if r.Method == semantics.MethodGet {
		w.ReadFrom(c.f)
	}
}

func (c content) part(w *paf.ResponseWriter, part semantics.Range) {
	w.Header().Set("Content-Type", c.kind)
	w.Header().Set("Content-Range", part.ContentRange(c.size))
	w.Header().Set("Content-Length", strconv.FormatInt(part.Length, 10))
	if _, err := c.f.Seek(part.Start, io.SeekStart); err != nil {
		reply.Status(w, semantics.StatusInternalServerError)
		return
	}
	w.WriteHeader(semantics.StatusPartialContent)
	w.ReadFrom(c.f) // as much as was declared
}

// parts sends several ranges as multipart/byteranges (RFC 9110, Section 14.6).
func (c content) parts(w *paf.ResponseWriter, parts []semantics.Range) {
	boundary := rand.Text()
	heads := make([]string, len(parts))
	end := "\r\n--" + boundary + "--\r\n"
	length := int64(len(end))
	for i, part := range parts {
		heads[i] = fmt.Sprintf("\r\n--%s\r\nContent-Type: %s\r\nContent-Range: %s\r\n\r\n",
			boundary, c.kind, part.ContentRange(c.size))
		length += int64(len(heads[i])) + part.Length
	}
	w.Header().Set("Content-Type", "multipart/byteranges; boundary="+boundary)
	w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
	w.WriteHeader(semantics.StatusPartialContent)
	for i, part := range parts {
		w.WriteString(heads[i])
		if _, err := c.f.Seek(part.Start, io.SeekStart); err != nil {
			return
		}
		if n, err := w.ReadFrom(io.LimitReader(c.f, part.Length)); err != nil || n != part.Length {
			return
		}
	}
	w.WriteString(end)
}
