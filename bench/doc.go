// Command bench measures paf beside its peers, in one run:
//
//	go run ./bench [-work h1,h1pipe,h2] [-time 3s] [-rounds 5] [-only NAMES] [-md FILE]
//
// -work takes the names of works, or of families of them, or "all":
//
//	h1, h1pipe, h2    small answers in clear: CPU a request
//	tls               the same over TLS 1.3: tls-h1, tls-h2
//	idle              memory a connection that is idle: idle-h1, idle-h2, idle-h1-tls, idle-h2-tls;
//	                  memory a stream that waits: idle-streams (server), idle-streams-client
//	body              one body of 1 GiB: body-h1-down, body-h1-up, body-h2-down, body-h2-up, each also with -tls
//	tail              latency under an open loop, at shares of the ceiling: tail-50, tail-80, tail-95; the same with
//	                  handlers that work for 20 µs: tail-toil-50 and so on
//	cores             from one core to two: cores-h1, cores-h2
//	client            CPU a request of the client: client-h1, client-h2
//	proxy             CPU a request of a gateway: proxy-h1, proxy-h2; a tunnel: proxy-tunnel
//	load              CPU a request of a load generator: load-h1, load-h2; with many connections: load-many
//
// Each contestant is a process of its own, pinned to one core; the load runs on
// another one, or the server where a client or a load generator is the contestant. The contestants take turns, A B C A B C …, so that a machine whose
// speed drifts is fair to all. Load comes from wrk and h2load (Debian's packages wrk
// and nghttp2-client), so that no one's own client judges; where they cannot do
// what is wanted, the code says why and what does it instead.
//
// CPU time is user and system, from /proc, of the process and all its children. A
// table gives medians of the rounds, with minimum and maximum, and the ratios of its first figure to
// the work's floor and to paf. The floor of HTTP/1 is a bare read and write loop, which answers
// whatever comes. A row that could not be measured says why; nothing is filled in.
// Figures of different runs, or of different machines, cannot be compared: ratios in one run can.
//
// The files: contestants (who takes part), works (what is measured), process and
// loads (how), one for each family of works, report (the tables).
package main
