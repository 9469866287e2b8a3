package store

// RENAME, MOVE and COPY.

// Rename moves an entry to another key, and to another database if to is one, in
// the place of what the key held there. Cost: O(1), and O(n log n) of a hash
// whose fields have deadlines.
func (e *Entry) Rename(to *DB, key []byte) {
	if to == e.db && string(key) == string(e.Key()) {
		return
	}
	from := e.db
	// Looking the target up may remove it, and removing moves slots about.
	source := append([]byte(nil), e.Key()...)
	if old, ok := to.Peek(key); ok {
		to.Remove(&old)
	}
	at, _ := from.keys.find(source, e.hash)
	e.at = at
	e.uncountFields()
	l := e.current()
	moved := to.create(key, hashOf(key), l)
	copy(moved.bytes()[moved.payload:], e.bytes()[e.payload:e.size()])
	moved.setClock(e.clock())
	from.willChange(e.ref)
	if l.deadline != 0 {
		from.countVolatile(l.deadline, -1)
	}
	size := e.size()
	at, _ = from.keys.find(source, e.hash)
	from.keys.remove(e.hash, at)
	from.arena.Free(e.ref, size)
	moved.at, _ = to.keys.find(key, moved.hash)
	moved.rescheduleFields()
	*e = moved
}

// Copy makes a copy of an entry under another key that is not there. Cost: O(n).
func (e *Entry) Copy(to *DB, key []byte) {
	var buf [24]byte
	switch e.Type() {
	case String:
		if n, ok := e.IsInt(); ok {
			to.SetInt(key, n, e.Deadline())
			return
		}
		value := append([]byte(nil), e.Value(&buf)...)
		enc := e.Encoding()
		if enc == External {
			enc = Raw
		}
		to.setText(key, value, e.Deadline(), enc)
	default:
		e.copyCollection(to, key)
	}
}

func (e *Entry) copyCollection(to *DB, key []byte) {
	l := e.current()
	if l.enc == Pack || l.enc == PackTTL {
		payload := append([]byte(nil), e.bytes()[e.payload:e.size()]...)
		copied := to.createFound(key, l)
		copy(copied.bytes()[copied.payload:], payload)
		copied.rescheduleFields()
		return
	}
	source := *e
	var copied Entry
	if l.typ == ZSet {
		if copied = to.CreateZSet(key); copied.Encoding() != Skiplist {
			copied.zsetToSkiplist()
		}
		source.refind()
		source.ZEach(0, source.ZLen(), false, func(name []byte, score float64) bool {
			copied.ZSet(name, score)
			return true
		})
	} else {
		copied = to.CreateHash(key)
		copied.hashToTable()
		source.refind()
		source.HashEach(func(name, value []byte, d Deadline) bool {
			copied.HashSet(name, value, d)
			return true
		})
	}
	copied.refind()
	copied.SetDeadline(l.deadline)
}

// refind looks the entry's slot up again, after its table has changed.
func (e *Entry) refind() {
	key := entryKey(e.db.arena, e.ref)
	e.at, e.ref = e.db.keys.find(key, e.hash)
	e.open()
}
