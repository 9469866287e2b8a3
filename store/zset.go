package store

import (
	"math/rand/v2"

	"cached/store/arena"
)

// Sorted sets: a pack of member and score in order while small, a skiplist with
// a table of the members when large.

const zsetRootBytes = tableBytes + listBytes

// zset is a large sorted set, loaded from the root in its entry.
type zset struct {
	members table
	list    skiplist
}

func (e *Entry) loadZSet() zset {
	b := e.root(zsetRootBytes)
	return zset{loadTable(e.db.arena, byMember, b), loadSkiplist(e.db.arena, b[tableBytes:])}
}

func (e *Entry) saveZSet(z *zset) {
	b := e.root(zsetRootBytes)
	z.members.save(b)
	z.list.save(b[tableBytes:])
}

// CreateZSet makes an empty sorted set for a key that is not there. It has to
// get a member before the command ends.
func (db *DB) CreateZSet(key []byte) Entry {
	e := db.createPacked(key, ZSet)
	if db.Limits.ZSetEntries == 0 {
		e.zsetToSkiplist()
	}
	return e
}

// ZLen returns the number of members. Cost: O(1), or O(bytes) of a pack.
func (e *Entry) ZLen() int {
	if e.Encoding() == Skiplist {
		b := e.root(zsetRootBytes)
		return int(getRef(b[tableBytes+1+2*arena.RefSize:]))
	}
	return e.packed().count() / 2
}

// ZScore returns the score of a member.
func (e *Entry) ZScore(name []byte) (score float64, ok bool) {
	if e.Encoding() == Skiplist {
		z := e.loadZSet()
		if _, ref := z.members.find(name, hashOf(name)); ref != 0 {
			return memberScore(e.db.arena, ref), true
		}
		return 0, false
	}
	p := e.packed()
	at := p.find(name, 2)
	if at < 0 {
		return 0, false
	}
	number, _ := p.at(p.skip(at))
	return number.float(), true
}

// ZSet gives a member a score and reports whether it is new. name must not alias
// the arena. Cost: O(log n).
func (e *Entry) ZSet(name []byte, score float64) (added bool) {
	if e.Encoding() != Skiplist {
		added, fits := e.zsetPack(name, score)
		if fits {
			return added
		}
		e.zsetToSkiplist()
	}
	z := e.loadZSet()
	hash := hashOf(name)
	e.db.willChange(e.ref)
	_, member := z.members.find(name, hash)
	if member == 0 {
		member = newMember(e.db.arena, name, score)
		z.members.insert(hash, member)
	} else {
		added = true
		z.list.remove(member, memberScore(e.db.arena, member))
		setMemberScore(e.db.arena, member, score)
	}
	z.list.insert(member)
	e.saveZSet(&z)
	return !added
}

// zsetPack is ZSet on a pack; fits is false when the set has to become a skiplist
// first.
func (e *Entry) zsetPack(name []byte, score float64) (added, fits bool) {
	p := e.packed()
	old := p.find(name, 2)
	if old < 0 && (len(name) > e.db.Limits.ZSetValueBytes || p.count()/2 >= e.db.Limits.ZSetEntries) {
		return false, false
	}
	bound := Bound{Score: score, Name: name}
	out := pack(e.db.scratch[:0])
	placed := false
	var buf [24]byte
	for at := 0; at < len(p); {
		member, scoreAt := p.at(at)
		number, end := p.at(scoreAt)
		if at != old {
			if !placed && !bound.passed(number.float(), member.text(&buf)) {
				out = out.appendString(name).appendFloat(score)
				placed = true
			}
			out = append(out, p[at:end]...)
		}
		at = end
	}
	if !placed {
		out = out.appendString(name).appendFloat(score)
	}
	e.setPack(out)
	return old < 0, true
}

func (e *Entry) zsetToSkiplist() {
	db := e.db
	p := append(pack(nil), e.packed()...)
	l := e.current()
	l.enc, l.payload = Skiplist, zsetRootBytes
	e.reshape(l)
	z := zset{newTableFor(db.arena, byMember, p.count()/2+1), newSkiplist(db.arena)}
	var buf [24]byte
	for at := 0; at < len(p); {
		member, scoreAt := p.at(at)
		number, end := p.at(scoreAt)
		name := member.text(&buf)
		ref := newMember(db.arena, name, number.float())
		z.members.insert(hashOf(name), ref)
		z.list.insert(ref)
		at = end
	}
	e.saveZSet(&z)
}

// ZRemove removes a member. The caller removes the key when it was the last.
func (e *Entry) ZRemove(name []byte) bool {
	if e.Encoding() != Skiplist {
		p := e.packed()
		at := p.find(name, 2)
		if at < 0 {
			return false
		}
		e.cutPack(at, p.skip(p.skip(at)))
		return true
	}
	z := e.loadZSet()
	hash := hashOf(name)
	at, member := z.members.find(name, hash)
	if member == 0 {
		return false
	}
	e.db.willChange(e.ref)
	e.dropMember(&z, at, hash, member)
	e.saveZSet(&z)
	return true
}

