package proxying

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/reply"
	"github.com/paf-go/paf/cmd/paf/internal/serve"
	"github.com/paf-go/paf/proxy"
	"github.com/paf-go/paf/semantics"
)

// logger makes a logger of a form. In JSON times are numbers of seconds.
func logger(form string, w io.Writer) *slog.Logger {
	if form == "json" {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Value.Kind() == slog.KindDuration {
				a.Value = slog.Float64Value(a.Value.Duration().Seconds())
			}
			return a
		}}))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

// line writes the line of a request; in is nil for what could not be read.
func (r *Runner) line(w *paf.ResponseWriter, in *paf.Request, report *proxy.Report) {
	if r.now.Load().quiet {
		return
	}
	method, target, peer, written, status := "-", "-", "-", w.Written(), w.Status()
	if in != nil {
		if method, target = in.Method, in.Raw; target == "" || target[0] == '/' || target[0] == '*' {
			target = in.URL()
		}
		if method == semantics.MethodHead {
			written = 0 // counted, not sent
		}
		peer = serve.Peer(in.Peer())
	}
	written += report.Tunnelled
	if in != nil && report.Err != nil && w.Written() == 0 && !errors.As(report.Err, new(*proxy.Error)) && !tunnelled(in, status) {
		status = 0 // the client has gone before it was answered
	}
	level, more := slog.LevelInfo, make([]slog.Attr, 0, 14)
	more = append(more, slog.String("method", method), slog.String("target", target), slog.Int("status", status),
		slog.Int64("bytes", written), slog.Duration("took", report.Took), slog.String("peer", peer))
	if in != nil {
		more = append(more, slog.String("protocol", in.Protocol.String()))
	}
	if report.User != "" {
		more = append(more, slog.String("user", report.User))
	}
	if report.Tunnelled > 0 {
		more = append(more, slog.Int64("up", report.Uploaded), slog.Int64("down", report.Tunnelled-report.Uploaded))
	}
	if report.Upstream != "" {
		more = append(more, slog.String("upstream", report.Upstream))
	}
	if report.Tries > 1 {
		more = append(more, slog.Int("tries", report.Tries))
	}
	if report.Err != nil {
		level = slog.LevelWarn
		more = append(more, slog.String("error", report.Err.Error()))
	}
	r.lines.LogAttrs(context.Background(), level, "request", more...)
}

// tunnelled reports whether a request has become a tunnel.
func tunnelled(in *paf.Request, status int) bool {
	return status == semantics.StatusSwitchingProtocols || in.Method == semantics.MethodConnect && semantics.Successful(status)
}

// fault answers what never reaches a handler.
func (r *Runner) fault(w *paf.ResponseWriter, in *paf.Request, err error) {
	reply.Fault(w, in, err)
	var panicked *paf.PanicError
	if !errors.As(err, &panicked) { // that one has its line
		r.line(w, in, &proxy.Report{Err: err})
	}
}

// done is told by the proxies of each request.
func (r *Runner) done(w *paf.ResponseWriter, in *paf.Request, report *proxy.Report) {
	r.line(w, in, report)
}

// failed is told by them of what was not passed on: it is in the request's line, if that is written.
func (r *Runner) failed(in *paf.Request, err *proxy.Error) {
	if r.now.Load().quiet && err.Status != semantics.StatusProxyAuthenticationRequired {
		r.log.Warn("request not passed on", "method", in.Method, "target", in.URL(), "peer", serve.Peer(in.Peer()), "error", err.Error())
	}
}
