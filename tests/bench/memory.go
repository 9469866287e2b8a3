package main

import (
	"fmt"
	"strconv"
)

// memoryLoad is one of the loads of the memory table.
type memoryLoad struct {
	name     string
	elements int
	target   float64 // bytes an element, resident
	request  func(i int) []string
}

var memoryLoads = []memoryLoad{
	{"3 M strings, key 16 B, value 16 B", 3_000_000, 56, func(i int) []string {
		return []string{"SET", fmt.Sprintf("key:%012d", i), fmt.Sprintf("v%015d", i)}
	}},
	{"1 M strings 16/16 with a TTL", 1_000_000, 72, func(i int) []string {
		return []string{"SET", fmt.Sprintf("key:%012d", i), fmt.Sprintf("v%015d", i), "EX", strconv.Itoa(3600 + scatter(i)%86400)}
	}},
	{"1 M counters", 1_000_000, 44, func(i int) []string { return []string{"INCR", fmt.Sprintf("rl:%012d", i)} }},
	{"1 M session hashes of 5 fields", 1_000_000, 150, func(i int) []string { return sessionRequest("s:", i) }},
	{"one hash of 1 M fields 15/15", 1_000_000, 56, func(i int) []string {
		return []string{"HSET", "hash", fmt.Sprintf("f:%013d", i), fmt.Sprintf("v:%013d", i)}
	}},
	{"one sorted set of 1 M members of 16 B", 1_000_000, 68, func(i int) []string {
		return []string{"ZADD", "zset", strconv.Itoa(scatter(i) % 1_000_000), fmt.Sprintf("m:%014d", i)}
	}},
	{"20 k sorted sets of 50 members of 8 B", 1_000_000, 16, func(i int) []string {
		return []string{"ZADD", fmt.Sprintf("z:%05d", i/50), strconv.Itoa(scatter(i) % 1000), fmt.Sprintf("m:%06d", i%1_000_000)}
	}},
}

type memoryRow struct {
	memoryLoad
	cached, redis           float64 // resident bytes an element, the whole process
	cachedGrown, redisGrown float64 // the same, less the empty process
}

func memory(s settings, out *report) error {
	for _, l := range memoryLoads {
		if s.keyspace < 1_000_000 {
			l.elements = s.keyspace
		}
		row := memoryRow{memoryLoad: l}
		for _, side := range []struct {
			start        func(settings) (*peer, error)
			total, grown *float64
		}{{func(s settings) (*peer, error) { return startCached(s) }, &row.cached, &row.cachedGrown}, {startRedis, &row.redis, &row.redisGrown}} {
			p, err := side.start(s)
			if err != nil {
				return err
			}
			empty := p.resident()
			if err := p.load(l.elements, l.request); err != nil {
				p.stop()
				return err
			}
			full := p.resident()
			p.stop()
			*side.total = float64(full) / float64(l.elements)
			*side.grown = float64(full-empty) / float64(l.elements)
		}
		fmt.Printf("%-40s cached %6.1f B (%6.1f without the empty process)  redis %6.1f B (%6.1f)  to reach %.0f\n",
			l.name, row.cached, row.cachedGrown, row.redis, row.redisGrown, l.target)
		out.memory = append(out.memory, row)
	}
	return nil
}
