package paf_test

import (
	"net/http"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	http.DefaultTransport.(*http.Transport).DisableKeepAlives = true // it is a peer here, and must leave nothing behind
	goleak.VerifyTestMain(m)
}
