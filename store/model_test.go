package store

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
)

// newStore opens a store whose clocks stand at an arbitrary moment.
func newStore(t testing.TB) *Store {
	t.Helper()
	s, err := Open(1 << 30)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.SetTime(Time{Mono: 1_000_000_000, Wall: 1_000_000_000})
	return s
}

func check(t testing.TB, s *Store) {
	t.Helper()
	for s.Housekeep(1000) {
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
}

// seeded returns a random source whose seed is printed, or taken from SEED.
func seeded(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	if s := os.Getenv("SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

type modelValue struct {
	text     string
	fields   map[string]modelField
	scores   map[string]float64
	deadline int64
}

type modelField struct {
	value    string
	deadline int64
}

// TestStoreAgainstModel runs random operations on a store and on plain Go maps and
// compares every answer, then everything.
func TestStoreAgainstModel(t *testing.T) {
	random := seeded(t)
	s := newStore(t)
	s.Limits = Limits{HashEntries: 8, HashValueBytes: 64, ZSetEntries: 8, ZSetValueBytes: 64}
	m := &model{t: t, s: s, db: s.DB(0), r: random, keys: map[string]*modelValue{}}
	for i := range 120_000 {
		m.step()
		if i%10_000 == 0 {
			m.compareAll()
		}
	}
	m.compareAll()
	s.DB(0).Flush()
	check(t, s)
}

type model struct {
	t    *testing.T
	s    *Store
	db   *DB
	r    *rand.Rand
	keys map[string]*modelValue
}

func (m *model) name(n int) string {
	if i := m.r.IntN(n); i%3 > 0 {
		return "name:" + strconv.Itoa(i)
	} else {
		return strconv.Itoa(i * 1000)
	}
}

func (m *model) text() string {
	size := m.r.IntN(30)
	if m.r.IntN(40) == 0 {
		size = m.r.IntN(6000)
	}
	if m.r.IntN(3) == 0 {
		return strconv.FormatInt(int64(m.r.Uint64())>>m.r.IntN(64), 10)
	}
	b := make([]byte, size)
	for i := range b {
		b[i] = 'a' + byte(m.r.IntN(26))
	}
	return string(b)
}

func (m *model) deadline() (Deadline, int64) {
	now := m.s.Now()
	ms := 1 + int64(m.r.ExpFloat64()*float64(int64(1)<<m.r.IntN(20)))
	if m.r.IntN(2) == 0 {
		return now.After(ms), now.Mono + ms
	}
	return At(now.Wall + ms), now.Mono + ms
}

// live returns the model's value of a key, dropping what is due.
func (m *model) live(key string) *modelValue {
	v := m.keys[key]
	if v == nil {
		return nil
	}
	for name, f := range v.fields {
		if f.deadline != 0 && f.deadline <= m.s.Now().Mono {
			delete(v.fields, name)
		}
	}
	if v.deadline != 0 && v.deadline <= m.s.Now().Mono || v.fields != nil && len(v.fields) == 0 {
		delete(m.keys, key)
		return nil
	}
	return v
}

func (m *model) step() {
	key := m.name(60)
	k := []byte(key)
	if m.r.IntN(4) == 0 {
		now := m.s.Now()
		step := int64(m.r.IntN(40))
		m.s.SetTime(Time{Mono: now.Mono + step, Wall: now.Wall + step})
	}
	for m.s.Housekeep(64) {
	}
	v := m.live(key)
	e, ok := m.db.Find(k)
	if ok != (v != nil) {
		m.t.Fatalf("key %q: found %v, want %v", key, ok, v != nil)
	}
	switch op := m.r.IntN(100); {
	case op < 12:
		text := m.text()
		v := &modelValue{text: text}
		var d Deadline
		if m.r.IntN(2) == 0 {
			d, v.deadline = m.deadline()
		}
		m.db.SetString(k, []byte(text), d)
		m.keys[key] = v
	case op < 16:
		m.db.Delete(k)
		delete(m.keys, key)
	case op < 22 && ok:
		var d Deadline
		v.deadline = 0
		if m.r.IntN(3) > 0 {
			d, v.deadline = m.deadline()
		}
		e.SetDeadline(d)
	case op < 25 && ok:
		other := m.name(60)
		e.Rename(m.db, []byte(other))
		if other != key {
			m.keys[other] = v
			delete(m.keys, key)
		}
	case op < 27 && ok:
		if other := m.name(60); m.live(other) == nil {
			m.db.Peek([]byte(other))
			e, _ = m.db.Find(k)
			e.Copy(m.db, []byte(other))
			m.keys[other] = v.clone()
		}
	case op < 35 && ok && v.fields == nil && v.scores == nil:
		size := len(v.text) + m.r.IntN(200)
		if m.r.IntN(30) == 0 {
			size += 3000
		}
		b := e.Resize(size)
		if string(b[:len(v.text)]) != v.text {
			m.t.Fatalf("resizing %q lost its text", key)
		}
		v.text = string(b)
	case op < 65:
		m.hash(k, v, e)
	default:
		m.zset(k, v, e)
	}
}

func (v *modelValue) clone() *modelValue {
	c := *v
	if v.fields != nil {
		c.fields = map[string]modelField{}
		for name, f := range v.fields {
			c.fields[name] = f
		}
	}
	if v.scores != nil {
		c.scores = map[string]float64{}
		for name, s := range v.scores {
			c.scores[name] = s
		}
	}
	return &c
}

func (m *model) hash(k []byte, v *modelValue, e Entry) {
	if v != nil && v.fields == nil {
		return
	}
	if v == nil {
		v = &modelValue{fields: map[string]modelField{}}
		m.keys[string(k)] = v
		e = m.db.CreateHash(k)
	}
	for range 1 + m.r.IntN(4) {
		name := m.name(25)
		switch op := m.r.IntN(10); {
		case op < 6 || len(v.fields) == 0:
			f := modelField{value: m.text()}
			var d Deadline
			if m.r.IntN(2) == 0 {
				d, f.deadline = m.deadline()
			}
			_, there := v.fields[name]
			if added := e.HashSet([]byte(name), []byte(f.value), d); added == there {
				m.t.Fatalf("HashSet(%q) says added=%v", name, added)
			}
			v.fields[name] = f
		case op < 8:
			_, there := v.fields[name]
			if e.HashDelete([]byte(name)) != there {
				m.t.Fatalf("HashDelete(%q) does not say %v", name, there)
			}
			delete(v.fields, name)
		default:
			if f, there := v.fields[name]; there {
				var d Deadline
				d, f.deadline = m.deadline()
				e.SetFieldDeadline([]byte(name), d)
				v.fields[name] = f
			}
		}
	}
	if e.HashLen() != len(v.fields) {
		m.t.Fatalf("%q has %d fields, want %d", k, e.HashLen(), len(v.fields))
	}
	if len(v.fields) == 0 {
		m.db.Remove(&e)
		delete(m.keys, string(k))
	}
}

func (m *model) zset(k []byte, v *modelValue, e Entry) {
	if v != nil && v.scores == nil {
		return
	}
	if v == nil {
		v = &modelValue{scores: map[string]float64{}}
		m.keys[string(k)] = v
		e = m.db.CreateZSet(k)
	}
	for range 1 + m.r.IntN(12) {
		name := m.name(400)
		_, there := v.scores[name]
		if m.r.IntN(10) < 7 || len(v.scores) == 0 {
			score := float64(m.r.IntN(50)-10) / float64(1+m.r.IntN(3))
			if e.ZSet([]byte(name), score) == there {
				m.t.Fatalf("ZSet(%q) does not say %v", name, !there)
			}
			v.scores[name] = score
		} else {
			if e.ZRemove([]byte(name)) != there {
				m.t.Fatalf("ZRemove(%q) does not say %v", name, there)
			}
			delete(v.scores, name)
		}
	}
	if len(v.scores) > 300 {
		e.ZRemoveRange(50, 200)
		for _, name := range v.ordered()[50:250] {
			delete(v.scores, name)
		}
	}
	if len(v.scores) == 0 {
		m.db.Remove(&e)
		delete(m.keys, string(k))
	}
}

func (v *modelValue) ordered() []string {
	var names []string
	for name := range v.scores {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(v.scores[a], v.scores[b]), cmp.Compare(a, b))
	})
	return names
}

func (m *model) compareAll() {
	m.t.Helper()
	check(m.t, m.s)
	for key := range m.keys {
		m.live(key)
	}
	if m.db.Len() != len(m.keys) {
		m.t.Fatalf("%d keys, want %d", m.db.Len(), len(m.keys))
	}
	for key, v := range m.keys {
		e, ok := m.db.Peek([]byte(key))
		if !ok {
			m.t.Fatalf("key %q is missing", key)
		}
		if got := dump(&e); got != v.dump() {
			m.t.Fatalf("key %q holds\n%s\nwant\n%s", key, got, v.dump())
		}
		if d := e.Deadline(); d != 0 && d.ms() != v.deadline || (d != 0) != (v.deadline != 0) {
			m.t.Fatalf("key %q goes at %d, want %d", key, d.ms(), v.deadline)
		}
	}
}

func dump(e *Entry) string {
	var buf [24]byte
	switch e.Type() {
	case String:
		return string(e.Value(&buf))
	case Hash:
		var lines []string
		e.HashEach(func(name, value []byte, d Deadline) bool {
			lines = append(lines, fmt.Sprintf("%s=%s@%d", name, value, d.ms()))
			return true
		})
		slices.Sort(lines)
		return fmt.Sprint(lines)
	default:
		var lines []string
		rank := 0
		e.ZEach(0, e.ZLen(), false, func(name []byte, score float64) bool {
			if r, _, ok := e.ZRank(name); !ok || r != rank {
				lines = append(lines, fmt.Sprintf("rank %d is not %d", r, rank))
			}
			rank++
			lines = append(lines, fmt.Sprintf("%s=%v", name, score))
			return true
		})
		back := 0
		e.ZEach(rank-1, rank, true, func(name []byte, score float64) bool {
			back++
			if line := fmt.Sprintf("%s=%v", name, score); lines[rank-back] != line {
				lines = append(lines, "backwards "+line)
			}
			return true
		})
		return fmt.Sprint(lines)
	}
}

func (v *modelValue) dump() string {
	var lines []string
	switch {
	case v.fields != nil:
		for name, f := range v.fields {
			lines = append(lines, fmt.Sprintf("%s=%s@%d", name, f.value, f.deadline))
		}
		slices.Sort(lines)
	case v.scores != nil:
		for _, name := range v.ordered() {
			lines = append(lines, fmt.Sprintf("%s=%v", name, v.scores[name]))
		}
	default:
		return v.text
	}
	return fmt.Sprint(lines)
}
