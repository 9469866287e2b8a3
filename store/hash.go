package store

import (
	"encoding/binary"
	"math/rand/v2"

	"cached/store/arena"
)

// Hashes: a pack of field and value (with deadlines: field, value, deadline)
// while small, a table of field blocks when large.
//
// A field block is
//
//	uvarint   length of the name times two, plus one with a deadline
//	uvarint   length of the value
//	8 bytes   the deadline, if there is one
//	name, value
//
// A stored deadline carries in fieldParity whether the index has an item for it
// (see index.sweep).

const (
	fieldParity   = 1 << 62
	hashRootBytes = tableBytes + 2*arena.RefSize // and the counts of volatile fields
)

// field is a parsed field block.
type field struct {
	deadline        Deadline // as stored, with fieldParity
	name, value     []byte
	deadlineAt, end int
}

func parseField(b []byte) field {
	head, n := uvarint(b)
	size, m := uvarint(b[n:])
	at := n + m
	f := field{deadlineAt: at}
	if head&1 != 0 {
		f.deadline = Deadline(binary.LittleEndian.Uint64(b[at:]))
		at += 8
	}
	valueAt := at + int(head>>1)
	f.end = valueAt + int(size)
	f.name, f.value = b[at:valueAt], b[valueAt:f.end]
	return f
}

func fieldName(a *arena.Arena, ref arena.Ref) []byte {
	b := a.From(ref)
	head, n := uvarint(b)
	_, m := uvarint(b[n:])
	at := n + m + int(head&1)*8
	return b[at : at+int(head>>1)]
}

func fieldSize(a *arena.Arena, ref arena.Ref) int { return parseField(a.From(ref)).end }

func fieldBlockSize(name, value []byte, d Deadline) int {
	size := uvarintLen(uint64(len(name))<<1) + uvarintLen(uint64(len(value))) + len(name) + len(value)
	if d != 0 {
		size += 8
	}
	return size
}

func writeField(b, name, value []byte, d Deadline) {
	head := uint64(len(name)) << 1
	if d != 0 {
		head |= 1
	}
	at := putUvarint(b, head)
	at += putUvarint(b[at:], uint64(len(value)))
	if d != 0 {
		putDeadline(b[at:], d)
		at += 8
	}
	at += copy(b[at:], name)
	copy(b[at:], value)
}

// CreateHash makes an empty hash for a key that is not there. It has to get a
// field before the command ends.
func (db *DB) CreateHash(key []byte) Entry {
	return db.createPacked(key, Hash)
}

// stride is the number of pack elements a field takes.
func (e *Entry) stride() int {
	if e.Encoding() == PackTTL {
		return 3
	}
	return 2
}

func (e *Entry) fields() table { return loadTable(e.db.arena, byField, e.root(hashRootBytes)) }

func (e *Entry) saveFields(t *table) { t.save(e.root(hashRootBytes)) }

// HashLen returns the number of fields.
func (e *Entry) HashLen() int {
	if e.Encoding() == Table {
		return int(binary.LittleEndian.Uint64(e.root(hashRootBytes)))
	}
	return e.packed().count() / e.stride()
}

// fieldAt finds a field, due or not: its value and its deadline as stored.
func (e *Entry) fieldAt(name []byte, buf *[24]byte) (value []byte, word Deadline, ok bool) {
	if e.Encoding() == Table {
		t := e.fields()
		_, ref := t.find(name, hashOf(name))
		if ref == 0 {
			return nil, 0, false
		}
		f := parseField(e.db.arena.From(ref))
		return f.value, f.deadline, true
	}
	p := e.packed()
	at := p.find(name, e.stride())
	if at < 0 {
		return nil, 0, false
	}
	element, end := p.at(p.skip(at))
	if e.Encoding() == PackTTL {
		number, _ := p.at(end)
		word = Deadline(number.num)
	}
	return element.text(buf), word, true
}

// HashGet returns the value of a field and the field's deadline; a number is
// written into buf. Cost: O(1), or O(bytes) of a pack.
func (e *Entry) HashGet(name []byte, buf *[24]byte) (value []byte, d Deadline, ok bool) {
	value, word, ok := e.fieldAt(name, buf)
	d = word &^ fieldParity
	if ok && d.Due(e.db.now) {
		return nil, 0, false
	}
	return value, d, ok
}

