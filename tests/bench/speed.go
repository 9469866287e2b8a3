package main

import (
	"cmp"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// workload is one command, with the data that it works on and what it is to reach.
type workload struct {
	name    string
	command string // __rand_int__ becomes a number of 12 digits
	data    string // name of the data set
	heavy   int    // divides the number of requests
	target  float64
}

const value16 = "xxxxxxxxxxxxxxxx"

var workloads = []workload{
	{"SET", "SET key:__rand_int__ " + value16, "strings", 1, 0.65},
	{"GET", "GET key:__rand_int__", "strings", 1, 0.65},
	{"INCR", "INCR ctr:__rand_int__", "counters", 1, 0.65},
	{"SET EX", "SET key:__rand_int__ " + value16 + " EX 3600", "strings", 1, 0.65},
	{"EXPIRE", "EXPIRE key:__rand_int__ 3600", "strings", 1, 0.8},
	{"HSET", "HSET session:__rand_int__ seen 1732233600", "sessions", 1, 0.8},
	{"HGET", "HGET session:__rand_int__ user", "sessions", 1, 0.65},
	{"HGETALL", "HGETALL session:__rand_int__", "sessions", 1, 0.8},
	{"ZADD", "ZADD board __rand_int__ member:__rand_int__", "board", 3, 0.8},
	{"ZRANGE", "ZRANGE board 0 9 REV WITHSCORES", "board", 2, 0.8},
	{"ZRANK", "ZRANK board member:__rand_int__", "board", 2, 0.8},
	{"MGET", "MGET" + strings.Repeat(" key:__rand_int__", 10), "strings", 5, 0.8},
	{"MSET", "MSET" + strings.Repeat(" key:__rand_int__ "+value16, 10), "strings", 5, 0.8},
	{"SCAN", "SCAN __rand_int__", "strings", 3, 0.8},
}

// dataSets fill a server with what the workloads expect.
var dataSets = map[string]func(i int) []string{
	"strings":  func(i int) []string { return []string{"SET", fmt.Sprintf("key:%012d", i), value16} },
	"counters": func(i int) []string { return []string{"INCR", fmt.Sprintf("ctr:%012d", i)} },
	"sessions": func(i int) []string { return sessionRequest("session:", i) },
	"board": func(i int) []string {
		return []string{"ZADD", "board", strconv.Itoa(scatter(i) % 1_000_000), fmt.Sprintf("member:%012d", i)}
	},
}

func sessionRequest(prefix string, i int) []string {
	return []string{"HSET", fmt.Sprintf("%s%012d", prefix, i), "user", fmt.Sprintf("u%08d", i), "token",
		fmt.Sprintf("%016x", scatter(i)), "csrf", fmt.Sprintf("%016x", scatter(i+1)), "lang", "en", "seen", "1732233600"}
}

// scatter is a number that looks random and is the same each time.
func scatter(i int) int {
	u := uint64(i)*0x9E3779B97F4A7C15 + 0x1234567
	u ^= u >> 29
	u *= 0xBF58476D1CE4E5B9
	return int((u ^ u>>32) & (1<<62 - 1))
}

// sample is one run of redis-benchmark; latencies are in milliseconds.
type sample struct {
	cpu            time.Duration // of the server, an operation
	perSecond      float64
	p50, p99, p999 float64
}

type speedRow struct {
	workload
	pipeline      int
	cached, redis sample
}

func (r *speedRow) ratio() float64 { return float64(r.cached.cpu) / float64(r.redis.cpu) }

func (r *speedRow) limit() float64 {
	if r.pipeline == 1 {
		return 0.95
	}
	return r.target
}

func speed(s settings, out *report) error {
	ours, err := startCached(s)
	if err != nil {
		return err
	}
	defer ours.stop()
	theirs, err := startRedis(s)
	if err != nil {
		return err
	}
	defer theirs.stop()
	loaded := ""
	for _, w := range workloads {
		if s.only != nil && !s.only[w.name] {
			continue
		}
		if w.data != loaded {
			for _, p := range []*peer{ours, theirs} {
				if _, err := p.do("FLUSHALL"); err != nil {
					return err
				}
				if err := p.load(s.keyspace, dataSets[w.data]); err != nil {
					return err
				}
			}
			loaded = w.data
		}
		for _, pipeline := range []int{1, 16} {
			row, err := compare(s, w, pipeline, ours, theirs)
			if err != nil {
				return err
			}
			fmt.Printf("%-8s pipeline %-2d  cached %6.3f µs  redis %6.3f µs  ratio %.2f (to reach %.2f)  %8.0f / %8.0f a second\n",
				w.name, pipeline, micro(row.cached.cpu), micro(row.redis.cpu), row.ratio(), row.limit(), row.cached.perSecond, row.redis.perSecond)
			out.speed = append(out.speed, row)
		}
	}
	return nil
}

func micro(d time.Duration) float64 { return float64(d) / 1000 }

// compare runs both servers in turns and takes the medians.
func compare(s settings, w workload, pipeline int, ours, theirs *peer) (speedRow, error) {
	row := speedRow{workload: w, pipeline: pipeline}
	requests := s.requests / w.heavy
	if pipeline == 1 {
		requests = s.requests / 5 / min(w.heavy, 2)
	}
	samples := map[*peer][]sample{}
	for round := range s.rounds {
		order := []*peer{ours, theirs}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, p := range order {
			one, err := run(s, p, w, pipeline, requests)
			if err != nil {
				return row, fmt.Errorf("%s: %w", w.name, err)
			}
			samples[p] = append(samples[p], one)
		}
	}
	row.cached, row.redis = median(samples[ours]), median(samples[theirs])
	return row, nil
}

// median is the sample with the median processor time.
func median(samples []sample) sample {
	slices.SortFunc(samples, func(a, b sample) int { return cmp.Compare(a.cpu, b.cpu) })
	return samples[len(samples)/2]
}

func run(s settings, p *peer, w workload, pipeline, requests int) (sample, error) {
	_, port, _ := strings.Cut(p.addr, ":")
	args := []string{"-p", port, "-n", strconv.Itoa(requests), "-c", "50", "-P", strconv.Itoa(pipeline),
		"-r", strconv.Itoa(s.keyspace)}
	before := p.processorTime()
	cmd := exec.Command("redis-benchmark", append(args, strings.Fields(w.command)...)...)
	b, err := cmd.Output()
	if err != nil {
		return sample{}, err
	}
	one, err := parseBenchmark(string(b))
	one.cpu = (p.processorTime() - before) / time.Duration(requests)
	return one, err
}

var (
	percentileLine = regexp.MustCompile(`(?m)^([0-9.]+)% <= ([0-9.]+) milliseconds`)
	throughputLine = regexp.MustCompile(`throughput summary: ([0-9.]+) requests`)
)

// parseBenchmark reads what redis-benchmark prints.
func parseBenchmark(text string) (one sample, err error) {
	found := throughputLine.FindStringSubmatch(text)
	if found == nil {
		return one, fmt.Errorf("redis-benchmark said %.200q", text)
	}
	one.perSecond, _ = strconv.ParseFloat(found[1], 64)
	for _, line := range percentileLine.FindAllStringSubmatch(text, -1) {
		percent, _ := strconv.ParseFloat(line[1], 64)
		ms, _ := strconv.ParseFloat(line[2], 64)
		for _, want := range []struct {
			percent float64
			to      *float64
		}{{50, &one.p50}, {99, &one.p99}, {99.9, &one.p999}} {
			if percent >= want.percent && *want.to == 0 {
				*want.to = ms
			}
		}
	}
	return one, nil
}
