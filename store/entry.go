package store

import (
	"encoding/binary"

	"cached/store/arena"
)

// An entry is one key with what it holds, in one block of the arena:
//
//	kind      1 byte: type in the low four bits, encoding in the high four
//	flags     1 byte
//	clock     3 bytes: when it was last used (LRU) or how often (LFU)
//	key size  uvarint
//	deadline  8 bytes, only with flagDeadline
//	key
//	payload   by encoding: the number, the string, the pack, or the root of a
//	          collection that lives in blocks of its own

// Type is the type of a key's value.
type Type byte

// The types, in the order of Redis's OBJ_ constants.
const (
	String Type = iota
	_           // list
	_           // set
	ZSet
	Hash
)

// Encoding is how a value is laid out.
type Encoding byte

// The encodings. Raw differs from Inline only in its name: Redis calls a string
// raw once a command has changed it in place.
const (
	Int Encoding = iota
	Inline
	Raw
	External
	Pack
	PackTTL
	Table
	Skiplist
)

const (
	flagDeadline byte = 1 << iota
	flagParity        // see index.sweep
	widthShift   = 5  // Int: bytes of the number, less one
	headBytes    = 5

	// A string of up to this many bytes lives in its entry. Above, it has a block of
	// its own, so that renaming or expiring the key does not copy it.
	inlineMaxBytes = 2048
	externalBytes  = 3 * arena.RefSize // reference, length, capacity
)

// Entry is a handle on a key's entry, good until the next change of its database
// that is not made through it.
type Entry struct {
	db      *DB
	hash    uint64
	at      slot
	ref     arena.Ref
	key     uint32 // offset of the key in the block
	payload uint32 // offset of the payload
}

// entryKey returns the key of the entry at ref.
func entryKey(a *arena.Arena, ref arena.Ref) []byte {
	b := a.From(ref)
	size, n := uvarint(b[headBytes:])
	at := headBytes + n + int(b[1]&flagDeadline)*8
	return b[at : at+int(size)]
}

// open parses the head of the entry that e.ref names.
func (e *Entry) open() {
	b := e.db.arena.From(e.ref)
	size, n := uvarint(b[headBytes:])
	e.key = uint32(headBytes + n + int(b[1]&flagDeadline)*8)
	e.payload = e.key + uint32(size)
}

func (e *Entry) bytes() []byte { return e.db.arena.From(e.ref) }

// Key returns the key; it aliases the arena.
func (e *Entry) Key() []byte { return e.bytes()[e.key:e.payload] }

// Type returns the type of the value.
func (e *Entry) Type() Type { return Type(e.bytes()[0] & 15) }

// Encoding returns how the value is laid out.
func (e *Entry) Encoding() Encoding { return Encoding(e.bytes()[0] >> 4) }

// Deadline returns when the key goes, 0: never.
func (e *Entry) Deadline() Deadline {
	b := e.bytes()
	if b[1]&flagDeadline == 0 {
		return 0
	}
	return Deadline(binary.LittleEndian.Uint64(b[e.key-8:]))
}

func kindOf(t Type, enc Encoding) byte { return byte(t) | byte(enc)<<4 }

// payloadSize returns the bytes of the payload, which its encoding tells.
func (e *Entry) payloadSize() int {
	b := e.bytes()
	switch Encoding(b[0] >> 4) {
	case Int:
		return int(b[1]>>widthShift) + 1
	case External:
		return externalBytes
	case Table:
		return hashRootBytes
	case Skiplist:
		return zsetRootBytes
	default:
		size, n := uvarint(b[e.payload:])
		return int(size) + n
	}
}

func (e *Entry) size() int { return int(e.payload) + e.payloadSize() }

// root returns the payload of a collection in blocks of its own.
func (e *Entry) root(size int) []byte {
	b := e.bytes()
	return b[e.payload : int(e.payload)+size]
}

// packed returns the pack of an entry with encoding Pack or PackTTL.
func (e *Entry) packed() pack {
	b := e.bytes()[e.payload:]
	size, n := uvarint(b)
	return pack(b[n : n+int(size)])
}

// layout is what an entry's block is to hold.
type layout struct {
	typ      Type
	enc      Encoding
	deadline Deadline
	payload  int // bytes
	width    int // Int: bytes of the number
}

