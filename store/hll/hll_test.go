package hll

import (
	"fmt"
	"math"
	"testing"
)

func TestEstimates(t *testing.T) {
	b := New()
	for i := range 100_000 {
		var err error
		if b, _, err = Add(b, fmt.Appendf(nil, "element:%d", i), DefaultSparseMaxBytes); err != nil {
			t.Fatal(err)
		}
		if n := i + 1; n == 10 || n == 1000 || n == 100_000 {
			var r Registers
			if err := r.Merge(b); err != nil {
				t.Fatal(err)
			}
			if off := math.Abs(float64(r.Count())-float64(n)) / float64(n); off > 0.03 {
				t.Errorf("%d elements are counted as %d", n, r.Count())
			}
		}
	}
	if !IsDense(b) {
		t.Error("a sketch of 100,000 elements is sparse")
	}
}

// FuzzSketch hands arbitrary bytes to everything that reads a sketch.
func FuzzSketch(f *testing.F) {
	f.Add(New(), []byte("a"))
	b := New()
	for i := range 300 {
		b, _, _ = Add(b, fmt.Append(nil, i), DefaultSparseMaxBytes)
	}
	f.Add(b, []byte("b"))
	f.Add([]byte("HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f"), []byte("c"))
	f.Fuzz(func(t *testing.T, b, element []byte) {
		if Check(b) != nil {
			return
		}
		var before Registers
		valid := before.Merge(b) == nil
		after, _, err := Add(append([]byte(nil), b...), element, DefaultSparseMaxBytes)
		if !valid {
			return
		}
		if err != nil {
			t.Fatalf("adding to a sketch that is valid: %v", err)
		}
		var all Registers
		if err := all.Merge(after); err != nil {
			t.Fatalf("adding broke the sketch: %v", err)
		}
		for i := range all {
			if all[i] < before[i] {
				t.Fatalf("register %d fell from %d to %d", i, before[i], all[i])
			}
		}
	})
}
