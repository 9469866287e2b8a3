// Package store is the keyspace: databases of keys with strings, hashes and
// sorted sets, their deadlines, and the structures that they are made of. All of it
// lives in an arena.
//
// The package knows no protocol, does no I/O, starts no goroutine, takes no
// lock and reads no clock: SetTime is told the time. One goroutine owns a Store.
// Slices that it returns alias the arena and are valid until the next change.
package store

import (
	"cached/store/arena"
)

// NumDBs is the number of databases that SELECT chooses from.
const NumDBs = 16

// Store is a set of databases in one arena.
type Store struct {
	arena   *arena.Arena
	reserve uint64
	now     Time
	clock   uint32 // access clock of an entry that is used now: seconds, 24 bits
	dbs     [NumDBs]*DB

	Limits        Limits
	LFU           LFU
	Expired       uint64 // keys that went at their deadline
	ExpiredFields uint64
	Changes       uint64 // changes since the store was opened

	// ActiveExpire is whether keys go at their deadline, or only when they are asked for.
	ActiveExpire bool

	soonest soonest
	garbage garbage
	scratch []byte // for values that are made while they are read
	refs    []arena.Ref
	warmed  uint64 // see Warm
}

// Limits are the sizes up to which collections stay compact, as in redis.conf.
type Limits struct {
	HashEntries, HashValueBytes int
	ZSetEntries, ZSetValueBytes int
}

// DefaultLimits are Redis 7's.
var DefaultLimits = Limits{HashEntries: 512, HashValueBytes: 64, ZSetEntries: 128, ZSetValueBytes: 64}

// DB is one database: keys and their deadlines.
type DB struct {
	*Store
	keys    table
	expires [2]index // by clock: relative, absolute deadlines of keys
	fields  [2]index // the same for fields of hashes
	ttlSum  [2]float64
}

// Open returns an empty store. reserve is the address space to reserve in bytes, 0:
// the default.
func Open(reserve uint64) (*Store, error) {
	s := &Store{reserve: reserve, Limits: DefaultLimits, LFU: DefaultLFU, ActiveExpire: true}
	var err error
	if s.arena, err = arena.Open(reserve); err != nil {
		return nil, err
	}
	for i := range s.dbs {
		s.dbs[i] = &DB{Store: s}
		s.dbs[i].reset()
	}
	return s, nil
}

// Close gives all memory back; the store cannot be used after.
func (s *Store) Close() error {
	for _, a := range s.garbage.arenas {
		a.Close()
	}
	return s.arena.Close()
}

func (db *DB) reset() {
	db.soonest.known = false
	db.keys = newTable(db.arena, byEntry)
	for i := range db.expires {
		db.expires[i] = newIndex(keyItemBytes)
		db.fields[i] = newIndex(fieldItemBytes)
		db.ttlSum[i] = 0
	}
}

// DB returns database i, 0 ≤ i < NumDBs.
func (s *Store) DB(i int) *DB { return s.dbs[i] }

// Swap exchanges two databases.
func (s *Store) Swap(i, j int) {
	s.dbs[i], s.dbs[j] = s.dbs[j], s.dbs[i]
	s.Changes++
}

// SetTime tells the store what time it is; deadlines are judged by it until the
// next call.
func (s *Store) SetTime(now Time) {
	s.now = now
	s.clock = uint32(now.Mono/1000) & (1<<24 - 1)
}

// Now returns the time that SetTime was told.
func (s *Store) Now() Time { return s.now }

// UsedBytes returns the bytes of the arena that are in use.
func (s *Store) UsedBytes() uint64 {
	used := s.arena.Used()
	for _, a := range s.garbage.arenas {
		used += a.Used()
	}
	return used
}

// willChange is called before an entry is changed or freed, and with 0 before
// one is added: every write passes here.
func (db *DB) willChange(arena.Ref) { db.Changes++ }

// Len returns the number of keys, those included that are due and not yet gone.
func (db *DB) Len() int { return int(db.keys.count) }

// Volatile returns the number of keys with a deadline, and the mean of what they
// have left to live in milliseconds.
func (db *DB) Volatile() (count int, meanTTL int64) {
	var left float64
	for clock := range db.expires {
		live := db.expires[clock].live
		count += int(live)
		left += db.ttlSum[clock] - float64(db.nowOn(clock))*float64(live)
	}
	if count == 0 {
		return 0, 0
	}
	return count, max(int64(left/float64(count)), 0)
}

