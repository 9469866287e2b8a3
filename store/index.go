package store

import (
	"github.com/tidwall/btree"

	"cached/store/arena"
)

// The expiry index: which keys (or fields of hashes) are due when, exact to the
// millisecond, at five bytes a key.
//
// The design asks for a B-tree of (deadline, hash). Measured, that is 24 bytes a
// key on the Go heap and 2 to 4 µs an update at five million keys. This index is
// an ordered map of slots instead, each an unordered list of key hashes in
// the arena. A slot's width grows with its distance, as in a hierarchical timing wheel
// (Varghese and Lauck 1987): what is due within 64 ms stands in a slot of
// 1 ms, within 4 s in one of 64 ms, and so on by factors of 64. When the
// earliest slot comes up, what is due goes and the rest is put into narrower
// slots; a key is moved at most once a level. There are at most a few hundred
// slots, so the tree is small, stays in cache, and is only touched when the slot
// that is written to changes.
//
// The index is lazy: an item is a hash and nothing more, the entry has the deadline. A
// deadline that moves later leaves its item where it is, to be put back when it
// comes up; an item whose key is gone is dropped when it comes up. Only a deadline that
// moves earlier needs a new item. When items outnumber the living two to one, a
// sweep goes through them all, a slice at a time, and keeps one of each.

const (
	slotBits   = 6
	slotLevels = 10
	maxSlotMs  = 1 << 58 // later deadlines share the last slot
	levelBits  = 4

	keyItemBytes   = 5  // the low 40 bits of the key's hash
	fieldItemBytes = 10 // those of the key's and of the field's

	chunkItemsAt       = arena.RefSize // a chunk: reference of the next one, then items
	indexChunkBytes    = 1024
	sweepMinItems      = 1 << 16
	itemHashMask       = 1<<40 - 1
	relative, absolute = 0, 1
)

// index is the index of one clock.
type index struct {
	itemBytes int
	slots     slotMap
	old       slotMap // what a sweep has yet to go through
	recent    [slotLevels]struct {
		key  uint64
		list *slotList
	}
	items, live uint64
	parity      byte // flagParity or 0: that of entries with an item in slots
}

// slotMap orders slots by their first millisecond, then their level.
type slotMap = btree.Map[uint64, *slotList]

type slotList struct {
	head arena.Ref // the chunk that is written to
	fill int       // bytes used of it
}

// item is one element of the index: hashes of a key and, for fields, of the field.
type item struct{ key, field uint64 }

func newIndex(itemBytes int) index { return index{itemBytes: itemBytes} }

// slotFor returns the slot for a deadline as seen from now.
func slotFor(deadlineMs, nowMs int64) (key uint64, level int) {
	at := min(max(deadlineMs, 0), maxSlotMs)
	for left := (at - nowMs) >> slotBits; left > 0 && level < slotLevels-1; left >>= slotBits {
		level++
	}
	start := uint64(at) >> (slotBits * level) << (slotBits * level)
	return start<<levelBits | uint64(level), level
}

// place adds an item. Cost: O(1), and O(log slots) when the slot is not the one last
// used on its level.
func (x *index) place(a *arena.Arena, it item, deadlineMs, nowMs int64) (startMs int64) {
	key, level := slotFor(deadlineMs, nowMs)
	recent := &x.recent[level]
	if recent.list == nil || recent.key != key {
		list, ok := x.slots.Get(key)
		if !ok {
			list = &slotList{}
			x.slots.Set(key, list)
		}
		recent.key, recent.list = key, list
	}
	list := recent.list
	if list.head == 0 || list.fill+x.itemBytes > indexChunkBytes {
		chunk := a.Alloc(indexChunkBytes)
		putRef(a.Bytes(chunk, indexChunkBytes), list.head)
		list.head, list.fill = chunk, chunkItemsAt
	}
	b := a.Bytes(list.head, indexChunkBytes)[list.fill:]
	putRef(b, arena.Ref(it.key&itemHashMask))
	if x.itemBytes == fieldItemBytes {
		putRef(b[keyItemBytes:], arena.Ref(it.field&itemHashMask))
	}
	list.fill += x.itemBytes
	x.items++
	return int64(key >> levelBits)
}

