package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fact is one line of the part of the report that has no peer beside it.
type fact struct{ what, seen, target string }

func (r *report) fact(what, seen, target string) {
	fmt.Printf("%-70s %-40s to reach: %s\n", what, seen, target)
	r.facts = append(r.facts, fact{what, seen, target})
}

var gcLine = regexp.MustCompile(`(?m)^gc \d+ .*?: ([0-9.]+)\+[0-9.]+\+([0-9.]+) ms clock`)

// collector loads five million keys and looks at the Go heap and its pauses.
func collector(s settings, out *report) error {
	p, err := startCached(s, "GODEBUG=gctrace=1")
	if err != nil {
		return err
	}
	n := 5 * s.keyspace
	err = p.load(n, dataSets["strings"])
	heap, _ := strconv.ParseFloat(p.info("used_memory_go_heap"), 64)
	p.stop()
	if err != nil {
		return err
	}
	longest, cycles := 0.0, 0
	for _, line := range gcLine.FindAllStringSubmatch(p.log.String(), -1) {
		cycles++
		for _, text := range line[1:] {
			pause, _ := strconv.ParseFloat(text, 64)
			longest = max(longest, pause)
		}
	}
	out.fact(fmt.Sprintf("Go heap with %d keys", n), fmt.Sprintf("%.1f MiB", heap/(1<<20)), "under 64 MiB")
	out.fact(fmt.Sprintf("longest GC pause while they were loaded (%d cycles)", cycles), fmt.Sprintf("%.3f ms", longest), "under 1 ms")
	return nil
}

// hold finds the longest that one command or one slice of housekeeping holds the loop,
// at ten million keys.
func hold(s settings, out *report) error {
	p, err := startCached(s)
	if err != nil {
		return err
	}
	defer p.stop()
	n := s.keyspace
	shortest := map[string][2]float64{}
	phase := func(what string, do func() error) error {
		if _, err := p.do("CONFIG", "RESETSTAT"); err != nil {
			return err
		}
		if err := do(); err != nil {
			return err
		}
		for p.info("lazyfree_pending_objects") != "0" {
			time.Sleep(20 * time.Millisecond)
		}
		command, _ := strconv.ParseFloat(p.info("longest_command_usec"), 64)
		slice, _ := strconv.ParseFloat(p.info("longest_housekeeping_usec"), 64)
		if seen, ok := shortest[what]; ok {
			command, slice = min(command, seen[0]), min(slice, seen[1])
		}
		shortest[what] = [2]float64{command, slice}
		return nil
	}
	one := func(args ...string) func() error {
		return func() error { _, err := p.do(args...); return err }
	}
	steps := []struct {
		what string
		do   func() error
	}{
		{"growth to 10 M keys", func() error { return p.load(10*n, dataSets["strings"]) }},
		{"a sorted set grows to 1 M", func() error { return p.load(n, dataSets["board"]) }},
		{"DEL of a sorted set of 1 M", one("DEL", "board")},
		{"a hash grows to 1 M", func() error {
			return p.load(n, func(i int) []string { return []string{"HSET", "hash", fmt.Sprintf("f:%012d", i), value16} })
		}},
		{"UNLINK of a hash of 1 M", one("UNLINK", "hash")},
		{"1 M keys due in one second", func() error { return p.expireTogether(n) }},
		{"FLUSHALL of 10 M keys", one("FLUSHALL")},
	}
	for range holdRounds {
		for _, step := range steps {
			if err := phase(step.what, step.do); err != nil {
				return err
			}
		}
	}
	for _, step := range steps {
		seen := shortest[step.what]
		out.fact("loop held: "+step.what, fmt.Sprintf("command %.2f ms, housekeeping %.2f ms", seen[0]/1000, seen[1]/1000), "under 1 ms")
	}
	return nil
}

// holdRounds is how often each phase is run. The shortest of the longest times counts: on a shared
// machine a thread that does nothing at all is stopped for up to 5 ms now and then,
// and that can only add.
const holdRounds = 4