// HashSet sets a field and its deadline (0: none) and reports whether it is new.
// name and value must not alias the arena.
func (e *Entry) HashSet(name, value []byte, d Deadline) (added bool) {
	db := e.db
	var buf [24]byte
	_, old, found := e.fieldAt(name, &buf)
	added = !found || (old &^ fieldParity).Due(db.now)
	if d == KeepDeadline {
		d = 0
		if !added {
			d = old &^ fieldParity
		}
	}
	if e.Encoding() != Table &&
		(len(name) > db.Limits.HashValueBytes || len(value) > db.Limits.HashValueBytes) {
		e.hashToTable()
	}
	word := e.fieldRescheduled(name, old, d)
	if e.Encoding() == Table {
		e.tableSet(name, value, word)
		return added
	}
	if d != 0 {
		e.hashToPackTTL()
	}
	e.packSet(name, value, word)
	if e.HashLen() > db.Limits.HashEntries {
		e.hashToTable()
	}
	return added
}

// fieldRescheduled counts a field's change of deadline from old (as stored) to d,
// schedules it where it has to be, and returns d as it is to be stored.
func (e *Entry) fieldRescheduled(name []byte, old, d Deadline) Deadline {
	db := e.db
	before := old &^ fieldParity
	if before != 0 {
		db.countField(before, -1)
	}
	if d == 0 {
		return 0
	}
	db.countField(d, +1)
	if before != 0 && clockOf(before) == clockOf(d) && d >= before {
		return d | old&fieldParity
	}
	return d | db.scheduleField(e.hash, name, d)
}

func (db *DB) countField(d Deadline, by int) {
	db.fields[clockOf(d)].live += uint64(by)
}

// packSet replaces or appends a field in a pack.
func (e *Entry) packSet(name, value []byte, word Deadline) {
	p := e.packed()
	stride := e.stride()
	out := pack(e.db.scratch[:0])
	at := p.find(name, stride)
	rest := pack(nil)
	if at < 0 {
		out = append(out, p...).appendString(name)
	} else {
		valueAt := p.skip(at)
		out = append(out, p[:valueAt]...)
		end := p.skip(valueAt)
		if stride == 3 {
			end = p.skip(end)
		}
		rest = p[end:]
	}
	out = out.appendString(value)
	if stride == 3 {
		out = out.appendInt(int64(word))
	}
	e.setPack(append(out, rest...))
}

// setPack replaces the pack of the entry by one that stands in scratch.
func (e *Entry) setPack(p pack) {
	e.db.scratch = p[:0]
	l := e.current()
	l.payload = uvarintLen(uint64(len(p))) + len(p)
	e.reshape(l)
	b := e.bytes()[e.payload:]
	copy(b[putUvarint(b, uint64(len(p))):l.payload], p)
}

func (e *Entry) tableSet(name, value []byte, word Deadline) {
	a := e.db.arena
	t := e.fields()
	hash := hashOf(name)
	at, ref := t.find(name, hash)
	size := fieldBlockSize(name, value, word)
	e.db.willChange(e.ref)
	var old Deadline
	if ref != 0 {
		f := parseField(a.From(ref))
		old = f.deadline
		if arena.Usable(f.end) != arena.Usable(size) {
			a.Free(ref, f.end)
			ref = a.Alloc(size)
			t.set(at, ref)
		}
	} else {
		// The block is written before the table reads its name to place it.
		ref = a.Alloc(size)
		writeField(a.Bytes(ref, size), name, value, word)
		t.insert(hash, ref)
	}
	writeField(a.Bytes(ref, size), name, value, word)
	e.countTableField(old, -1)
	e.countTableField(word, +1)
	e.saveFields(&t)
}

// countTableField keeps the count of volatile fields in the root of a large hash.
func (e *Entry) countTableField(d Deadline, by int64) {
	if d != 0 {
		b := e.root(hashRootBytes)[tableBytes+clockOf(d)*arena.RefSize:]
		putRef(b, arena.Ref(int64(getRef(b))+by))
	}
}

// hashToPackTTL gives every field of a pack room for a deadline.
func (e *Entry) hashToPackTTL() {
	if e.Encoding() != Pack {
		return
	}
	p, out := e.packed(), pack(e.db.scratch[:0])
	for at := 0; at < len(p); {
		end := p.skip(p.skip(at))
		out = append(out, p[at:end]...).appendInt(0)
		at = end
	}
	e.setPack(out)
	e.bytes()[0] = kindOf(Hash, PackTTL)
}

// hashToTable turns a pack into a table.
func (e *Entry) hashToTable() {
	db := e.db
	stride := e.stride()
	p := append(pack(nil), e.packed()...)
	l := e.current()
	l.enc, l.payload = Table, hashRootBytes
	e.reshape(l)
	clear(e.root(hashRootBytes))
	t := newTableFor(db.arena, byField, p.count()/stride+1)
	e.saveFields(&t)
	var nameBuf, valueBuf [24]byte
	for at := 0; at < len(p); {
		name, end := p.at(at)
		value, end := p.at(end)
		var word Deadline
		if stride == 3 {
			var number element
			number, end = p.at(end)
			word = Deadline(number.num)
		}
		e.tableSet(name.text(&nameBuf), value.text(&valueBuf), word)
		at = end
	}
}

