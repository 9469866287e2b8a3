package store

import (
	"fmt"

	"cached/store/arena"
)

// Check walks everything that the store refers to, exactly once, and returns an
// error if a structure is broken or if the bytes it found are not those that the
// arena has handed out. For tests; garbage has to be collected first. O(all).
func (s *Store) Check() error {
	c := checker{a: s.arena, seen: map[arena.Ref]bool{}}
	for _, db := range s.dbs {
		c.database(db)
	}
	if c.err == nil && c.bytes != s.arena.Used() {
		c.failf("%d bytes are referred to and %d in use", c.bytes, s.arena.Used())
	}
	return c.err
}

type checker struct {
	a     *arena.Arena
	seen  map[arena.Ref]bool
	bytes uint64
	err   error
}

func (c *checker) failf(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("store: "+format, args...)
	}
}

func (c *checker) block(ref arena.Ref, size int) {
	if c.seen[ref] {
		c.failf("block %#x is referred to twice", ref)
	}
	c.seen[ref] = true
	c.bytes += uint64(arena.Usable(size))
}

func (c *checker) database(db *DB) {
	var volatile, volatileFields [2]uint64
	c.table(&db.keys, func(ref arena.Ref) {
		e := Entry{db: db, ref: ref}
		e.open()
		c.block(ref, e.size())
		if d := e.Deadline(); d != 0 {
			volatile[clockOf(d)]++
		}
		switch e.Encoding() {
		case External:
			block, _, capacity := e.external()
			c.block(block, capacity)
		case Table:
			c.fields(&e, &volatileFields)
		case PackTTL:
			e.packEach(false, func(_, _ []byte, d Deadline) bool {
				if d != 0 {
					volatileFields[clockOf(d)]++
				}
				return true
			})
		case Skiplist:
			c.zset(&e)
		}
	})
	for clock := range 2 {
		c.index("keys", &db.expires[clock], volatile[clock])
		c.index("fields", &db.fields[clock], volatileFields[clock])
	}
}

func (c *checker) table(t *table, element func(arena.Ref)) {
	var count uint64
	for i := range t.n {
		for at := overflow(t.bytes(t.bucketAt(i))); at != 0; at = overflow(t.bytes(at)) {
			c.block(arena.Ref(at>>3), bucketBytes)
		}
		for _, ref := range t.appendBucket(i, nil) {
			count++
			if home := t.index(hashOf(t.key(ref))); home != i {
				c.failf("key %q stands in bucket %d, not %d", t.key(ref), i, home)
			}
			element(ref)
		}
	}
	if count != t.count {
		c.failf("a table counts %d elements and has %d", t.count, count)
	}
	if t.n <= chunkBuckets {
		size := uint64(1)
		for size < t.n {
			size *= 2
		}
		c.block(t.dir, int(size)*bucketBytes)
		return
	}
	chunks := (t.n + chunkBuckets - 1) / chunkBuckets
	size := uint64(2)
	for size < chunks {
		size *= 2
	}
	c.block(t.dir, int(size)*8)
	for i := range chunks {
		c.block(arena.Ref(t.bucketAt(i*chunkBuckets)>>3), chunkBytes)
	}
}

func (c *checker) fields(e *Entry, volatile *[2]uint64) {
	t := e.fields()
	var mine [2]uint64
	c.table(&t, func(ref arena.Ref) {
		f := parseField(c.a.From(ref))
		c.block(ref, f.end)
		if f.deadline != 0 {
			mine[clockOf(f.deadline)]++
		}
	})
	for clock := range mine {
		if stored := getRef(e.root(hashRootBytes)[tableBytes+clock*arena.RefSize:]); uint64(stored) != mine[clock] {
			c.failf("hash %q counts %d volatile fields and has %d", e.Key(), stored, mine[clock])
		}
		volatile[clock] += mine[clock]
	}
}

// zset checks that the members are in the table and in order, and that every span is
// the distance it says.
func (c *checker) zset(e *Entry) {
	z := e.loadZSet()
	c.table(&z.members, func(ref arena.Ref) { c.block(ref, memberSize(c.a, ref)) })
	c.block(z.list.head, headBlock)
	if z.list.length != z.members.count {
		c.failf("sorted set %q has %d members in order and %d in its table", e.Key(), z.list.length, z.members.count)
	}
	starts := map[arena.Ref]uint64{z.list.head: 0}
	var rank uint64
	var last Bound
	before := arena.Ref(0)
	for ref := z.list.first(); ref != 0; ref = z.list.node(ref).forward(0) {
		n := z.list.node(ref)
		c.block(ref, nodeBytes(n.level()))
		starts[ref] = rank
		if n.backward() != before || n.count() == 0 {
			c.failf("node %#x of %q is linked wrongly or empty", ref, e.Key())
		}
		for i := range n.count() {
			score, name := memberScore(c.a, n.member(i)), memberName(c.a, n.member(i))
			if rank > 0 && (last.Score > score || last.Score == score && string(last.Name) >= string(name)) || n.half(i) != half(score) {
				c.failf("sorted set %q is out of order at rank %d", e.Key(), rank)
			}
			last = Bound{Score: score, Name: name}
			rank++
		}
		before = ref
	}
	if before != z.list.tail || rank != z.list.length {
		c.failf("sorted set %q ends at %#x rank %d, not %#x rank %d", e.Key(), before, rank, z.list.tail, z.list.length)
	}
	starts[0] = rank
	for ref, start := range starts {
		for level := 0; ref != 0 && level < min(z.list.level, z.list.node(ref).level()); level++ {
			n := z.list.node(ref)
			if start+n.span(level) != starts[n.forward(level)] {
				c.failf("a span of %q on level %d leads from %d over %d to %d", e.Key(), level, start, n.span(level), starts[n.forward(level)])
			}
		}
	}
}

func (c *checker) index(of string, x *index, live uint64) {
	if x.live != live {
		c.failf("the expiry index counts %d volatile %s, there are %d", x.live, of, live)
	}
	var items uint64
	for _, slots := range []*slotMap{&x.slots, &x.old} {
		slots.Scan(func(_ uint64, list *slotList) bool {
			items += uint64((list.fill - chunkItemsAt) / x.itemBytes)
			for ref := list.head; ref != 0; ref = getRef(c.a.From(ref)) {
				c.block(ref, indexChunkBytes)
				if ref != list.head {
					items += uint64((indexChunkBytes - chunkItemsAt) / x.itemBytes)
				}
			}
			return true
		})
	}
	if items != x.items || items < live {
		c.failf("the expiry index has %d items, counts %d, for %d live", items, x.items, live)
	}
}
