package acme_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/acme"
)

// A web server that gets its own certificates, and redirects from http to https.
func Example() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	m, err := acme.New(acme.Config{
		CAs:          []acme.CA{{URL: acme.LetsEncrypt}},
		Email:        "you@example.org",
		AgreeToTerms: true,
		Storage:      acme.Files("/var/lib/site/acme"),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	site := &paf.Server{TLSConfig: m.TLSConfig(), Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		fmt.Fprintln(w, "Nobody listens.")
	})}
	clear := &paf.Server{Handler: m.HTTPHandler(nil)}
	ended := make(chan error, 2)
	go func() { ended <- clear.ListenAndServe(ctx, ":80") }()
	go func() { ended <- site.ListenAndServeTLS(ctx, ":443", "", "") }()
	if err := m.Manage(ctx, "example.org", "www.example.org"); err != nil {
		log.Print(err) // those that have failed are tried again
	}
	if err := errors.Join(<-ended, <-ended); err != nil {
		log.Fatal(err)
	}
}

// From a name to HTTPS, for a program that does not run for longer than a certificate is valid.
func ExampleProvision() {
	ctx := context.Background()
	config, err := acme.Provision(ctx, acme.Config{
		Email:        "you@example.org",
		AgreeToTerms: true,
		Storage:      acme.Files("/var/lib/site/acme"),
		HTTPAddress:  ":80",
		OnStep:       func(s acme.Step) { fmt.Println(s) },
	}, "example.org")
	if err != nil {
		log.Fatal(err) // which challenge has failed, where the CA has looked, what it says, what to try
	}
	s := &paf.Server{TLSConfig: config}
	log.Fatal(s.ListenAndServeTLS(ctx, ":443", "", ""))
}

// A CA that is asked for one name after the other as clients come with them.
func ExampleConfig_onDemand() {
	customers := map[string]bool{"shop.example.org": true}
	m, err := acme.New(acme.Config{
		CAs:          []acme.CA{{URL: acme.LetsEncrypt}},
		AgreeToTerms: true,
		Storage:      acme.Files("/var/lib/site/acme"),
		OnDemand: func(_ context.Context, name string) error {
			if !customers[name] {
				return errors.New("that is no customer's name")
			}
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	s := &paf.Server{TLSConfig: m.TLSConfig()} // answers tls-alpn-01, too
	log.Fatal(s.ListenAndServeTLS(context.Background(), ":443", "", ""))
}
