package store

import (
	"encoding/binary"
	"math/bits"
)

// warmMax is how many keys are warmed together: about as many as the processor has
// loads under way.
const warmMax = 32

// Warm touches the memory in which the keys are looked up, up to the entries, and so has
// it in cache when they are. The loads do not wait for each other, as lookups
// one after the other do. It changes nothing that can be observed but time.
func (db *DB) Warm(keys [][]byte) {
	t := &db.keys
	var hashes, buckets [warmMax]uint64
	var sum uint64
	for len(keys) > 0 {
		n := min(len(keys), warmMax)
		for i, key := range keys[:n] {
			hashes[i] = hashOf(key)
			buckets[i] = t.bucketAt(t.index(hashes[i]))
			sum += uint64(t.bytes(buckets[i])[0])
		}
		for i := range n {
			b := t.bytes(buckets[i])
			if m := matches(b, tagOf(hashes[i])); m != 0 {
				ref := slotRef(b, bits.TrailingZeros64(m)>>3)
				sum += binary.LittleEndian.Uint64(db.arena.From(ref))
			}
		}
		keys = keys[n:]
	}
	db.warmed += sum // a use, or the loads would be left out
}
