package store

import (
	"fmt"
	"math"
	"testing"
)

// FuzzPack writes elements into a pack and reads them back.
func FuzzPack(f *testing.F) {
	f.Add([]byte("abc"), []byte("123"), int64(5), 1.5)
	f.Add([]byte(""), []byte("-4097"), int64(math.MinInt64), math.Inf(1))
	f.Fuzz(func(t *testing.T, a, b []byte, n int64, x float64) {
		p := pack(nil).appendString(a).appendString(b).appendInt(n).appendFloat(x)
		if p.count() != 4 {
			t.Fatalf("%d elements in % x", p.count(), p)
		}
		var buf [24]byte
		at := 0
		for _, want := range [][]byte{a, b, []byte(fmt.Sprint(n))} {
			e, end := p.at(at)
			if string(e.text(&buf)) != string(want) {
				t.Fatalf("%q reads %q", want, e.text(&buf))
			}
			at = end
		}
		e, end := p.at(at)
		if got := e.float(); got != x && !(math.IsNaN(got) && math.IsNaN(x)) || end != len(p) {
			t.Fatalf("%v reads %v", x, got)
		}
		if found := p.find(b, 1); found < 0 || found > pack(nil).appendString(a).skip(0) {
			t.Fatalf("%q is found at %d", b, found)
		}
	})
}

// FuzzCompactHash runs a script of operations on one compact hash and on a map.
func FuzzCompactHash(f *testing.F) {
	f.Add([]byte("aAbBaCxb"))
	f.Fuzz(func(t *testing.T, script []byte) {
		s := newStore(t)
		db := s.DB(0)
		model := map[string]string{}
		for i := 0; i+1 < len(script); i += 2 {
			name, value := fmt.Sprint(int8(script[i]&31)*9), fmt.Sprintf("%x", script[:int(script[i+1]&31)%len(script)])
			e, ok := db.Find([]byte("h"))
			if !ok {
				e = db.CreateHash([]byte("h"))
			}
			if script[i] < 200 {
				e.HashSet([]byte(name), []byte(value), 0)
				model[name] = value
			} else if e.HashDelete([]byte(name)) != (model[name] != "" || hasKey(model, name)) {
				t.Fatalf("deleting %q", name)
			} else {
				delete(model, name)
			}
			if e.HashLen() == 0 {
				db.Remove(&e)
			}
		}
		e, ok := db.Find([]byte("h"))
		if ok != (len(model) > 0) {
			t.Fatalf("there: %v with %d fields", ok, len(model))
		}
		for name, value := range model {
			var buf [24]byte
			if got, _, ok := e.HashGet([]byte(name), &buf); !ok || string(got) != value {
				t.Fatalf("%q is %q, want %q", name, got, value)
			}
		}
		check(t, s)
	})
}

func hasKey(m map[string]string, k string) bool { _, ok := m[k]; return ok }

// FuzzCompactZSet runs a script of operations on one sorted set around the limit of the
// compact form, and checks order and counts.
func FuzzCompactZSet(f *testing.F) {
	f.Add([]byte("aAbBcCdD"))
	f.Fuzz(func(t *testing.T, script []byte) {
		s := newStore(t)
		s.Limits.ZSetEntries = 6
		db := s.DB(0)
		model := map[string]float64{}
		for i := 0; i+1 < len(script); i += 2 {
			name, score := fmt.Sprint("m", script[i]&15), float64(int8(script[i+1]))/4
			e, ok := db.Find([]byte("z"))
			if !ok {
				e = db.CreateZSet([]byte("z"))
			}
			if script[i] < 180 {
				e.ZSet([]byte(name), score)
				model[name] = score
			} else {
				e.ZRemove([]byte(name))
				delete(model, name)
			}
			if e.ZLen() != len(model) {
				t.Fatalf("%d members, want %d", e.ZLen(), len(model))
			}
			if e.ZLen() == 0 {
				db.Remove(&e)
			}
		}
		if e, ok := db.Find([]byte("z")); ok {
			v := modelValue{scores: model}
			if got := dump(&e); got != v.dump() {
				t.Fatalf("holds %s, want %s", got, v.dump())
			}
		}
		check(t, s)
	})
}
