package store

import "cached/store/arena"

// Freeing a collection of a million elements, a database or an arena takes
// longer than the loop may be held. What was cut off from the keyspace waits here and is
// freed a slice at a time.
type garbage struct {
	arenas []*arena.Arena
	tables []deadTable
	nodes  []arena.Ref // first nodes of skiplists
	chunks []arena.Ref // first chunks of index slots

	collecting bool
}

type deadTable struct {
	table
	owner *DB
}

// Above this many waiting pieces each new one pays for itself at once, so that the list
// stays short however fast it is fed.
const garbageMax = 1024

// release frees an entry's block and what its payload refers to: small things at
// once, collections of blocks of their own as garbage.
func (db *DB) release(e *Entry) {
	db.releasePayload(e)
	db.arena.Free(e.ref, e.size())
}

func (db *DB) releasePayload(e *Entry) {
	switch e.Encoding() {
	case External:
		ref, _, capacity := e.external()
		db.arena.Free(ref, capacity)
	case Table:
		db.discardTable(loadTable(db.arena, byField, e.root(hashRootBytes)))
	case Skiplist:
		z := e.loadZSet()
		db.garbage.nodes = append(db.garbage.nodes, z.list.first())
		z.list.freeHead()
		db.discardTable(z.members)
	}
}

func (db *DB) discardTable(t table) {
	if len(db.garbage.tables) >= garbageMax && !db.garbage.collecting {
		budget := 1024 + 2*int(t.count+t.n)
		db.collect(&budget)
	}
	db.garbage.tables = append(db.garbage.tables, deadTable{t, db})
}

// discard leaves the database empty and its contents as garbage.
func (db *DB) discard() {
	db.discardTable(db.keys)
	for i := range db.expires {
		db.expires[i].discard(&db.garbage)
		db.fields[i].discard(&db.garbage)
	}
	db.reset()
}

// Housekeep does up to budget units of the work that waits (keys that are due,
// garbage, memory to give back; a unit is about half a microsecond) and
// reports whether there is more.
func (s *Store) Housekeep(budget int) bool {
	if s.ActiveExpire {
		s.expireDue(&budget)
	}
	s.collect(&budget)
	return budget <= 0 || s.garbage.waiting() || s.arena.NeedsTrim()
}

func (g *garbage) waiting() bool {
	return len(g.arenas)+len(g.tables)+len(g.nodes)+len(g.chunks) > 0
}

const (
	trimStepBytes = 256 << 10
	trimStepUnits = 100
)

func (s *Store) collect(budget *int) {
	g := &s.garbage
	g.collecting = true
	defer func() { g.collecting = false }()
	for *budget > 0 && len(g.nodes) > 0 {
		*budget -= s.freeNode(&g.nodes)
	}
	for *budget > 0 && len(g.tables) > 0 {
		last := len(g.tables) - 1
		dead := g.tables[last]
		g.tables = g.tables[:last]
		if dead.dismantle(budget, func(ref arena.Ref) { dead.owner.freeElement(dead.keyed, ref) }) {
			g.tables = append(g.tables, dead)
		}
	}
	for *budget > 0 && len(g.chunks) > 0 {
		*budget--
		s.freeChunk(&g.chunks)
	}
	for *budget > 0 && len(g.arenas) > 0 {
		*budget -= trimStepUnits
		if !g.arenas[0].Release(trimStepBytes) {
			g.arenas[0].Close()
			g.arenas = g.arenas[1:]
		}
	}
	for *budget > 0 && s.arena.NeedsTrim() {
		*budget -= trimStepUnits
		s.arena.Trim(trimStepBytes)
	}
}

// freeElement frees what a table of a dead collection refers to.
func (db *DB) freeElement(keyed keyed, ref arena.Ref) {
	switch keyed {
	case byEntry:
		e := Entry{db: db, ref: ref}
		e.open()
		db.release(&e)
	case byField:
		db.arena.Free(ref, fieldSize(db.arena, ref))
	case byMember:
		db.arena.Free(ref, memberSize(db.arena, ref))
	}
}

// Waiting reports whether there is garbage, or memory to give back.
func (s *Store) Waiting() bool { return s.garbage.waiting() || s.arena.NeedsTrim() }

// Garbage returns the number of pieces that wait to be freed.
func (s *Store) Garbage() int {
	g := &s.garbage
	return len(g.arenas) + len(g.tables) + len(g.nodes) + len(g.chunks)
}
