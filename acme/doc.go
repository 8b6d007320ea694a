// Package acme gets certificates from a certificate authority (CA) by ACME (RFC 8555) and keeps them fresh: from names to a TLS configuration
// that is ready to serve. Certificates are kept by certmagic, orders are acmez's; what is said to the CA goes through paf's own client,
// and what the CA asks of this machine is answered by paf's own server.
//
// # A server
//
// A [Manager] gets certificates, renews them while handshakes go on, and answers the CA's challenges on the two ports that a web server has
// anyway:
//
//	m, err := acme.New(acme.Config{
//		CAs:          []acme.CA{{URL: acme.LetsEncrypt}}, // without it: LetsEncryptStaging, whose certificates nobody trusts
//		Email:        "you@example.org",
//		AgreeToTerms: true, // of the CA's terms of service
//		Storage:      acme.Files("/var/lib/site/acme"),
//	})
//	…
//	defer m.Close()
//	go (&paf.Server{Handler: m.HTTPHandler(nil)}).ListenAndServe(ctx, ":80") // challenges, and redirects to https
//	go (&paf.Server{Handler: site, TLSConfig: m.TLSConfig()}).ListenAndServeTLS(ctx, ":443", "", "")
//	err = m.Manage(ctx, "example.org", "www.example.org")
//
// [Manager.Manage] returns when each name has its certificate, from the [Storage] or from the CA, or says what is wrong; names that have failed are
// tried again in the background. The servers run before it, for the CA asks them.
//
// # Once
//
// [Provision] is for a program that wants certificates and nothing that runs on: it listens by itself for as long as the CA asks, and returns
// a tls.Config with certificates in it.
//
//	config, err := acme.Provision(ctx, acme.Config{…, HTTPAddress: ":80"}, "example.org")
//
// # Challenges
//
// A CA wants to see that the one who asks for a name's certificate has that name (RFC 8555, Section 8):
//
//   - [HTTP01]: it fetches http://NAME/.well-known/acme-challenge/TOKEN from port 80. [Manager.HTTPHandler] answers that, and nothing else.
//   - [TLSALPN01]: it makes a handshake of the protocol "acme-tls/1" with port 443 (RFC 8737). [Manager.TLSConfig] answers that beside HTTP.
//   - [DNS01]: it looks up a TXT record at _acme-challenge.NAME, which a [DNS] provider writes. Wildcards, as *.example.org, have no other.
//
// With a provider of DNS the challenge is DNS-01; without one, TLS-ALPN-01 is tried and then HTTP-01 ([Config.Challenges] is for another choice).
// What is presented to the CA is put in the Storage, too: of several machines that share one, any answers.
//
// # Where things are kept
//
// In [Config.Storage]: [Files] in a folder, or what several machines share. Account keys, certificates, their keys (files of mode 0600 in folders of 0700). A
// Storage that several machines share, with locks, makes them a fleet: one orders, all serve. Any storage module of certmagic will do.
// Private keys are written there and nowhere else: they are not logged, and no CA sees one.
//
// # When it fails
//
// Every failure of a CA or a challenge is an [*Error]. It names the CA, the challenge, and the address at which the CA looked; it has the CA's own words; and
// Advice says what to try. [Config.OnStep] is told of each [Step] on the way, for a program that shows progress. Everything else goes to [Config.Log], at
// level Debug where it is only of interest to whoever looks for a fault.
//
// A CA that says that it was asked too often (status 429) is not asked again for that name before the time it gives in Retry-After: an order waits
// for that if it comes within [Config.Patience], else it fails, and the next CA, if there is one, is asked. More than a day is taken for a day, and a
// revocation is not held up by what orders were told. A renewal that fails leaves the old certificate in use, and is tried again.
//
// # What a CA is not believed
//
// A CA is spoken to over https alone, through three redirects at the most; an answer has 64 KiB of head and 1 MiB of content at the most, and is not
// unpacked. All that is said for one order takes 10 minutes at the most, and what [DNS.Timeout] adds. Proofs are of our own making, for the name that was
// ordered: the CA chooses the token alone. A certificate is used if it is for the key and exactly the names that were asked for and has not ended, in a
// chain of ten certificates at the most, and nothing else; otherwise the error is [ErrCertificate], and what was there before stays. Of several chains that
// a CA offers, the first is taken. Links to further certificates ("up") are not followed.
//
// # What strangers can ask for
//
// Anybody may ask for challenges that were presented nowhere: what this process has presented is in memory, and for the rest the Storage is looked into once in a second,
// for all who ask. A handshake that asks for what cannot be a name of the DNS, by its length, is refused before it is looked for. Names that nobody has told Manage of are
// looked for if [Config.OnDemand] agrees, and what has failed is not tried again at once. Port 80 redirects to names of ours alone.
//
// # What holds up others
//
// While certmagic looks whether another machine has renewed a certificate that is due, handshakes of all names may wait for the Storage: 10 seconds at the most for each
// such certificate, but with [Files] as long as the file system takes, which minds no context. Renewals of all Managers in a process are in one queue of certmagic's, a
// thousand at a time, and two of one name are taken for the same. Of one CA 8 certificates are ordered at a time, which the others wait for.
//
// What the Storage has about renewals (ARI, RFC 9773) is checked before certmagic sees it, and what is wrong is left out, with a warning; a certificate whose text or key cannot be
// read is an error until somebody removes it.
//
// # Keys
//
// Accounts and certificates have keys of P-256 unless [Config.AccountKey] and [Config.CertificateKey] say otherwise. Seeds make them the same each
// time, for tests and machines without a disk: whoever knows the seed has the key.
package acme
