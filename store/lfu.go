package store

import "math/rand/v2"

// LFU is the policy of the access clock. With On, the clock of an entry is a
// logarithmic counter of its uses that decays (Redis: 16 bits minutes, 8 bits
// counter); without, it is the second of its last use.
type LFU struct {
	On           bool
	LogFactor    int // how slowly the counter grows
	DecayMinutes int // minutes after which it shrinks by one, 0: never
}

// DefaultLFU is Redis's.
var DefaultLFU = LFU{LogFactor: 10, DecayMinutes: 1}

const lfuInitial = 5

func (s *Store) minutes() uint32 { return uint32(s.now.Mono/60000) & 0xffff }

// freshClock is the access clock of an entry that is made now.
func (s *Store) freshClock() uint32 {
	if s.LFU.On {
		return s.minutes()<<8 | lfuInitial
	}
	return s.clock
}

func (e *Entry) clock() uint32 {
	b := e.bytes()
	return uint32(b[2]) | uint32(b[3])<<8 | uint32(b[4])<<16
}

func (e *Entry) setClock(c uint32) {
	b := e.bytes()
	b[2], b[3], b[4] = byte(c), byte(c>>8), byte(c>>16)
}

// use counts the entry as used now.
func (db *DB) use(e *Entry) {
	c := db.clock
	if db.LFU.On {
		c = db.minutes()<<8 | db.lfuCount(e.Frequency())
	}
	if e.clock() != c {
		e.setClock(c)
	}
}

// Use counts the entry as used now: TOUCH.
func (e *Entry) Use() { e.db.use(e) }

// lfuCount returns the counter after one more use: the larger it is, the less
// likely it grows.
func (s *Store) lfuCount(counter uint32) uint32 {
	if counter == 255 {
		return 255
	}
	above := max(float64(counter)-lfuInitial, 0)
	if rand.Float64() < 1/(above*float64(s.LFU.LogFactor)+1) {
		counter++
	}
	return counter
}

// Frequency returns the decayed counter of uses, 0 to 255; only meaningful
// with LFU.On.
func (e *Entry) Frequency() uint32 {
	clock := e.clock()
	counter := clock & 255
	if e.db.LFU.DecayMinutes > 0 {
		elapsed := (e.db.minutes() - clock>>8) & 0xffff
		counter -= min(counter, elapsed/uint32(e.db.LFU.DecayMinutes))
	}
	return counter
}

// IdleSeconds returns the time since the last use; only meaningful without LFU.On.
func (e *Entry) IdleSeconds() int64 {
	return int64((e.db.clock - e.clock()) & (1<<24 - 1))
}

// Clock returns the access clock as it is kept: 24 bits.
func (e *Entry) Clock() uint32 { return e.clock() }

// Address returns where the entry lies in the arena, in bytes.
func (e *Entry) Address() uint64 { return uint64(e.ref) << 3 }

// Size returns the bytes of the entry itself, without the blocks of a large value.
func (e *Entry) Size() int { return e.size() }
