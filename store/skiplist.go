package store

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"cached/store/arena"
)

// The order of a large sorted set: a skiplist (Pugh 1990) with spans, so that a
// rank is found in O(log n), as in Redis. It differs from both in that a node
// holds up to 32 elements instead of one: a search of a million members passes a
// dozen cache lines instead of some forty, and an element costs about 12 bytes
// instead of 40.
//
// A node keeps, for each element, the high half of the score in a form that
// orders as an integer, and the reference of the member's block, where the whole
// score and the name stand. Most comparisons are decided by the half.
//
//	count 1 | level 1 | unused 1 | backward 5 | level × (forward 5 | span 5) |
//	32 × half 4 | 32 × member 5
//
// The span of a link is the number of elements from the start of its node to the
// start of the node that it leads to, or to the end. The head is a node with all levels
// and no elements.
//
// A member's block is: score 8 | length uvarint | name.

const (
	nodeMax      = 32 // elements
	maxLevel     = 20
	nodeHead     = 8
	linkBytes    = 2 * arena.RefSize
	halfBytes    = 4
	nodeElements = nodeMax * (halfBytes + arena.RefSize)
	headBlock    = nodeHead + maxLevel*linkBytes
	listBytes    = 1 + 3*arena.RefSize
)

func memberName(a *arena.Arena, ref arena.Ref) []byte {
	b := a.From(ref)
	size, n := uvarint(b[8:])
	return b[8+n : 8+n+int(size)]
}

func memberScore(a *arena.Arena, ref arena.Ref) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(a.From(ref)))
}

func setMemberScore(a *arena.Arena, ref arena.Ref, score float64) {
	binary.LittleEndian.PutUint64(a.Bytes(ref, 8), math.Float64bits(score))
}

func memberSize(a *arena.Arena, ref arena.Ref) int {
	size, n := uvarint(a.From(ref)[8:])
	return 8 + n + int(size)
}

func newMember(a *arena.Arena, name []byte, score float64) arena.Ref {
	size := 8 + uvarintLen(uint64(len(name))) + len(name)
	ref := a.Alloc(size)
	setMemberScore(a, ref, score)
	b := a.Bytes(ref, size)[8:]
	copy(b[putUvarint(b, uint64(len(name))):], name)
	return ref
}

// half returns the high half of a score such that halves order as scores do.
func half(score float64) uint32 {
	u := math.Float64bits(score + 0) // -0 becomes 0
	if u>>63 != 0 {
		return ^uint32(u >> 32)
	}
	return uint32(u>>32) | 1<<31
}

// Bound is a place between the elements of a sorted set: before or after all
// elements of a score, or before an element.
type Bound struct {
	Score float64
	Name  []byte
	Side  int  // -1: before all elements of the score, +1: after them, 0: before Name
	ByLex bool // names alone count; Side +1 is after Name
}

// passed reports whether an element lies before the bound.
func (b *Bound) passed(score float64, name []byte) bool {
	if !b.ByLex {
		if score != b.Score {
			return score < b.Score
		}
		if b.Side != 0 {
			return b.Side > 0
		}
	}
	if b.Side > 0 {
		return string(name) <= string(b.Name)
	}
	return string(name) < string(b.Name)
}

// skiplist is the state of a list; it is loaded from and saved to the root of a
// sorted set around use.
type skiplist struct {
	a      *arena.Arena
	head   arena.Ref
	tail   arena.Ref // last node, 0: none
	length uint64
	level  int // levels in use
}

// node is the memory of one node.
type node []byte

func (l *skiplist) node(ref arena.Ref) node { return l.a.From(ref) }

func (n node) count() int              { return int(n[0]) }
func (n node) level() int              { return int(n[1]) }
func (n node) backward() arena.Ref     { return getRef(n[3:]) }
func (n node) setBackward(r arena.Ref) { putRef(n[3:], r) }

func (n node) forward(level int) arena.Ref { return getRef(n[nodeHead+level*linkBytes:]) }
func (n node) setForward(level int, r arena.Ref) {
	putRef(n[nodeHead+level*linkBytes:], r)
}

