// Command bench measures paf beside its peers, in one run:
//
//	go run ./bench [-work h1,h1pipe] [-time 3s] [-rounds 5] [-only NAMES] [-md FILE]
//
// Each contestant is a server in a process of its own, pinned to one core; wrk
// (from Debian's package) loads it from another one. The contestants take turns,
// A B C A B C …, so that a machine whose speed drifts is fair to all. What is
// measured is the CPU time of the server's process (user and system, from
// /proc) divided by the requests that wrk counted; the table gives the
// median of the rounds with minimum and maximum, and the ratio to the floor: a bare
// read and write loop, which answers whatever comes. A row that could not be
// measured says why.
package main
