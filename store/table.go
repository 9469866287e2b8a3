package store

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"

	"cached/store/arena"
)

// The hash table: one type for the keys of a database, the fields of a large
// hash and the members of a large sorted set.
//
// A bucket is one cache line: ten one-byte tags of the hash, a flag, and ten
// references of five bytes. A lookup touches the bucket and then, as a rule, only
// the block that it is looking for. A bucket that overflows turns its last slot into
// a link to another bucket.
//
// It grows by linear hashing (Litwin 1980): bucket n-2^L is split into itself
// and bucket n, one bucket an insertion, until the number of buckets has
// doubled; no second table, no stall, no moment at which everything is
// copied. It shrinks the same way, backwards. Buckets live in chunks of 64 KiB
// behind a directory, so growth moves no bucket either. (A table with less than
// a chunk is one block that doubles.)
//
// SCAN visits buckets in the order of their reversed index, as Redis does: there,
// the two halves of a split lie next to each other, so growing and shrinking
// between two calls can repeat elements and never skip one.

const (
	bucketBytes  = 64
	bucketSteps  = bucketBytes / 8 // in steps of a Ref
	bucketSlots  = 10
	linkSlot     = bucketSlots - 1
	chainedAt    = 10 // a flag: the last slot links to an overflow bucket
	refsAt       = bucketBytes - bucketSlots*arena.RefSize
	chunkBuckets = 1024
	chunkBytes   = chunkBuckets * bucketBytes

	swarOnes  = 0x0101010101010101
	swarHighs = 0x8080808080808080
)

// keyed tells a table how to read the key from the blocks that it refers to.
type keyed uint8

const (
	byEntry keyed = iota
	byField
	byMember
)

// table is the state of one hash table. That of a database lives in its DB;
// that of a collection lives in the arena and is loaded and stored around use.
type table struct {
	a     *arena.Arena
	keyed keyed
	count uint64
	n     uint64    // buckets, overflow buckets not counted
	low   uint64    // the largest power of two that is at most n
	dir   arena.Ref // the only chunk, or with more than one the directory of chunks
}

// slot is where a table keeps one reference.
type slot struct {
	bucket uint64 // byte offset of the bucket in the arena
	index  int
}

var hashSeed = maphash.MakeSeed()

// hashOf returns the keyed hash that tables place a key by.
func hashOf(key []byte) uint64 { return maphash.Bytes(hashSeed, key) }

func tagOf(hash uint64) byte {
	tag := byte(hash >> 32)
	return tag + (tag-1)>>7&^(tag>>7) // 0 means empty: 0 becomes 1
}

func newTable(a *arena.Arena, keyed keyed) table {
	t := table{a: a, keyed: keyed, n: 1, low: 1}
	t.dir = a.Alloc(bucketBytes)
	clear(a.Bytes(t.dir, bucketBytes))
	return t
}

// newTableFor returns a table that holds count elements without growing.
func newTableFor(a *arena.Arena, keyed keyed, count int) table {
	t := newTable(a, keyed)
	for t.n*8 < uint64(count) && t.n < chunkBuckets {
		if t.addBucket(); t.n == 2*t.low {
			t.low = t.n
		}
	}
	return t
}

func (t *table) key(ref arena.Ref) []byte {
	switch t.keyed {
	case byEntry:
		return entryKey(t.a, ref)
	case byField:
		return fieldName(t.a, ref)
	default:
		return memberName(t.a, ref)
	}
}

// index returns the bucket that a hash belongs to.
func (t *table) index(hash uint64) uint64 {
	i := hash & (2*t.low - 1) & 0xffffffff
	if i >= t.n {
		i &= t.low - 1
	}
	return i
}

// bucketAt returns the byte offset of bucket i.
func (t *table) bucketAt(i uint64) uint64 {
	ref := t.dir
	if t.n > chunkBuckets {
		ref = arena.Ref(binary.LittleEndian.Uint64(t.a.From(t.dir + arena.Ref(i/chunkBuckets))))
		i %= chunkBuckets
	}
	return uint64(ref+arena.Ref(i*bucketSteps)) << 3
}

func (t *table) bytes(bucket uint64) []byte {
	return t.a.Bytes(arena.Ref(bucket>>3), bucketBytes)
}

func slotRef(b []byte, i int) arena.Ref { return getRef(b[refsAt+i*arena.RefSize:]) }

func setSlotRef(b []byte, i int, ref arena.Ref) { putRef(b[refsAt+i*arena.RefSize:], ref) }

// overflow returns the offset of the bucket that b links to, 0: none.
func overflow(b []byte) uint64 {
	if b[chainedAt] == 0 {
		return 0
	}
	return uint64(slotRef(b, linkSlot)) << 3
}

// slotsIn is the number of slots of a bucket that hold elements.
func slotsIn(b []byte) int { return bucketSlots - int(b[chainedAt]) }

// matches returns a mask with the high bit of each byte of the first eight tags that
// may equal tag. A byte above a true match may be a false one.
func matches(b []byte, tag byte) uint64 {
	x := binary.LittleEndian.Uint64(b) ^ swarOnes*uint64(tag)
	return (x - swarOnes) &^ x & swarHighs
}

