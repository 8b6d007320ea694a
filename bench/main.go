package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// A job is what a child process of bench is to do. The parent passes it as JSON, behind
// the role's name: its fields are nobody's flags.
type job struct {
	Name     string        // the contestant
	Addr     string        // where to listen, or what to load
	Dir      string        // the site: see site
	H2       bool          // HTTP/2, else HTTP/1.1
	TLS      bool          // over TLS, else in clear
	Cores    int           // GOMAXPROCS, or how many workers; 0 leaves it to the process
	Rate     float64       // requests a second of an open loop; 0: as many as can be had
	Path     string        // what the sender asks for; "" is pathHello
	Many     int           // requests in flight, streams to hold, or streams that a server takes on a connection
	Time     time.Duration // how long
	Requests int           // of all connections together, in place of Time; 0: no number
	Hold     bool          // a client keeps its responses open

	Behind string // what a proxy leads to
	Tunnel bool   // by a tunnel
	Size   int64  // bytes through a tunnel
}

// roles are what a child process of bench can be.
var roles = map[string]func(job) error{"serve": serve, "send": send, "call": call, "hold": hold, "pump": pump}

// An options is what the command line says.
type options struct {
	length time.Duration // of the load, or of the rest before memory is read
	rounds int
	only   string // names of contestants
	conns  int    // idle connections
	size   int64  // of a body
}

func main() {
	if len(os.Args) == 3 && roles[os.Args[1]] != nil {
		var j job
		err := json.Unmarshal([]byte(os.Args[2]), &j)
		if err == nil {
			err = roles[os.Args[1]](j)
		}
		quit(err, 1)
		return
	}
	var o options
	names := flag.String("work", "h1,h1pipe,h2", "what to measure, comma-separated: works, families of them, or all")
	flag.DurationVar(&o.length, "time", 3*time.Second, "how long each contestant is loaded in each round; how long connections are idle before memory is read (8s at the least)")
	flag.IntVar(&o.rounds, "rounds", 5, "how many rounds")
	flag.StringVar(&o.only, "only", "", "the contestants, comma-separated; all if empty")
	flag.IntVar(&o.conns, "conns", 10000, "how many connections, or streams, are idle")
	flag.Int64Var(&o.size, "size", 1<<30, "bytes of a body")
	md := flag.String("md", "", "a file to write the tables to, as Markdown")
	flag.Usage = usage
	flag.Parse()
	if flag.NArg() > 0 {
		quit(fmt.Errorf("%q is no option", flag.Arg(0)), 2)
	}
	chosen, err := worksNamed(*names)
	quit(errors.Join(err, checkOnly(o.only)), 2)
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		kill(family(os.Getpid())[1:]) // who is told to end alone takes its children along
		quit(errors.New("interrupted"), 130)
	}()
	quit(run(chosen, o, *md), 1)
}

// usage tells the options, and the names that they take.
func usage() {
	w := flag.CommandLine.Output()
	fmt.Fprintf(w, "go run ./bench [options] measures paf beside its peers, in one run.\n\nThe works: %s.\nThe contestants: %s.\nThe options:\n",
		workNames(), contestantNames())
	flag.PrintDefaults()
}

// run measures the works one after the other. The file is written after each of them: what was measured is not lost
// when a later one is interrupted.
func run(chosen []work, o options, md string) error {
	raiseFileLimit()
	if err := makeSite(o.size); err != nil {
		return err
	}
	defer os.RemoveAll(site)
	var report strings.Builder
	report.WriteString(environment(os.Args[1:]))
	fmt.Print(report.String())
	for _, w := range chosen {
		table := render(w, measure(w, takePart(w, o.only), o))
		fmt.Print(table)
		report.WriteString(table)
		if md != "" {
			if err := os.WriteFile(md, []byte(report.String()), 0o644); err != nil {
				return fmt.Errorf("the tables could not be written, choose another -md: %w", err)
			}
		}
	}
	return nil
}

// quit ends the program if there is an error.
func quit(err error, status int) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		_ = os.RemoveAll(site)
		os.Exit(status)
	}
}
