package store

import (
	"encoding/binary"

	"cached/store/arena"
)

// References are stored in 5 bytes, lengths as unsigned varints.

func getRef(b []byte) arena.Ref {
	_ = b[4]
	return arena.Ref(uint64(binary.LittleEndian.Uint32(b)) | uint64(b[4])<<32)
}

func putRef(b []byte, ref arena.Ref) {
	_ = b[4]
	binary.LittleEndian.PutUint32(b, uint32(ref))
	b[4] = byte(ref >> 32)
}

// uvarint reads a length; n is the bytes it took. It trusts its input: only the
// store's own blocks are read with it.
func uvarint(b []byte) (value uint64, n int) {
	if b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	return binary.Uvarint(b)
}

func putUvarint(b []byte, v uint64) int {
	if v < 0x80 {
		b[0] = byte(v)
		return 1
	}
	return binary.PutUvarint(b, v)
}

func uvarintLen(v uint64) int {
	n := 1
	for v >= 0x80 {
		v >>= 7
		n++
	}
	return n
}
