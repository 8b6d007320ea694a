package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	var (
		work   = flag.String("work", "h1,h1pipe,h2", "what to measure: h1 (64 connections), h1pipe (pipelined by 16), h2 (8 connections of 32 streams)")
		length = flag.Duration("time", 3*time.Second, "how long each contestant is loaded in each round")
		rounds = flag.Int("rounds", 5, "how many rounds")
		only   = flag.String("only", "", "the contestants, comma-separated; all if empty")
		md     = flag.String("md", "", "a file to write the tables to, as Markdown")
		serve  = flag.String("serve", "", "run one contestant's server (used by bench itself)")
	)
	flag.Parse()
	if *serve != "" {
		if err := serveContestant(*serve); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var report strings.Builder
	for _, name := range strings.Split(*work, ",") {
		w, ok := works[name]
		if !ok {
			fmt.Fprintf(os.Stderr, "bench: no work is named %q; there are h1, h1pipe and h2\n", name)
			os.Exit(2)
		}
		results := measure(w, chosen(name, *only), *length, *rounds)
		table := render(name, w, results)
		fmt.Print(table)
		report.WriteString(table)
	}
	if *md != "" {
		if err := os.WriteFile(*md, []byte(report.String()), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