// HashDelete removes a field. The caller removes the key when it was the last.
func (e *Entry) HashDelete(name []byte) bool {
	var buf [24]byte
	_, word, ok := e.fieldAt(name, &buf)
	if ok {
		if d := word &^ fieldParity; d != 0 {
			e.db.countField(d, -1)
		}
		e.dropField(name)
	}
	return ok
}

// dropField takes a field out that is known to be there.
func (e *Entry) dropField(name []byte) {
	if e.Encoding() == Table {
		t := e.fields()
		hash := hashOf(name)
		at, ref := t.find(name, hash)
		f := parseField(e.db.arena.From(ref))
		e.db.willChange(e.ref)
		e.countTableField(f.deadline, -1)
		t.remove(hash, at)
		e.db.arena.Free(ref, f.end)
		e.saveFields(&t)
		return
	}
	p, stride := e.packed(), e.stride()
	at := p.find(name, stride)
	end := at
	for range stride {
		end = p.skip(end)
	}
	out := append(pack(e.db.scratch[:0]), p[:at]...)
	e.setPack(append(out, p[end:]...))
}

// SetFieldDeadline sets or, with 0, removes the deadline of a field that is
// there.
func (e *Entry) SetFieldDeadline(name []byte, d Deadline) {
	var buf [24]byte
	value, _, _ := e.HashGet(name, &buf)
	e.HashSet(append([]byte(nil), name...), append([]byte(nil), value...), d)
}

// PrepareFieldDeadlines gives a compact hash the encoding that holds deadlines,
// as Redis does before it looks at the fields.
func (e *Entry) PrepareFieldDeadlines() { e.hashToPackTTL() }

// HashEach calls visit for each field until it answers false. visit must not
// change the store.
func (e *Entry) HashEach(visit func(name, value []byte, d Deadline) bool) {
	if e.Encoding() != Table {
		e.packEach(true, visit)
		return
	}
	t := e.fields()
	var room [32]arena.Ref
	for i := range t.n {
		for _, ref := range t.appendBucket(i, room[:0]) {
			f := parseField(e.db.arena.From(ref))
			if d := f.deadline &^ fieldParity; !d.Due(e.db.now) && !visit(f.name, f.value, d) {
				return
			}
		}
	}
}

func (e *Entry) packEach(skipDue bool, visit func(name, value []byte, d Deadline) bool) {
	p, withDeadline := e.packed(), e.Encoding() == PackTTL
	var nameBuf, valueBuf [24]byte
	for at := 0; at < len(p); {
		name, end := p.at(at)
		value, end := p.at(end)
		var d Deadline
		if withDeadline {
			var number element
			number, end = p.at(end)
			d = Deadline(number.num) &^ fieldParity
		}
		if !(skipDue && d.Due(e.db.now)) && !visit(name.text(&nameBuf), value.text(&valueBuf), d) {
			return
		}
		at = end
	}
}

// HashScan visits the fields under the cursor and returns the next cursor; a
// compact hash is visited whole.
func (e *Entry) HashScan(cursor uint64, visit func(name, value []byte)) uint64 {
	if e.Encoding() != Table {
		e.packEach(true, func(name, value []byte, _ Deadline) bool {
			visit(name, value)
			return true
		})
		return 0
	}
	t := e.fields()
	next, refs := t.scan(cursor, e.db.refs[:0])
	e.db.refs = refs[:0]
	for _, ref := range refs {
		f := parseField(e.db.arena.From(ref))
		if d := f.deadline &^ fieldParity; !d.Due(e.db.now) {
			visit(f.name, f.value)
		}
	}
	return next
}

// HashRandom visits one field chosen at random from a hash that is not empty.
func (e *Entry) HashRandom(visit func(name, value []byte)) {
	if e.HashLen() == 0 {
		return
	}
	if e.Encoding() != Table {
		left := rand.IntN(e.HashLen())
		e.packEach(true, func(name, value []byte, _ Deadline) bool {
			if left--; left < 0 {
				visit(name, value)
			}
			return left >= 0
		})
		return
	}
	t := e.fields()
	f := parseField(e.db.arena.From(t.random()))
	visit(f.name, f.value)
}

// random returns an element of a table that is not empty, chosen at random.
func (t *table) random() arena.Ref {
	var room [32]arena.Ref
	for {
		refs := t.appendBucket(rand.Uint64N(t.n), room[:0])
		// A bucket is taken as often as it has elements, or fuller ones would be
		// chosen no more often than emptier ones.
		if i := rand.IntN(4 * bucketSlots); i < len(refs) {
			return refs[i]
		}
	}
}

