package server

import "math/rand/v2"

// randomElements answers elements of a hash or a sorted set chosen at random:
// count distinct ones, or with a negative count that many with repeats. one
// visits an element at random and all visits each; more writes what goes with
// the name. With RESP3 and pairs each element is an array of its own.
func (c *call) randomElements(count int64, pairs bool, length int, one, all func(visit func(name []byte, more func()))) {
	answer := func(name []byte, more func()) {
		if pairs && c.w.RESP3 {
			c.w.Array(2)
		}
		c.w.Bulk(name)
		if pairs {
			more()
		}
	}
	elements := func(n int64) {
		if pairs && !c.w.RESP3 {
			n *= 2
		}
		c.w.Array(int(n))
	}
	if count < 0 {
		elements(-count)
		for range -count {
			one(answer)
			if c.w.Over { // the client is closed after the command
				break
			}
		}
		return
	}
	count = min(count, int64(length))
	elements(count)
	if count*3 <= int64(length) {
		seen := make(map[string]bool, count)
		for int64(len(seen)) < count {
			one(func(name []byte, more func()) {
				if !seen[string(name)] {
					seen[string(name)] = true
					answer(name, more)
				}
			})
		}
		return
	}
	// Selection sampling (Knuth, The Art of Computer Programming 3.4.2, algorithm S).
	left, wanted := int64(length), count
	all(func(name []byte, more func()) {
		if wanted > 0 && rand.Int64N(left) < wanted {
			answer(name, more)
			wanted--
		}
		left--
	})
}