func (e *Entry) dropMember(z *zset, at slot, hash uint64, member arena.Ref) {
	a := e.db.arena
	z.list.remove(member, memberScore(a, member))
	z.members.remove(hash, at)
	a.Free(member, memberSize(a, member))
}

// cutPack removes the bytes from one offset to another.
func (e *Entry) cutPack(from, to int) {
	p := e.packed()
	out := append(pack(e.db.scratch[:0]), p[:from]...)
	e.setPack(append(out, p[to:]...))
}

// ZRemoveRange removes count members from a rank on.
// Cost: O(count log n).
func (e *Entry) ZRemoveRange(rank, count int) {
	if count <= 0 {
		return
	}
	if e.Encoding() != Skiplist {
		p, from := e.packed(), 0
		for range 2 * rank {
			from = p.skip(from)
		}
		to := from
		for range 2 * count {
			to = p.skip(to)
		}
		e.cutPack(from, to)
		return
	}
	z := e.loadZSet()
	e.db.willChange(e.ref)
	for range count {
		node, index := z.list.at(uint64(rank))
		member := z.list.node(node).member(index)
		name := memberName(e.db.arena, member)
		hash := hashOf(name)
		at, _ := z.members.find(name, hash)
		e.dropMember(&z, at, hash, member)
	}
	e.saveZSet(&z)
}

// ZRank returns the number of members before one, and its score. Cost: O(log n).
func (e *Entry) ZRank(name []byte) (rank int, score float64, ok bool) {
	score, ok = e.ZScore(name)
	if !ok {
		return 0, 0, false
	}
	return e.ZBefore(&Bound{Score: score, Name: name}), score, true
}

// ZBefore returns the number of members before a bound. Cost: O(log n).
func (e *Entry) ZBefore(b *Bound) int {
	if e.Encoding() == Skiplist {
		z := e.loadZSet()
		_, _, rank := z.list.descend(b, nil)
		return int(rank)
	}
	p, rank := e.packed(), 0
	var buf [24]byte
	for at := 0; at < len(p); rank++ {
		member, scoreAt := p.at(at)
		number, end := p.at(scoreAt)
		if !b.passed(number.float(), member.text(&buf)) {
			break
		}
		at = end
	}
	return rank
}

// ZEach visits count members from a rank on, or from it down, until visit
// answers false. The range must lie in the set; visit must not change the store.
func (e *Entry) ZEach(rank, count int, reverse bool, visit func(name []byte, score float64) bool) {
	if count <= 0 {
		return
	}
	if e.Encoding() == Skiplist {
		z := e.loadZSet()
		a := e.db.arena
		z.list.each(uint64(rank), uint64(count), reverse, func(member arena.Ref) bool {
			return visit(memberName(a, member), memberScore(a, member))
		})
		return
	}
	p := e.packed()
	var buf [24]byte
	if !reverse {
		at := 0
		for range 2 * rank {
			at = p.skip(at)
		}
		for ; count > 0; count-- {
			member, scoreAt := p.at(at)
			number, end := p.at(scoreAt)
			if !visit(member.text(&buf), number.float()) {
				return
			}
			at = end
		}
		return
	}
	offsets := make([]int, 0, 128)
	for at := 0; len(offsets) <= rank; at = p.skip(p.skip(at)) {
		offsets = append(offsets, at)
	}
	for ; count > 0; count-- {
		member, scoreAt := p.at(offsets[rank])
		number, _ := p.at(scoreAt)
		if !visit(member.text(&buf), number.float()) {
			return
		}
		rank--
	}
}

// ZScan visits the members under the cursor and returns the next cursor; a
// compact set is visited whole.
func (e *Entry) ZScan(cursor uint64, visit func(name []byte, score float64)) uint64 {
	if e.Encoding() != Skiplist {
		e.ZEach(0, e.ZLen(), false, func(name []byte, score float64) bool {
			visit(name, score)
			return true
		})
		return 0
	}
	z := e.loadZSet()
	next, refs := z.members.scan(cursor, e.db.refs[:0])
	e.db.refs = refs[:0]
	for _, ref := range refs {
		visit(memberName(e.db.arena, ref), memberScore(e.db.arena, ref))
	}
	return next
}

// ZRandom visits one member chosen at random from a set that is not empty.
func (e *Entry) ZRandom(visit func(name []byte, score float64)) {
	e.ZEach(rand.IntN(e.ZLen()), 1, false, func(name []byte, score float64) bool {
		visit(name, score)
		return false
	})
}