// uncountFields takes the deadlines of a hash's fields out of the count before
// the hash goes.
func (e *Entry) uncountFields() {
	if e.Type() != Hash {
		return
	}
	switch e.Encoding() {
	case Table:
		b := e.root(hashRootBytes)[tableBytes:]
		for clock := range 2 {
			e.db.fields[clock].live -= uint64(getRef(b[clock*arena.RefSize:]))
		}
	case PackTTL:
		e.packEach(false, func(_, _ []byte, d Deadline) bool {
			if d != 0 {
				e.db.countField(d, -1)
			}
			return true
		})
	}
}

// rescheduleFields schedules every volatile field of a hash that was given
// another key, and counts them. Cost: O(n) when there are any.
func (e *Entry) rescheduleFields() {
	db := e.db
	reschedule := func(name []byte, d Deadline) {
		if d &^= fieldParity; d != 0 {
			db.countField(d, +1)
			db.scheduleField(e.hash, name, d)
		}
	}
	switch {
	case e.Type() != Hash:
	case e.Encoding() == PackTTL:
		e.packEach(false, func(name, _ []byte, d Deadline) bool {
			reschedule(name, d)
			return true
		})
	case e.Encoding() == Table && e.volatileFields() > 0:
		t := e.fields()
		var room [32]arena.Ref
		for i := range t.n {
			for _, ref := range t.appendBucket(i, room[:0]) {
				f := parseField(db.arena.From(ref))
				reschedule(f.name, f.deadline)
			}
		}
	}
}

// volatileFields is the number of fields with a deadline in a large hash.
func (e *Entry) volatileFields() uint64 {
	b := e.root(hashRootBytes)[tableBytes:]
	return uint64(getRef(b)) + uint64(getRef(b[arena.RefSize:]))
}

// expireField removes the field with this hash from the hash in e if it is due,
// with every other due one if the hash is compact, and puts its item back if
// not. It returns the work done in units of Housekeep.
func (e *Entry) expireField(clock int, fieldHash uint64, swept bool) int {
	if e.Encoding() == Table {
		return e.expireTableField(clock, fieldHash, swept)
	}
	if e.Encoding() != PackTTL {
		return 0
	}
	db := e.db
	p, out := append(pack(nil), e.packed()...), pack(nil)
	var buf [24]byte
	changed := false
	for at := 0; at < len(p); {
		name, valueAt := p.at(at)
		wordAt := p.skip(valueAt)
		number, end := p.at(wordAt)
		word := Deadline(number.num)
		if d := word &^ fieldParity; d.Due(db.now) {
			db.countField(d, -1)
			db.ExpiredFields++
			changed = true
		} else {
			if d != 0 && hashOf(name.text(&buf))&itemHashMask == fieldHash {
				word = db.replaceFieldItem(e.hash, fieldHash, word, clock, swept)
				changed = changed || word != Deadline(number.num)
			}
			out = append(out, p[at:wordAt]...).appendInt(int64(word))
		}
		at = end
	}
	work := 1 + len(p)/64
	if !changed {
		return work
	}
	if e.setPack(out); len(out) == 0 {
		db.Remove(e)
	}
	return work
}

// replaceFieldItem puts the item of a field that is not due back and returns the
// field's deadline with the parity to store.
func (db *DB) replaceFieldItem(keyHash, fieldHash uint64, word Deadline, clock int, swept bool) Deadline {
	d := word &^ fieldParity
	x := &db.fields[clock]
	parity := x.fieldParity()
	if clockOf(d) != clock || swept && word&fieldParity == parity {
		return word
	}
	db.placed(clock, x.place(db.arena, item{keyHash, fieldHash}, d.ms(), db.nowOn(clock)))
	return d | parity
}

func (e *Entry) expireTableField(clock int, fieldHash uint64, swept bool) int {
	db := e.db
	t := e.fields()
	var room [32]arena.Ref
	for _, ref := range t.candidates(fieldHash, room[:0]) {
		f := parseField(db.arena.From(ref))
		if f.deadline == 0 || hashOf(f.name)&itemHashMask != fieldHash {
			continue
		}
		if d := f.deadline &^ fieldParity; d.Due(db.now) {
			db.countField(d, -1)
			db.ExpiredFields++
			e.dropField(f.name)
			if e.HashLen() == 0 {
				db.Remove(e)
			}
			return 2
		}
		word := db.replaceFieldItem(e.hash, fieldHash, f.deadline, clock, swept)
		putDeadline(db.arena.From(ref)[f.deadlineAt:], word)
		return 1
	}
	return 1
}

func entryType(a *arena.Arena, ref arena.Ref) Type { return Type(a.From(ref)[0] & 15) }
