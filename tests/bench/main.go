// Command bench measures cached beside the redis-server on the PATH, on this machine,
// in turns: processor time an operation, requests a second and latencies of the
// commands that the five uses live on, and the memory an element takes. It writes
// docs/bench/README.md and docs/bench/cpu.svg.
//
//	go run ./tests/bench                all, about half an hour
//	go run ./tests/bench -quick         fewer requests, one round: to see that it works
//	go run ./tests/bench -only GET,ZADD some loads
//	go run ./tests/bench -part hold     how long the loop is held, at 10 million keys
//
// Only the servers that it starts itself are loaded, on loopback.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

type settings struct {
	rounds   int
	requests int // at pipeline 16; a fifth of it at pipeline 1
	keyspace int
	only     map[string]bool
	out      string
	cached   string
}

func main() {
	var s settings
	quick := flag.Bool("quick", false, "fewer requests and keys, one round")
	only := flag.String("only", "", "comma-separated names of loads")
	parts := flag.String("part", "speed,memory,gc,hold,expiry,idle", "what to measure")
	flag.StringVar(&s.out, "out", "docs/bench", "folder of the results, empty: only print")
	flag.StringVar(&s.cached, "cached", "bin/cached", "the binary to measure")
	flag.IntVar(&s.rounds, "rounds", 3, "rounds, of which the median counts")
	flag.Parse()
	s.requests, s.keyspace = 1_500_000, 1_000_000
	if *quick {
		s.rounds, s.requests, s.keyspace = 1, 100_000, 20_000
	}
	if *only != "" {
		s.only = map[string]bool{}
		for _, name := range strings.Split(*only, ",") {
			s.only[strings.ToUpper(name)] = true
		}
	}
	out := &report{settings: s}
	measure := map[string]func(settings, *report) error{"speed": speed, "memory": memory, "gc": collector, "hold": hold, "expiry": expiry, "idle": idle}
	for _, part := range strings.Split(*parts, ",") {
		if measure[part] == nil {
			fmt.Fprintf(os.Stderr, "bench: no part %q\n", part)
			os.Exit(2)
		}
		if err := measure[part](s, out); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", part+":", err)
			os.Exit(1)
		}
	}
	if s.out != "" && !*quick {
		if err := out.write(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
	}
}
