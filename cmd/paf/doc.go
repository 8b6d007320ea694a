// Paf serves, fetches and passes on over HTTP with the library github.com/paf-go/paf.
//
//	paf serve [DIR]   serve a directory, or the demo application
//	paf get URL       send a request and print the response
//	paf proxy         pass requests on, to the servers of a site or wherever clients want
//	paf cert          get, renew, list and revoke certificates of a CA
//
// `paf help COMMAND` says what each takes; `paf completion SHELL` prints the
// completions of a shell.
//
// # How the program is laid out
//
// One file holds one command: its flags and what its help says (serve.go,
// get.go, proxy.go, cert.go; acme.go has what two have in common). What a command does is a package of its own below internal/, which
// knows nothing of flags. program.go ties the commands together: a new one is a
// new file and a line there. Exit statuses are those of package internal/exit.
package main
