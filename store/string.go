package store

import (
	"encoding/binary"
	"strconv"

	"cached/store/arena"
)

// Strings: a number in one to eight bytes of its entry, up to inlineMaxBytes of text in the
// entry, or text in a block of its own that is grown by doubling.

const (
	// KeepDeadline tells SetString to leave the deadline as it is.
	KeepDeadline Deadline = absoluteBit // At makes none of 0

	doublingMaxBytes = 1 << 20 // above, a growing string gets an eighth more
)

// IsInt reports whether the value is stored as a number, and the number.
func (e *Entry) IsInt() (n int64, ok bool) {
	b := e.bytes()
	if Encoding(b[0]>>4) != Int {
		return 0, false
	}
	width := uint32(b[1]>>widthShift) + 1
	return signedBytes(b[e.payload : e.payload+width]), true
}

// Value returns the text of a string; that of a number is written into buf.
func (e *Entry) Value(buf *[24]byte) []byte {
	b := e.bytes()
	switch Encoding(b[0] >> 4) {
	case Int:
		n, _ := e.IsInt()
		return strconv.AppendInt(buf[:0], n, 10)
	case External:
		ref, size, _ := e.external()
		return e.db.arena.Bytes(ref, size)
	default:
		return e.packed()
	}
}

// external returns the block of a string that does not fit its entry.
func (e *Entry) external() (ref arena.Ref, size, capacity int) {
	b := e.root(externalBytes)
	return getRef(b), int(getRef(b[5:])), int(getRef(b[10:]))
}

func (e *Entry) setExternal(ref arena.Ref, size, capacity int) {
	b := e.root(externalBytes)
	putRef(b, ref)
	putRef(b[5:], arena.Ref(size))
	putRef(b[10:], arena.Ref(capacity))
}

// SetString sets a key to a string, whatever it was before, with deadline d (0:
// none). The value must not alias the arena.
func (db *DB) SetString(key, value []byte, d Deadline) {
	if n, ok := ParseInt(value); ok {
		db.SetInt(key, n, d)
		return
	}
	db.setText(key, value, d, Inline)
}

// SetRaw is SetString for a value that a command has computed: it is stored as
// text even where it looks like a number.
func (db *DB) SetRaw(key, value []byte, d Deadline) { db.setText(key, value, d, Raw) }

// SetText is SetRaw for a value that Redis keeps as it keeps a value that a client sent,
// but never as a number: the sum of INCRBYFLOAT.
func (db *DB) SetText(key, value []byte, d Deadline) { db.setText(key, value, d, Inline) }

// SetInt sets a key to a number.
func (db *DB) SetInt(key []byte, n int64, d Deadline) {
	width := intBytes(n)
	e := db.replace(key, layout{enc: Int, deadline: d, payload: width, width: width})
	e.putInt(n, width)
}

// intBytes is the number of bytes of an Int payload.
func intBytes(n int64) int {
	if n >= -128 && n < 128 {
		return 1
	}
	return intWidth(n)
}

func (e *Entry) putInt(n int64, width int) {
	b := e.bytes()[e.payload:]
	for i := range width {
		b[i] = byte(n >> (8 * i))
	}
}

// SetInt changes a number in place and keeps the deadline.
func (e *Entry) SetInt(n int64) {
	width := intBytes(n)
	if old, ok := e.IsInt(); ok && intBytes(old) == width {
		e.db.willChange(e.ref)
	} else {
		e.overwrite(layout{enc: Int, deadline: e.Deadline(), payload: width, width: width})
	}
	e.putInt(n, width)
}

func (db *DB) setText(key, value []byte, d Deadline, enc Encoding) {
	l := textLayout(len(value), enc, d)
	e := db.replace(key, l)
	if l.enc == External {
		ref := db.arena.Alloc(len(value))
		copy(db.arena.Bytes(ref, len(value)), value)
		e.setExternal(ref, len(value), len(value))
		return
	}
	b := e.bytes()[e.payload:]
	n := putUvarint(b, uint64(len(value)))
	copy(b[n:n+len(value)], value)
}

func textLayout(size int, enc Encoding, d Deadline) layout {
	if size > inlineMaxBytes {
		return layout{enc: External, deadline: d, payload: externalBytes}
	}
	return layout{enc: enc, deadline: d, payload: uvarintLen(uint64(size)) + size}
}

// replace makes an entry of layout l for the key, in the place of what the key
// held before. The payload is the caller's to write.
func (db *DB) replace(key []byte, l layout) Entry {
	e, ok := db.Peek(key)
	if !ok {
		if l.deadline == KeepDeadline {
			l.deadline = 0
		}
		return db.create(key, e.hash, l)
	}
	if l.deadline == KeepDeadline {
		l.deadline = e.Deadline()
	}
	e.overwrite(l)
	if db.LFU.On {
		db.use(&e)
	} else {
		e.setClock(db.clock)
	}
	return e
}

// Resize gives a string a new length, as text, zero-filled where it grows, and
// returns its bytes to write to. It keeps the deadline.
func (e *Entry) Resize(size int) []byte {
	db := e.db
	if e.Encoding() == External {
		return e.resizeExternal(size)
	}
	var buf [24]byte
	old := append(db.scratch[:0], e.Value(&buf)...)
	db.scratch = old[:0]
	l := textLayout(size, Raw, e.Deadline())
	e.reshape(l)
	if l.enc == External {
		e.setExternal(0, 0, 0)
		b := e.resizeExternal(size)
		copy(b, old)
		return b
	}
	b := e.bytes()[e.payload:]
	b = b[putUvarint(b, uint64(size)):]
	kept := copy(b[:size], old)
	clear(b[kept:size])
	return b[:size]
}

func (e *Entry) resizeExternal(size int) []byte {
	db := e.db
	ref, old, capacity := e.external()
	if size > capacity {
		grown := arena.Usable(size + min(size, max(doublingMaxBytes, size/8)))
		fresh := db.arena.Alloc(grown)
		b := db.arena.Bytes(fresh, grown)
		copy(b, db.arena.Bytes(ref, old))
		if ref != 0 {
			db.arena.Free(ref, capacity)
		}
		ref, capacity = fresh, grown
	}
	db.willChange(e.ref)
	e.setExternal(ref, size, capacity)
	b := db.arena.Bytes(ref, size)
	if size > old {
		clear(b[old:])
	}
	return b
}

// CreateRaw makes a string of zero bytes for a key that is not there.
func (db *DB) CreateRaw(key []byte, size int) Entry {
	db.setText(key, nil, 0, Raw)
	e, _ := db.Peek(key)
	e.Resize(size)
	return e
}

// Text returns the bytes of a string that is stored as text, to change in place.
func (e *Entry) Text() []byte {
	if e.Encoding() == Int || e.Encoding() == Inline {
		var buf [24]byte
		return e.Resize(len(e.Value(&buf)))
	}
	e.db.willChange(e.ref)
	return e.Value(nil)
}

// putDeadline is the deadline of an entry in the form in which it is stored.
func putDeadline(b []byte, d Deadline) { binary.LittleEndian.PutUint64(b, uint64(d)) }