func (n node) span(level int) uint64 {
	return uint64(getRef(n[nodeHead+level*linkBytes+arena.RefSize:]))
}
func (n node) addSpan(level int, by int) {
	b := n[nodeHead+level*linkBytes+arena.RefSize:]
	putRef(b, arena.Ref(int64(getRef(b))+int64(by)))
}

func (n node) halves() []byte {
	at := nodeHead + n.level()*linkBytes
	return n[at : at+nodeMax*halfBytes]
}

func (n node) members() []byte {
	at := nodeHead + n.level()*linkBytes + nodeMax*halfBytes
	return n[at : at+nodeMax*arena.RefSize]
}

func (n node) half(i int) uint32      { return binary.LittleEndian.Uint32(n.halves()[i*halfBytes:]) }
func (n node) member(i int) arena.Ref { return getRef(n.members()[i*arena.RefSize:]) }
func (n node) put(i int, half uint32, member arena.Ref) {
	binary.LittleEndian.PutUint32(n.halves()[i*halfBytes:], half)
	putRef(n.members()[i*arena.RefSize:], member)
}

// moveElements copies k elements of from, beginning at i, to position j of n.
func (n node) moveElements(j int, from node, i, k int) {
	copy(n.halves()[j*halfBytes:(j+k)*halfBytes], from.halves()[i*halfBytes:(i+k)*halfBytes])
	copy(n.members()[j*arena.RefSize:(j+k)*arena.RefSize], from.members()[i*arena.RefSize:(i+k)*arena.RefSize])
}

func nodeBytes(level int) int { return nodeHead + level*linkBytes + nodeElements }

func newSkiplist(a *arena.Arena) skiplist {
	l := skiplist{a: a, head: a.Alloc(headBlock), level: 1}
	b := a.Bytes(l.head, headBlock)
	clear(b)
	b[1] = maxLevel
	return l
}

func loadSkiplist(a *arena.Arena, b []byte) skiplist {
	return skiplist{a: a, level: int(b[0]), head: getRef(b[1:]), tail: getRef(b[6:]), length: uint64(getRef(b[11:]))}
}

func (l *skiplist) save(b []byte) {
	b[0] = byte(l.level)
	putRef(b[1:], l.head)
	putRef(b[6:], l.tail)
	putRef(b[11:], arena.Ref(l.length))
}

func (l *skiplist) first() arena.Ref { return l.node(l.head).forward(0) }

func (l *skiplist) freeHead() { l.a.Free(l.head, headBlock) }

func (l *skiplist) newNode() arena.Ref {
	level := 1
	for r := rand.Uint64(); level < maxLevel && r&3 == 0; r >>= 2 {
		level++
	}
	ref := l.a.Alloc(nodeBytes(level))
	clear(l.a.Bytes(ref, nodeHead+level*linkBytes))
	l.node(ref)[1] = byte(level)
	for l.level < level { // the new level of the head spans everything
		l.node(l.head).setForward(l.level, 0)
		l.node(l.head).addSpan(l.level, int(l.length)-int(l.node(l.head).span(l.level)))
		l.level++
	}
	return ref
}

// passed reports whether element i of a node lies before the bound.
func (l *skiplist) passed(n node, i int, b *Bound, boundHalf uint32) bool {
	if !b.ByLex {
		if h := n.half(i); h != boundHalf {
			return h < boundHalf
		}
	}
	ref := n.member(i)
	return b.passed(memberScore(l.a, ref), memberName(l.a, ref))
}

// path is the way down to a place: on each level the last node that begins before it,
// and how many elements lie before that node.
type path struct {
	nodes [maxLevel]arena.Ref
	ranks [maxLevel]uint64
}