// take removes an item from the earliest slot if that begins by nowMs, else one
// that a sweep has to look at. swept tells which; ok is false when there is neither.
func (x *index) take(a *arena.Arena, nowMs int64) (it item, swept, ok bool) {
	slots := &x.slots
	key, list, found := slots.Min()
	if !found || int64(key>>levelBits) > nowMs {
		slots = &x.old
		if key, list, found = slots.Min(); !found {
			return item{}, false, false
		}
		swept = true
	}
	list.fill -= x.itemBytes
	chunk := a.Bytes(list.head, indexChunkBytes)
	it.key = uint64(getRef(chunk[list.fill:]))
	if x.itemBytes == fieldItemBytes {
		it.field = uint64(getRef(chunk[list.fill+keyItemBytes:]))
	}
	x.items--
	if list.fill == chunkItemsAt {
		next := getRef(chunk)
		a.Free(list.head, indexChunkBytes)
		list.head = next
		list.fill = chunkItemsAt + (indexChunkBytes-chunkItemsAt)/x.itemBytes*x.itemBytes
		if next == 0 {
			slots.Delete(key)
			x.recent = [slotLevels]struct {
				key  uint64
				list *slotList
			}{}
		}
	}
	return it, swept, true
}

// next returns the millisecond at which there is work; ok is false when never.
func (x *index) next(nowMs int64) (startMs int64, ok bool) {
	if x.old.Len() > 0 {
		return nowMs, true
	}
	key, _, ok := x.slots.Min()
	return int64(key >> levelBits), ok
}

// sweepIfStale begins a sweep when most items are stale.
func (s *Store) sweepIfStale(x *index) {
	if x.items < 2*x.live+sweepMinItems || x.old.Len() > 0 {
		return
	}
	s.soonest.known = false
	x.old, x.slots = x.slots, slotMap{}
	x.recent = index{}.recent
	x.parity ^= flagParity
}

func (x *index) discard(g *garbage) {
	for _, slots := range []*slotMap{&x.slots, &x.old} {
		slots.Scan(func(_ uint64, list *slotList) bool {
			g.chunks = append(g.chunks, list.head)
			return true
		})
	}
	*x = newIndex(x.itemBytes)
}

func (s *Store) freeChunk(chunks *[]arena.Ref) {
	last := len(*chunks) - 1
	ref := (*chunks)[last]
	next := getRef(s.arena.Bytes(ref, indexChunkBytes))
	s.arena.Free(ref, indexChunkBytes)
	if (*chunks)[last] = next; next == 0 {
		*chunks = (*chunks)[:last]
	}
}

// soonest caches when the next slot of any index comes up, on each clock.
type soonest struct {
	known bool
	ms    [2]int64
}

const never = 1<<63 - 1

// DueIn returns the milliseconds until Housekeep has keys to look at; ok is false when no
// key has a deadline.
func (s *Store) DueIn() (ms int64, ok bool) {
	if !s.ActiveExpire {
		return 0, false
	}
	if !s.soonest.known {
		s.findSoonest()
	}
	ms = min(s.soonest.ms[relative]-s.now.Mono, s.soonest.ms[absolute]-s.now.Wall)
	return max(ms, 0), s.soonest.ms != [2]int64{never, never}
}

func (s *Store) findSoonest() {
	s.soonest = soonest{known: true, ms: [2]int64{never, never}}
	for _, db := range s.dbs {
		for clock := range 2 {
			now := db.nowOn(clock)
			for _, x := range []*index{&db.expires[clock], &db.fields[clock]} {
				if at, ok := x.next(now); ok {
					s.soonest.ms[clock] = min(s.soonest.ms[clock], at)
				}
			}
		}
	}
}

func (s *Store) nowOn(clock int) int64 {
	if clock == absolute {
		return s.now.Wall
	}
	return s.now.Mono
}

func clockOf(d Deadline) int { return int(d >> 63) }

// countVolatile counts a key with deadline d in or out.
func (db *DB) countVolatile(d Deadline, by int) {
	clock := clockOf(d)
	db.expires[clock].live += uint64(by)
	db.ttlSum[clock] += float64(by) * float64(d.ms())
}