// Find returns the entry of a key and counts it as used. A key whose deadline
// has come is removed and not found.
func (db *DB) Find(key []byte) (Entry, bool) {
	e, ok := db.Peek(key)
	if ok {
		db.use(&e)
	}
	return e, ok
}

// Peek is Find without counting the key as used.
func (db *DB) Peek(key []byte) (Entry, bool) {
	e := Entry{db: db, hash: hashOf(key)}
	e.at, e.ref = db.keys.find(key, e.hash)
	if e.ref == 0 {
		return e, false
	}
	e.open()
	if d := e.Deadline(); d != 0 && d.Due(db.now) {
		db.expire(&e)
		return Entry{db: db, hash: e.hash}, false
	}
	return e, true
}

// expire removes an entry whose deadline has come.
func (db *DB) expire(e *Entry) {
	db.Expired++
	db.Remove(e)
}

// Remove takes an entry out of its database and frees it. A large
// collection is freed by Housekeep.
func (db *DB) Remove(e *Entry) {
	db.willChange(e.ref)
	if d := e.Deadline(); d != 0 {
		db.countVolatile(d, -1)
	}
	e.uncountFields()
	db.keys.remove(e.hash, e.at)
	db.release(e)
	e.ref = 0
}

// Delete removes a key and reports whether it was there.
func (db *DB) Delete(key []byte) bool {
	e, ok := db.Peek(key)
	if ok {
		db.Remove(&e)
	}
	return ok
}

// entryAt returns a handle on the entry at ref.
func (db *DB) entryAt(ref arena.Ref) Entry {
	key := entryKey(db.arena, ref)
	e := Entry{db: db, hash: hashOf(key), ref: ref}
	e.at, _ = db.keys.find(key, e.hash)
	e.open()
	return e
}

// Scan calls visit for the keys under the cursor and returns the cursor to go
// on with, 0 at the end. Every key that is there from the first call to the last
// is visited at least once. visit gets the entry and must not change the database.
func (db *DB) Scan(cursor uint64, visit func(e *Entry)) uint64 {
	next, refs := db.keys.scan(cursor, db.refs[:0])
	db.refs = refs[:0]
	for _, ref := range refs { // all at once, see Warm
		db.warmed += uint64(db.arena.From(ref)[0])
	}
	for _, ref := range refs {
		e := Entry{db: db, ref: ref}
		e.open()
		if !e.Deadline().Due(db.now) {
			visit(&e)
		}
	}
	return next
}

// Random returns a key chosen at random; false: there is none. Cost: O(1)
// expected.
func (db *DB) Random() (Entry, bool) {
	for range 1000 {
		if db.keys.count == 0 {
			break
		}
		e := db.entryAt(db.keys.random())
		if !e.Deadline().Due(db.now) {
			return e, true
		}
		db.expire(&e)
	}
	// Nearly all are due: look at every one.
	var found Entry
	for cursor := db.Scan(0, func(e *Entry) { found = *e }); cursor != 0 && found.ref == 0; {
		cursor = db.Scan(cursor, func(e *Entry) { found = *e })
	}
	if found.ref != 0 {
		return db.entryAt(found.ref), true
	}
	return Entry{}, false
}

// Flush empties one database. The memory is given back by Housekeep.
func (db *DB) Flush() {
	db.Changes += db.keys.count
	for _, other := range db.dbs {
		if other != db && other.Len() > 0 {
			db.discard()
			return
		}
	}
	db.FlushAll()
}

// flushInPlaceBytes is up to what size FLUSHALL frees keys one by one.
const flushInPlaceBytes = 1 << 20

// FlushAll empties every database: the store goes on in a fresh arena, and the
// old one is given back by Housekeep.
func (s *Store) FlushAll() {
	// A small arena is not worth the exchange, and only one at a time is taken apart.
	var fresh *arena.Arena
	if s.arena.Used() > flushInPlaceBytes && len(s.garbage.arenas) == 0 {
		fresh, _ = arena.Open(s.reserve)
	}
	if fresh != nil && fresh.Reserved() < s.arena.Reserved() { // address space is scarce
		fresh.Close()
		fresh = nil
	}
	if fresh == nil {
		for _, db := range s.dbs {
			s.Changes += db.keys.count
			db.discard()
		}
		return
	}
	s.garbage = garbage{arenas: append(s.garbage.arenas, s.arena)}
	s.arena = fresh
	for _, db := range s.dbs {
		s.Changes += db.keys.count
		db.reset()
	}
}

// VolatileFields returns the number of hash fields with a deadline.
func (db *DB) VolatileFields() int { return int(db.fields[relative].live + db.fields[absolute].live) }