// descend finds the place of a bound: the node that it falls into (the head, when it
// lies before everything) and the number of that node's elements that lie
// before it.
func (l *skiplist) descend(b *Bound, p *path) (at arena.Ref, index int, rank uint64) {
	at = l.head
	boundHalf := half(b.Score)
	n := l.node(at)
	for level := l.level - 1; level >= 0; level-- {
		for {
			next := n.forward(level)
			if next == 0 {
				break
			}
			following := l.node(next)
			if !l.passed(following, 0, b, boundHalf) {
				break
			}
			rank += n.span(level)
			at, n = next, following
		}
		if p != nil {
			p.nodes[level], p.ranks[level] = at, rank
		}
	}
	low, high := 0, n.count()
	for low < high {
		if middle := (low + high) / 2; l.passed(n, middle, b, boundHalf) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return at, low, rank + uint64(low)
}

// grow adds by to the spans over a node on the way p.
func (l *skiplist) grow(p *path, at arena.Ref, by int) {
	n := l.node(at)
	for level := range l.level {
		if level < n.level() {
			n.addSpan(level, by)
		} else {
			l.node(p.nodes[level]).addSpan(level, by)
		}
	}
	l.length += uint64(by)
}

// before returns the last node on a level that begins no later than node at, which
// p leads to or up to.
func (l *skiplist) before(p *path, at arena.Ref, level int) node {
	if n := l.node(at); level < n.level() {
		return n
	}
	return l.node(p.nodes[level])
}

// insert adds a member that is not in the list. Cost: O(log n).
func (l *skiplist) insert(member arena.Ref) {
	score := memberScore(l.a, member)
	var p path
	at, index, _ := l.descend(&Bound{Score: score, Name: memberName(l.a, member)}, &p)
	if at == l.head {
		if at = l.first(); at == 0 {
			at = l.newNode()
			for level := range l.level {
				p.nodes[level] = l.head
			}
			l.link(&p, l.head, at, 0)
		}
		index = 0
	}
	if l.node(at).count() == nodeMax {
		at, index = l.makeRoom(&p, at, index)
	}
	n := l.node(at)
	n.moveElements(index+1, n, index, n.count()-index)
	n.put(index, half(score), member)
	n[0]++
	l.grow(&p, at, +1)
}

// makeRoom gives a full node room and returns where index has gone.
func (l *skiplist) makeRoom(p *path, at arena.Ref, index int) (arena.Ref, int) {
	n := l.node(at)
	if next := n.forward(0); next != 0 {
		if room := nodeMax - l.node(next).count(); room >= nodeMax/4 {
			l.shift(p, at, next, (room+1)/2)
			if count := n.count(); index > count {
				return l.intoNext(p, at, next, index-count)
			}
			return at, index
		}
	} else if index == nodeMax { // at the very end: leave full nodes behind
		fresh := l.newNode()
		l.growPath(p)
		l.link(p, at, fresh, nodeMax)
		return l.intoNext(p, at, fresh, 0)
	}
	fresh := l.newNode()
	l.growPath(p)
	n = l.node(at)
	kept := nodeMax / 2
	l.node(fresh).moveElements(0, n, kept, nodeMax-kept)
	n[0], l.node(fresh)[0] = byte(kept), byte(nodeMax-kept)
	l.link(p, at, fresh, kept)
	if index > kept {
		return l.intoNext(p, at, fresh, index-kept)
	}
	return at, index
}

// growPath completes a path with the head on levels that are new.
func (l *skiplist) growPath(p *path) {
	for level := l.level - 1; level >= 0 && p.nodes[level] == 0; level-- {
		p.nodes[level] = l.head
	}
}

// intoNext moves a path from a node to the one after it.
func (l *skiplist) intoNext(p *path, at, next arena.Ref, index int) (arena.Ref, int) {
	for level := range l.level {
		if level < l.node(at).level() {
			p.nodes[level] = at
		}
	}
	return next, index
}

// shift moves the last k elements of a node to the front of the next one.
func (l *skiplist) shift(p *path, at, next arena.Ref, k int) {
	n, to := l.node(at), l.node(next)
	to.moveElements(k, to, 0, to.count())
	to.moveElements(0, n, n.count()-k, k)
	n[0] -= byte(k)
	to[0] += byte(k)
	for level := range to.level() {
		l.before(p, at, level).addSpan(level, -k)
		to.addSpan(level, +k)
	}
}

// link puts a node behind another, whose first kept elements stay before it.
// The elements of both are counted already.
func (l *skiplist) link(p *path, at, fresh arena.Ref, kept int) {
	n, f := l.node(at), l.node(fresh)
	start := kept // elements before fresh, counted from the node at
	for level := range f.level() {
		b := l.before(p, at, level)
		distance := uint64(start)
		if level >= n.level() {
			distance += p.ranks[0] - p.ranks[level]
		}
		f.setForward(level, b.forward(level))
		f.addSpan(level, int(b.span(level))-int(distance))
		b.setForward(level, fresh)
		b.addSpan(level, int(distance)-int(b.span(level)))
	}
	if at != l.head {
		f.setBackward(at)
	}
	if next := f.forward(0); next != 0 {
		l.node(next).setBackward(fresh)
	} else {
		l.tail = fresh
	}
}

// remove takes a member out that is in the list under the given score.
// Cost: O(log n).
func (l *skiplist) remove(member arena.Ref, score float64) {
	var p path
	at, index, _ := l.descend(&Bound{Score: score, Name: memberName(l.a, member)}, &p)
	n := l.node(at)
	if index == n.count() {
		at, index = n.forward(0), 0
		n = l.node(at)
	}
	n.moveElements(index, n, index+1, n.count()-index-1)
	n[0]--
	l.grow(&p, at, -1)
	if n.count() == 0 {
		l.unlink(&p, at)
		return
	}
	if next := n.forward(0); next != 0 && n.count() < nodeMax/4 {
		if more := l.node(next).count(); n.count()+more <= nodeMax*3/4 {
			n.moveElements(n.count(), l.node(next), 0, more)
			n[0] += byte(more)
			l.intoNext(&p, at, next, 0)
			l.unlink(&p, next)
		}
	}
}

// unlink takes a node out whose elements have gone, p being the way to before it.
func (l *skiplist) unlink(p *path, at arena.Ref) {
	n := l.node(at)
	for level := range n.level() {
		b := l.node(p.nodes[level])
		b.setForward(level, n.forward(level))
		b.addSpan(level, int(n.span(level)))
	}
	if next := n.forward(0); next != 0 {
		l.node(next).setBackward(n.backward())
	} else {
		l.tail = n.backward()
	}
	l.a.Free(at, nodeBytes(n.level()))
	for l.level > 1 && l.node(l.head).forward(l.level-1) == 0 {
		l.level--
		l.node(l.head).addSpan(l.level, -int(l.node(l.head).span(l.level)))
	}
}

// at returns the node and the index in it of the element of a rank, which must
// be less than the length.
func (l *skiplist) at(rank uint64) (arena.Ref, int) {
	at := l.head
	n := l.node(at)
	for level := l.level - 1; level >= 0; level-- {
		for n.forward(level) != 0 && n.span(level) <= rank {
			rank -= n.span(level)
			at = n.forward(level)
			n = l.node(at)
		}
	}
	return at, int(rank)
}

// each visits count elements from a rank on, or from it down, until visit
// answers false.
func (l *skiplist) each(rank, count uint64, reverse bool, visit func(member arena.Ref) bool) {
	if count == 0 {
		return
	}
	at, index := l.at(rank)
	n := l.node(at)
	for ; count > 0; count-- {
		if !visit(n.member(index)) {
			return
		}
		if reverse {
			if index--; index < 0 && n.backward() != 0 {
				n = l.node(n.backward())
				index = n.count() - 1
			}
		} else if index++; index == n.count() && n.forward(0) != 0 {
			n = l.node(n.forward(0))
			index = 0
		}
	}
}

// freeNode frees the last of the given lists' first nodes, moves on, and returns the
// units of work.
func (s *Store) freeNode(nodes *[]arena.Ref) int {
	last := len(*nodes) - 1
	ref := (*nodes)[last]
	if ref == 0 {
		*nodes = (*nodes)[:last]
		return 1
	}
	n := node(s.arena.From(ref))
	(*nodes)[last] = n.forward(0)
	s.arena.Free(ref, nodeBytes(n.level()))
	return 1
}