// find returns where the key stands and what it refers to; a reference of 0
// means that it is not there.
func (t *table) find(key []byte, hash uint64) (slot, arena.Ref) {
	tag := tagOf(hash)
	at := t.bucketAt(t.index(hash))
	for {
		b := t.bytes(at)
		for m := matches(b, tag); m != 0; m &= m - 1 {
			i := bits.TrailingZeros64(m) >> 3
			if b[i] != tag {
				continue
			}
			if ref := slotRef(b, i); string(t.key(ref)) == string(key) {
				return slot{at, i}, ref
			}
		}
		for i := 8; i < slotsIn(b); i++ {
			if b[i] == tag {
				if ref := slotRef(b, i); string(t.key(ref)) == string(key) {
					return slot{at, i}, ref
				}
			}
		}
		if at = overflow(b); at == 0 {
			return slot{}, 0
		}
	}
}

// candidates appends the references in the bucket of a hash whose tag is that of the
// hash: the candidates, where only a part of the hash is known.
func (t *table) candidates(hash uint64, to []arena.Ref) []arena.Ref {
	tag := tagOf(hash)
	for at := t.bucketAt(t.index(hash)); at != 0; {
		b := t.bytes(at)
		for i := range slotsIn(b) {
			if b[i] == tag {
				to = append(to, slotRef(b, i))
			}
		}
		at = overflow(b)
	}
	return to
}

// set replaces the reference in a slot by another of the same key.
func (t *table) set(s slot, ref arena.Ref) { setSlotRef(t.bytes(s.bucket), s.index, ref) }

// insert adds a reference under a hash whose key is not in the table.
func (t *table) insert(hash uint64, ref arena.Ref) {
	t.count++
	t.place(t.bucketAt(t.index(hash)), tagOf(hash), ref)
	if t.n&(t.n-1) != 0 && t.count >= 4*t.n || 2*t.count > 17*t.n {
		t.split()
	}
}

// place puts a reference into the bucket at the given offset or its overflow.
func (t *table) place(at uint64, tag byte, ref arena.Ref) {
	for {
		b := t.bytes(at)
		for i := range slotsIn(b) {
			if b[i] == 0 {
				b[i] = tag
				setSlotRef(b, i, ref)
				return
			}
		}
		next := overflow(b)
		if next == 0 {
			next = t.chain(b)
		}
		at = next
	}
}

// chain links a full bucket to a new one, which takes over its last element.
func (t *table) chain(b []byte) uint64 {
	link := t.a.Alloc(bucketBytes)
	o := t.a.Bytes(link, bucketBytes)
	clear(o)
	o[0] = b[linkSlot]
	setSlotRef(o, 0, slotRef(b, linkSlot))
	b[chainedAt], b[linkSlot] = 1, 0
	setSlotRef(b, linkSlot, link)
	return uint64(link) << 3
}

// remove takes an element out. The hole in a chain is filled from the end of the chain,
// so only the last bucket of a chain is ever partly empty.
func (t *table) remove(hash uint64, s slot) {
	t.count--
	b := t.bytes(s.bucket)
	b[s.index] = 0
	t.compact(t.bucketAt(t.index(hash)), s)
	if t.n > 1 && t.count < 2*t.n {
		t.merge()
	}
}

func (t *table) compact(home uint64, hole slot) {
	var before []byte
	last := home
	b := t.bytes(home)
	for overflow(b) != 0 {
		before, last = b, overflow(b)
		b = t.bytes(last)
	}
	if before == nil {
		return
	}
	for i := range bucketSlots {
		if b[i] == 0 {
			continue
		}
		if last != hole.bucket {
			into := t.bytes(hole.bucket)
			into[hole.index] = b[i]
			setSlotRef(into, hole.index, slotRef(b, i))
			b[i] = 0
		}
		break
	}
	for i := range bucketSlots {
		if b[i] != 0 {
			return
		}
	}
	before[chainedAt], before[linkSlot] = 0, 0
	t.a.Free(arena.Ref(last>>3), bucketBytes)
}

// drain appends what a bucket and its overflow refer to and leaves the bucket empty.
func (t *table) drain(i uint64, to []arena.Ref) []arena.Ref {
	to = t.appendBucket(i, to)
	b := t.bytes(t.bucketAt(i))
	for at := overflow(b); at != 0; {
		next := overflow(t.bytes(at))
		t.a.Free(arena.Ref(at>>3), bucketBytes)
		at = next
	}
	clear(b)
	return to
}

// appendBucket appends what bucket i and its overflow refer to.
func (t *table) appendBucket(i uint64, to []arena.Ref) []arena.Ref {
	for at := t.bucketAt(i); at != 0; {
		b := t.bytes(at)
		for i := range slotsIn(b) {
			if b[i] != 0 {
				to = append(to, slotRef(b, i))
			}
		}
		at = overflow(b)
	}
	return to
}

// split adds a bucket and moves to it what belongs there from the one that is split.
func (t *table) split() {
	from := t.n - t.low
	t.addBucket()
	if t.n == 2*t.low {
		t.low = t.n
	}
	t.replace(from)
}

