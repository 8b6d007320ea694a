package files

import (
	"bytes"
	"io"
	"mime"
	"path"
	"strings"
	"unicode/utf8"
)

// sniffed is how much of a file without a known extension is looked at.
const sniffed = 512

// contentType returns the media type of a file: by its extension from the table
// below, then from the system's own tables; else text/plain if it begins like
// text in UTF-8, else application/octet-stream.
func contentType(f io.ReaderAt, name string) string {
	ext := strings.ToLower(path.Ext(name))
	if kind := builtin(ext); kind != "" {
		return kind
	}
	if kind := mime.TypeByExtension(ext); kind != "" {
		return kind
	}
	buf := make([]byte, sniffed)
	n, err := f.ReadAt(buf, 0)
	if (err == nil || err == io.EOF) && textual(buf[:n]) {
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}

// textual reports whether p is the beginning of a text in UTF-8.
func textual(p []byte) bool {
	for i := 0; i < utf8.UTFMax && i < len(p) && !utf8.Valid(p); i++ {
		p = p[:len(p)-1] // the last character may have been cut
	}
	return utf8.Valid(p) && bytes.IndexFunc(p, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' && r != '\x1b' || r == 0x7f
	}) < 0
}

// builtin holds the types that a site is made of, so that they do not depend on
// the machine. Text says that it is UTF-8.
func builtin(ext string) string {
	switch ext {
	case ".html", ".htm":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8" // RFC 9239
	case ".txt", ".text", ".log", ".conf", ".ini", ".go", ".mod", ".sum", ".sh", ".toml":
		return "text/plain; charset=utf-8"
	case ".md", ".markdown":
		return "text/markdown; charset=utf-8" // RFC 7763
	case ".csv":
		return "text/csv; charset=utf-8"
	case ".xml":
		return "text/xml; charset=utf-8"
	case ".yaml", ".yml":
		return "application/yaml" // RFC 9512
	case ".json", ".map":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".wasm":
		return "application/wasm"
	case ".pdf":
		return "application/pdf"
	}
	return builtinMedia(ext)
}

func builtinMedia(ext string) string {
	switch ext {
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".gif":
		return "image/gif"
	case ".webp":
		return "image/webp"
	case ".avif":
		return "image/avif"
	case ".ico":
		return "image/vnd.microsoft.icon"
	case ".woff2":
		return "font/woff2"
	case ".woff":
		return "font/woff"
	case ".ttf":
		return "font/ttf"
	case ".mp4":
		return "video/mp4"
	case ".webm":
		return "video/webm"
	case ".mp3":
		return "audio/mpeg"
	case ".ogg":
		return "audio/ogg"
	case ".zip":
		return "application/zip"
	case ".gz":
		return "application/gzip"
	case ".zst":
		return "application/zstd"
	}
	return ""
}