// rescheduled follows a change of a key's deadline.
func (db *DB) rescheduled(e *Entry, old, now Deadline) {
	if old != 0 {
		db.countVolatile(old, -1)
	}
	if now == 0 {
		return
	}
	db.countVolatile(now, +1)
	if old == 0 || clockOf(old) != clockOf(now) || now < old {
		db.schedule(e, now)
	}
}

// schedule adds an item for the key.
func (db *DB) schedule(e *Entry, d Deadline) {
	clock := clockOf(d)
	x := &db.expires[clock]
	db.sweepIfStale(x)
	b := e.bytes()
	b[1] = b[1]&^flagParity | x.parity
	db.placed(clock, x.place(db.arena, item{key: e.hash}, d.ms(), db.nowOn(clock)))
}

func (s *Store) placed(clock int, startMs int64) {
	if s.soonest.ms[clock] > startMs {
		s.soonest.ms[clock] = startMs
	}
}

// scheduleField adds an item for a field of a hash and returns the parity to store.
func (db *DB) scheduleField(keyHash uint64, field []byte, d Deadline) (parity Deadline) {
	clock := clockOf(d)
	x := &db.fields[clock]
	db.sweepIfStale(x)
	db.placed(clock, x.place(db.arena, item{keyHash, hashOf(field)}, d.ms(), db.nowOn(clock)))
	return x.fieldParity()
}

func (x *index) fieldParity() Deadline {
	if x.parity == 0 {
		return 0
	}
	return fieldParity
}

// expireDue removes what is due and puts back what is not, up to the budget.
func (s *Store) expireDue(budget *int) {
	if in, ok := s.DueIn(); !ok || in > 0 {
		return
	}
	for _, db := range s.dbs {
		for clock := range 2 {
			db.expireKeys(clock, budget)
			db.expireFields(clock, budget)
		}
	}
	s.soonest.known = false
}

func (db *DB) expireKeys(clock int, budget *int) {
	x := &db.expires[clock]
	now := db.nowOn(clock)
	for *budget > 0 {
		it, swept, ok := x.take(db.arena, now)
		if !ok {
			return
		}
		*budget--
		refs := db.keys.candidates(it.key, db.refs[:0])
		db.refs = refs[:0]
		for _, ref := range refs {
			e := Entry{db: db, ref: ref}
			e.open()
			d := e.Deadline()
			if d == 0 || clockOf(d) != clock || hashOf(e.Key())&itemHashMask != it.key {
				continue
			}
			if d.Due(db.now) {
				e = db.entryAt(ref)
				db.expire(&e)
				continue
			}
			b := e.bytes()
			if swept && b[1]&flagParity == x.parity {
				continue // an earlier item of this key was kept
			}
			b[1] = b[1]&^flagParity | x.parity
			x.place(db.arena, it, d.ms(), now)
		}
	}
}

// ReapFields removes every hash field that is due. For commands that count or choose
// among the fields of a hash, which must not see those.
func (db *DB) ReapFields() {
	for clock := range 2 {
		x, now := &db.fields[clock], db.nowOn(clock)
		for {
			if key, _, ok := x.slots.Min(); x.old.Len() == 0 && (!ok || int64(key>>levelBits) > now) || x.live == 0 {
				break
			}
			budget := 1
			db.expireFields(clock, &budget)
		}
	}
	db.soonest.known = false
}

func (db *DB) expireFields(clock int, budget *int) {
	x := &db.fields[clock]
	for *budget > 0 {
		it, swept, ok := x.take(db.arena, db.nowOn(clock))
		if !ok {
			return
		}
		*budget--
		refs := db.keys.candidates(it.key, db.refs[:0])
		db.refs = refs[:0]
		for _, ref := range refs {
			if entryType(db.arena, ref) != Hash || hashOf(entryKey(db.arena, ref))&itemHashMask != it.key {
				continue
			}
			e := db.entryAt(ref)
			*budget -= e.expireField(clock, it.field, swept)
			break
		}
	}
}
