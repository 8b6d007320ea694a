// Package examples is empty: each folder below it is a small program that can be run, with a test that runs it. They are a
// module of their own, so that what they need is needed by nobody else; microvm, wasi and wasm are others, for what they need is more.
//
//   - ssh: HTTP over the channels of one SSH connection, server and client
//   - mux: many HTTP connections as the streams of one connection
//   - microvm: a virtual machine whose only program is a server
//   - wasi: a program of WASI that serves on its standard input and output
//   - wasm: a page on which a server and a client run
package examples
