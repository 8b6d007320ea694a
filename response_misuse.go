package paf

import (
	"errors"
	"log/slog"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// This file is what becomes of a response that a handler has got wrong: it is answered for as well as can be, and the log
// says so once.

// refuse answers 500 in place of a head that cannot be sent, and of which nothing has been.
func (w *ResponseWriter) refuse(err error) error {
	_ = w.misuse(err)
	w.reset(semantics.StatusInternalServerError)
	head := w.complete()
	_ = w.x.Answer(&head, 0, nil)
	return w.fail(err)
}

// headFailed deals with an error of the final head.
func (w *ResponseWriter) headFailed(err error) error {
	var mistake *engine.Error
	if errors.As(err, &mistake) && mistake.Scope == engine.Message && !w.x.Begun() {
		return w.refuse(err)
	}
	return w.fail(err)
}

// misuse logs an error of the handler's, once: handlers seldom look at what Write returns.
func (w *ResponseWriter) misuse(err error) error {
	if !w.misused {
		w.misused = true
		w.log().Warn("paf: the handler has written what cannot be sent", w.about("status", w.Status(), "error", err)...)
	}
	return err
}

// Log returns the Server's logger.
func (w *ResponseWriter) Log() *slog.Logger { return w.log() }

func (w *ResponseWriter) log() *slog.Logger { return w.x.Handler().(serving).log() }

// about adds to the attributes of a line in the log which request it is about.
func (w *ResponseWriter) about(args ...any) []any {
	args = append([]any{"component", "paf-server"}, args...)
	if h := w.request; h != nil {
		args = append(args, "method", h.Method, "path", h.Target.Path)
	}
	return args
}

func (w *ResponseWriter) warn(what string, args ...any) {
	w.log().Warn("paf: WriteHeader or Header: "+what, w.about(args...)...)
}