func (l layout) head(parity byte) (kind, flags byte) {
	flags = parity
	if l.deadline != 0 {
		flags |= flagDeadline
	}
	if l.enc == Int {
		flags |= byte(l.width-1) << widthShift
	}
	return kindOf(l.typ, l.enc), flags
}

// writeHead writes everything before the payload into b and returns the offsets.
func writeHead(b []byte, l layout, clock uint32, parity byte, key []byte) (keyAt, payloadAt uint32) {
	b[0], b[1] = l.head(parity)
	b[2], b[3], b[4] = byte(clock), byte(clock>>8), byte(clock>>16)
	at := headBytes + putUvarint(b[headBytes:], uint64(len(key)))
	if l.deadline != 0 {
		putDeadline(b[at:], l.deadline)
		at += 8
	}
	copy(b[at:], key)
	return uint32(at), uint32(at + len(key))
}

func headSize(l layout, key []byte) int {
	size := headBytes + uvarintLen(uint64(len(key))) + len(key)
	if l.deadline != 0 {
		size += 8
	}
	return size
}

// create makes an entry for a key that is not in the database. The payload is
// the caller's to write.
func (db *DB) create(key []byte, hash uint64, l layout) Entry {
	e := Entry{db: db, hash: hash}
	size := headSize(l, key) + l.payload
	e.ref = db.arena.Alloc(size)
	e.key, e.payload = writeHead(db.arena.Bytes(e.ref, size), l, db.freshClock(), 0, key)
	db.willChange(0)
	db.keys.insert(hash, e.ref)
	if l.deadline != 0 {
		db.countVolatile(l.deadline, +1)
		db.schedule(&e, l.deadline)
	}
	return e
}

// createFound is create for an entry that the command goes on to change: its slot is
// looked up.
func (db *DB) createFound(key []byte, l layout) Entry {
	e := db.create(key, hashOf(key), l)
	e.at, _ = db.keys.find(key, e.hash)
	return e
}

// createPacked makes an empty compact collection.
func (db *DB) createPacked(key []byte, t Type) Entry {
	e := db.createFound(key, layout{typ: t, enc: Pack, payload: 1})
	e.bytes()[e.payload] = 0
	return e
}

// reshape gives the entry the layout l and keeps its key and as much of its
// payload as fits. The block moves only when its size class or the presence
// of a deadline changes.
func (e *Entry) reshape(l layout) {
	e.db.willChange(e.ref)
	e.relayout(l)
}

// overwrite gives the entry the layout l for another value: what its payload referred to
// is freed. The new payload is the caller's to write.
func (e *Entry) overwrite(l layout) {
	e.db.willChange(e.ref)
	e.uncountFields()
	e.db.releasePayload(e)
	e.relayout(l)
}

func (e *Entry) relayout(l layout) {
	db := e.db
	b := e.bytes()
	old := e.Deadline()
	if (old != 0) == (l.deadline != 0) &&
		arena.Usable(e.size()) == arena.Usable(int(e.payload)+l.payload) {
		b[0], b[1] = l.head(b[1] & flagParity)
		if old != 0 {
			putDeadline(b[e.key-8:], l.deadline)
		}
	} else {
		e.move(l)
	}
	if old != l.deadline {
		db.rescheduled(e, old, l.deadline)
	}
}

// move copies the entry to a block for layout l.
func (e *Entry) move(l layout) {
	db := e.db
	b, oldSize := e.bytes(), e.size()
	key := e.Key()
	size := headSize(l, key) + l.payload
	ref := db.arena.Alloc(size)
	fresh := db.arena.Bytes(ref, size)
	keyAt, payloadAt := writeHead(fresh, l, e.clock(), b[1]&flagParity, key)
	copy(fresh[payloadAt:], b[e.payload:oldSize])
	db.arena.Free(e.ref, oldSize)
	db.keys.set(e.at, ref)
	e.ref, e.key, e.payload = ref, keyAt, payloadAt
}

// current returns the entry's layout as it is.
func (e *Entry) current() layout {
	b := e.bytes()
	return layout{typ: Type(b[0] & 15), enc: Encoding(b[0] >> 4), deadline: e.Deadline(),
		payload: e.payloadSize(), width: int(b[1]>>widthShift) + 1}
}

// SetDeadline sets or, with 0, removes the moment at which the key goes.
func (e *Entry) SetDeadline(d Deadline) {
	l := e.current()
	l.deadline = d
	e.reshape(l)
}