// merge moves the last bucket into the one that it was split from.
func (t *table) merge() {
	if t.n == t.low {
		t.low /= 2
	}
	var room [32]arena.Ref
	refs := t.drain(t.n-1, room[:0])
	t.dropBucket()
	for _, ref := range refs {
		hash := hashOf(t.key(ref))
		t.place(t.bucketAt(t.index(hash)), tagOf(hash), ref)
	}
}

// replace takes everything out of a bucket and puts it where it belongs now.
func (t *table) replace(i uint64) {
	var room [32]arena.Ref
	for _, ref := range t.drain(i, room[:0]) {
		hash := hashOf(t.key(ref))
		t.place(t.bucketAt(t.index(hash)), tagOf(hash), ref)
	}
}

// addBucket makes room for bucket n, empty, and counts it.
func (t *table) addBucket() {
	switch {
	case t.n < chunkBuckets:
		if t.n&(t.n-1) == 0 {
			t.resizeBlock(&t.dir, t.n*bucketBytes, 2*t.n*bucketBytes)
		}
		t.n++
		clear(t.bytes(t.bucketAt(t.n - 1)))
		return
	case t.n == chunkBuckets:
		first := t.dir
		t.dir = t.a.Alloc(16)
		binary.LittleEndian.PutUint64(t.a.Bytes(t.dir, 8), uint64(first))
	case t.n%chunkBuckets == 0:
		if chunks := t.n / chunkBuckets; chunks&(chunks-1) == 0 {
			t.resizeBlock(&t.dir, chunks*8, chunks*16)
		}
	default:
		t.n++
		clear(t.bytes(t.bucketAt(t.n - 1)))
		return
	}
	chunk := t.a.Alloc(chunkBytes)
	binary.LittleEndian.PutUint64(t.a.Bytes(t.dir+arena.Ref(t.n/chunkBuckets), 8), uint64(chunk))
	t.n++
	clear(t.bytes(t.bucketAt(t.n - 1)))
}

// dropBucket gives the room of bucket n-1 back, which is empty.
func (t *table) dropBucket() {
	last := t.n - 1
	switch {
	case last < chunkBuckets && t.n <= chunkBuckets:
		t.n = last
		if last&(last-1) == 0 {
			t.resizeBlock(&t.dir, 2*last*bucketBytes, last*bucketBytes)
		}
	case last%chunkBuckets == 0:
		t.a.Free(arena.Ref(t.bucketAt(last)>>3), chunkBytes)
		t.n = last
		chunks := last / chunkBuckets
		if chunks == 1 {
			first := arena.Ref(binary.LittleEndian.Uint64(t.a.Bytes(t.dir, 8)))
			t.a.Free(t.dir, 16)
			t.dir = first
		} else if chunks&(chunks-1) == 0 {
			t.resizeBlock(&t.dir, chunks*16, chunks*8)
		}
	default:
		t.n = last
	}
}

func (t *table) resizeBlock(ref *arena.Ref, from, to uint64) {
	fresh := t.a.Alloc(int(to))
	copy(t.a.Bytes(fresh, int(to)), t.a.Bytes(*ref, int(from)))
	t.a.Free(*ref, int(from))
	*ref = fresh
}

// dismantle frees up to budget elements, from the last bucket down, by calling
// free for each; it answers false when the table is gone.
func (t *table) dismantle(budget *int, free func(arena.Ref)) bool {
	var room [32]arena.Ref
	for *budget > 0 {
		refs := t.drain(t.n-1, room[:0])
		for _, ref := range refs {
			free(ref)
		}
		t.count -= uint64(len(refs))
		*budget -= 1 + len(refs)
		if t.n == 1 {
			t.a.Free(t.dir, bucketBytes)
			t.dir = 0
			return false
		}
		t.dropBucket()
	}
	return true
}

// scan appends what the bucket under the cursor refers to and returns the cursor
// of the next one, 0 after the last.
func (t *table) scan(cursor uint64, to []arena.Ref) (uint64, []arena.Ref) {
	mask := 2*t.low - 1
	i := cursor & mask
	if i >= t.n {
		i &= t.low - 1
	}
	if i+t.low >= t.n && i < t.low {
		mask = t.low - 1 // this bucket is not split yet
	}
	to = t.appendBucket(i, to)
	// Count up in the reversed bits, those above the mask set so that the carry
	// leaves them.
	cursor |= ^mask
	cursor = bits.Reverse64(bits.Reverse64(cursor) + 1)
	return cursor, to
}

// load and save keep a collection's table in the arena.
const tableBytes = 8 + 8 + arena.RefSize

func loadTable(a *arena.Arena, keyed keyed, b []byte) table {
	n := binary.LittleEndian.Uint64(b[8:])
	return table{a: a, keyed: keyed, count: binary.LittleEndian.Uint64(b), n: n,
		low: 1 << (bits.Len64(n) - 1), dir: getRef(b[16:])}
}

func (t *table) save(b []byte) {
	binary.LittleEndian.PutUint64(b, t.count)
	binary.LittleEndian.PutUint64(b[8:], t.n)
	putRef(b[16:], t.dir)
}
