package store

import (
	"fmt"
	"testing"
	"time"
)

// TestScanReturnsWhatStays adds and removes keys while a scan goes on: those that are
// there from its start to its end are all returned.
func TestScanReturnsWhatStays(t *testing.T) {
	random := seeded(t)
	s := newStore(t)
	db := s.DB(0)
	for i := range 3000 {
		db.SetString(fmt.Appendf(nil, "stays:%d", i), []byte("v"), 0)
	}
	for round := range 6 {
		grow := round%2 == 0
		seen := map[string]bool{}
		n := 0
		for cursor := uint64(0); ; {
			cursor = db.Scan(cursor, func(e *Entry) { seen[string(e.Key())] = true })
			if cursor == 0 {
				break
			}
			for range random.IntN(60) {
				if n++; grow {
					db.SetString(fmt.Appendf(nil, "goes:%d", n), []byte("v"), 0)
				} else {
					db.Delete(fmt.Appendf(nil, "goes:%d", n))
				}
			}
		}
		for i := range 3000 {
			if !seen[fmt.Sprintf("stays:%d", i)] {
				t.Fatalf("round %d: stays:%d was not returned", round, i)
			}
		}
	}
	check(t, s)
}

// TestKeysGoAtTheirMillisecond sets deadlines from a millisecond to years ahead and moves
// the time to just before and just after each.
func TestKeysGoAtTheirMillisecond(t *testing.T) {
	s := newStore(t)
	db := s.DB(0)
	start := s.Now()
	ttls := []int64{1, 63, 64, 65, 4095, 4096, 262_144, 3_600_000, 86_400_000, 31_536_000_000}
	for _, ttl := range ttls {
		db.SetString(fmt.Appendf(nil, "relative:%d", ttl), []byte("v"), start.After(ttl))
		db.SetString(fmt.Appendf(nil, "absolute:%d", ttl), []byte("v"), At(start.Wall+ttl))
	}
	for i, ttl := range ttls {
		for _, step := range []struct {
			at   int64
			want int
		}{{ttl - 1, 2 * (len(ttls) - i)}, {ttl, 2 * (len(ttls) - i - 1)}} {
			s.SetTime(Time{Mono: start.Mono + step.at, Wall: start.Wall + step.at})
			for s.Housekeep(1000) {
			}
			if db.Len() != step.want {
				t.Errorf("%d ms on, %d keys are there, want %d", step.at, db.Len(), step.want)
			}
		}
	}
	check(t, s)
}

// TestClocks sets the wall clock back and forward: relative deadlines stand still,
// absolute ones follow.
func TestClocks(t *testing.T) {
	s := newStore(t)
	db := s.DB(0)
	start := s.Now()
	minute := time.Minute.Milliseconds()
	db.SetString([]byte("lock"), []byte("v"), start.After(minute))
	db.SetString([]byte("midnight"), []byte("v"), At(start.Wall+minute))
	there := func(key string) bool { _, ok := db.Peek([]byte(key)); return ok }
	move := func(mono, wall int64) {
		s.SetTime(Time{Mono: start.Mono + mono, Wall: start.Wall + wall})
		for s.Housekeep(1000) {
		}
	}
	move(1000, 1000-60*minute)
	if !there("lock") || !there("midnight") {
		t.Error("a key went when the clock was set back")
	}
	move(minute, 0)
	if there("lock") || !there("midnight") {
		t.Error("a relative deadline followed the wall clock, or an absolute one did not")
	}
	move(minute+1, minute)
	if there("midnight") {
		t.Error("an absolute deadline did not follow the wall clock")
	}
}

// TestStaleItemsAreSwept moves deadlines back and forth: the index stays in proportion to
// the keys.
func TestStaleItemsAreSwept(t *testing.T) {
	s := newStore(t)
	db := s.DB(0)
	for i := range 4 * sweepMinItems {
		now := s.Now()
		db.SetString([]byte("key"), []byte("v"), now.After(86_400_000-int64(i)))
		h, ok := db.Find([]byte("hash"))
		if !ok {
			h = db.CreateHash([]byte("hash"))
		}
		h.HashSet([]byte("field"), []byte("v"), now.After(86_400_000-int64(i)))
		for s.Housekeep(100) {
		}
	}
	if items := db.expires[relative].items; items > 2*sweepMinItems {
		t.Errorf("%d items for one key", items)
	}
	if items := db.fields[relative].items; items > 2*sweepMinItems {
		t.Errorf("%d items for one field", items)
	}
	check(t, s)
}

// TestLargeThingsAreFreedInSlices deletes large collections and flushes, and sees that
// nothing is left and no slice exceeds its budget.
func TestLargeThingsAreFreedInSlices(t *testing.T) {
	s := newStore(t)
	db := s.DB(0)
	fill := func() {
		z, h := db.CreateZSet([]byte("z")), db.CreateHash([]byte("h"))
		for i := range 20_000 {
			z.ZSet(fmt.Appendf(nil, "m%d", i), float64(i*7919%20_011))
			h.HashSet(fmt.Appendf(nil, "f%d", i), []byte("value"), 0)
		}
	}
	fill()
	check(t, s)
	db.Delete([]byte("z"))
	db.Delete([]byte("h"))
	slices := 0
	for s.Housekeep(256) {
		slices++
	}
	if slices < 50 {
		t.Errorf("40,000 elements were freed in %d slices", slices)
	}
	check(t, s)
	fill()
	s.DB(1).SetString([]byte("other"), []byte("v"), 0)
	db.Flush()
	check(t, s)
	fill()
	s.FlushAll()
	check(t, s)
	if s.DB(1).Len() != 0 || db.Len() != 0 {
		t.Error("keys are left")
	}
}
