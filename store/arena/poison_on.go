//go:build arenadebug

package arena

import "fmt"

// With the build tag arenadebug, what is freed is filled with a pattern that no
// reader takes for data, and a free block that was written to is found when it is
// handed out again.
const (
	debug      = true
	poisonByte = 0xDB
)

func poison(b []byte) {
	for i := range b {
		b[i] = poisonByte
	}
}

func checkPoison(b []byte) {
	for i := 8; i < len(b); i++ { // the first bytes link the free list
		if b[i] != poisonByte {
			panic(fmt.Sprintf("arena: free block written to at byte %d of %d", i, len(b)))
		}
	}
}