// expireTogether sets n keys that are due within one second, and waits until they are gone.
func (p *peer) expireTogether(n int) error {
	before, err := p.do("DBSIZE")
	if err != nil {
		return err
	}
	due := time.Now().Add(time.Duration(n)*4*time.Microsecond + 3*time.Second).UnixMilli()
	if err := p.load(n, func(i int) []string {
		return []string{"SET", fmt.Sprintf("due:%012d", i), value16, "PXAT", strconv.FormatInt(due+int64(i%1000), 10)}
	}); err != nil {
		return err
	}
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if now, err := p.do("DBSIZE"); err != nil || now == before {
			return err
		}
	}
	return fmt.Errorf("keys that are due stay")
}

// expiry measures how late keys go that nobody reads, and what a million at once do to the
// other clients.
func expiry(s settings, out *report) error {
	p, err := startCached(s)
	if err != nil {
		return err
	}
	defer p.stop()
	if err := p.load(s.keyspace, func(i int) []string {
		return []string{"SET", fmt.Sprintf("other:%012d", i), value16, "EX", strconv.Itoa(3600 + i%3600)}
	}); err != nil {
		return err
	}
	late, err := p.lateness(1000)
	if err != nil {
		return err
	}
	out.fact(fmt.Sprintf("1000 unread keys beside %d volatile ones go late by (median, worst)", s.keyspace),
		fmt.Sprintf("%.2f ms, %.2f ms", late[len(late)/2], late[len(late)-1]), "5 ms, 50 ms")
	gone, p99, err := p.expireMillion(s.keyspace)
	if err != nil {
		return err
	}
	out.fact(fmt.Sprintf("%d keys due in the same second are all gone after it began by", s.keyspace), fmt.Sprintf("%.2f s", gone.Seconds()), "3 s")
	out.fact("p99 of GET by another client meanwhile", fmt.Sprintf("%.2f ms", p99), "under 5 ms")
	return nil
}

// lateness returns how many milliseconds after its deadline each of n keys went, in order.
// It watches the number of keys, which reads none.
func (p *peer) lateness(n int) ([]float64, error) {
	c, err := p.connect()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	size := func() int {
		text, _ := c.do("DBSIZE")
		count, _ := strconv.Atoi(text)
		return count
	}
	base := size()
	first := time.Now().Add(time.Second).UnixMilli()
	for i := range n {
		c.send("SET", fmt.Sprintf("due:%d", i), value16, "PXAT", strconv.FormatInt(first+int64(3*i), 10))
	}
	c.w.Flush()
	for range n {
		if _, err := c.receive(); err != nil {
			return nil, err
		}
	}
	var late []float64
	for deadline := time.Now().Add(time.Minute); len(late) < n; {
		left := size() - base
		now := float64(time.Now().UnixMicro()) / 1000
		for len(late) < n-left {
			late = append(late, now-float64(first+int64(3*len(late))))
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%d of %d keys are still there", left, n)
		}
		time.Sleep(200 * time.Microsecond)
	}
	slices.Sort(late)
	return late, nil
}

// expireMillion has n keys go in one second and returns how long after it began they were
// gone, and the 99th percentile in milliseconds of another client's reads meanwhile.
func (p *peer) expireMillion(n int) (gone time.Duration, p99 float64, err error) {
	base, err := p.do("DBSIZE")
	if err != nil {
		return 0, 0, err
	}
	due := time.Now().Add(time.Duration(n)*4*time.Microsecond + 3*time.Second)
	if err := p.load(n, func(i int) []string {
		return []string{"SET", fmt.Sprintf("due:%012d", i), value16, "PXAT", strconv.FormatInt(due.UnixMilli()+int64(i%1000), 10)}
	}); err != nil {
		return 0, 0, err
	}
	c, err := p.connect()
	if err != nil {
		return 0, 0, err
	}
	defer c.Close()
	time.Sleep(time.Until(due))
	var latencies []float64
	for i := 0; ; i++ {
		began := time.Now()
		if _, err := c.do("GET", fmt.Sprintf("other:%012d", scatter(i)%n)); err != nil {
			return 0, 0, err
		}
		latencies = append(latencies, float64(time.Since(began).Microseconds())/1000)
		if i%50 == 0 {
			if now, _ := c.do("DBSIZE"); strings.TrimSpace(now) == base {
				break
			}
			if time.Since(due) > time.Minute {
				return 0, 0, fmt.Errorf("keys that are due stay")
			}
		}
	}
	gone = time.Since(due)
	slices.Sort(latencies)
	return gone, latencies[len(latencies)*99/100], nil
}
