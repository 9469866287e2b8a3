package server

import "time"

// stats is what INFO stats counts.
type stats struct {
	connections, rejectedConnections uint64
	commands, errors                 uint64
	hits, misses                     uint64
	netIn, netOut                    uint64
	outputLimitCloses                uint64

	// The longest that one command, and one turn of housekeeping, have held the loop.
	longestCommand, longestHousekeeping time.Duration

	opsPerSecond, inPerSecond, outPerSecond rate
}

// lookup counts a read of a key.
func (st *stats) lookup(hit bool) {
	if hit {
		st.hits++
	} else {
		st.misses++
	}
}

// rate is a mean over the last 16 samples, as Redis's instantaneous metrics are.
type rate struct {
	samples [16]float64
	next    int
	last    uint64
	lastAt  time.Duration
}

func (r *rate) sample(count uint64, now time.Duration) {
	if elapsed := now - r.lastAt; elapsed > 0 {
		r.samples[r.next] = float64(count-r.last) / elapsed.Seconds()
		r.next = (r.next + 1) % len(r.samples)
		r.last, r.lastAt = count, now
	}
}

func (r *rate) mean() float64 {
	sum := 0.0
	for _, s := range r.samples {
		sum += s
	}
	return sum / float64(len(r.samples))
}

// cron does what has to be done ten times a second.
func (s *Server) cron() {
	s.stats.opsPerSecond.sample(s.stats.commands, s.now)
	s.stats.inPerSecond.sample(s.stats.netIn, s.now)
	s.stats.outPerSecond.sample(s.stats.netOut, s.now)
	s.closeIdle()
	for _, c := range s.clients.byID {
		if c.softSince != 0 {
			s.limitOutput(c)
		}
	}
	for _, l := range s.listeners {
		if l.deaf {
			l.deaf = s.poll.watch(l.fd, readable) != nil
		}
	}
}
