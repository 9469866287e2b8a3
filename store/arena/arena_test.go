package arena

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func open(t testing.TB) *Arena {
	t.Helper()
	a, err := Open(minReserve)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func TestClassesCoverEverySizeClosely(t *testing.T) {
	for size := 1; size <= maxSmall; size++ {
		usable := Usable(size)
		if usable < size {
			t.Fatalf("class of %d holds %d", size, usable)
		}
		if slack := usable - size; slack >= 8 && slack > size/8+8 {
			t.Fatalf("class of %d wastes %d", size, slack)
		}
	}
}

// TestBlocksNeverOverlap allocates and frees at random, writes a pattern of its
// own into every block, and finds it unchanged at the end.
func TestBlocksNeverOverlap(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	a := open(t)
	type block struct {
		ref  Ref
		size int
		fill byte
	}
	var blocks []block
	var want uint64
	for range 200_000 {
		if len(blocks) > 0 && random.IntN(5) < 2+len(blocks)/4000 {
			i := random.IntN(len(blocks))
			b := blocks[i]
			if got := a.Bytes(b.ref, b.size); bytes.Count(got, []byte{b.fill}) != b.size {
				t.Fatalf("block %#x of %d bytes was overwritten", b.ref, b.size)
			}
			a.Free(b.ref, b.size)
			want -= uint64(Usable(b.size))
			blocks[i] = blocks[len(blocks)-1]
			blocks = blocks[:len(blocks)-1]
			continue
		}
		size := 1 + random.IntN(200)
		switch random.IntN(50) {
		case 0:
			size = 1 + random.IntN(maxSmall)
		case 1:
			size = 1 + random.IntN(100_000)
		}
		b := block{a.Alloc(size), size, byte(random.Uint32())}
		payload := a.Bytes(b.ref, size)
		for i := range payload {
			payload[i] = b.fill
		}
		want += uint64(Usable(size))
		blocks = append(blocks, b)
		if random.IntN(1000) == 0 {
			a.Trim(1 << 20)
		}
	}
	if a.Used() != want {
		t.Errorf("Used() = %d, want %d", a.Used(), want)
	}
	for _, b := range blocks {
		a.Free(b.ref, b.size)
	}
	if a.Used() != 0 {
		t.Errorf("Used() = %d after everything was freed", a.Used())
	}
	for a.Trim(1 << 20) {
	}
	if a.Dirty() != 0 {
		t.Errorf("Dirty() = %d after everything was trimmed", a.Dirty())
	}
}

func TestFreedRunsAreUsedAgain(t *testing.T) {
	a := open(t)
	first, second := a.Alloc(50_000), a.Alloc(70_000)
	a.Free(first, 50_000)
	a.Free(second, 70_000)
	bottom := a.runBottom
	a.Free(a.Alloc(118_000), 118_000)
	if a.runBottom != bottom {
		t.Errorf("two adjacent free runs did not serve one of their joint size")
	}
}

func TestReferencesAddressATebibyte(t *testing.T) {
	if top := (uint64(1)<<(8*RefSize) - 1) << 3; top < 1<<40 {
		t.Errorf("a stored reference reaches %d bytes", top)
	}
	a, err := Open(1 << 40)
	if err != nil {
		t.Skipf("the system allows no such range: %v", err)
	}
	defer a.Close()
	ref := a.Alloc(100_000)
	a.Bytes(ref, 100_000)[99_999] = 1
	if uint64(ref)<<3 < 1<<39 {
		t.Skip("a smaller range was reserved")
	}
}
