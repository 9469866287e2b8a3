package store

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
)

// pack is the compact form of a small collection: its elements one after the
// other, each with the shortest header that tells where it ends. It is what
// Redis's listpack is, without the lengths for reading backwards: at a hundred
// elements, reading forwards twice costs less than a byte each.
//
//	0nnnnnnn                     the number n
//	10nnnnnn bytes               a string of n bytes
//	110nnnnn nnnnnnnn            a signed number of 13 bits
//	11100000 uvarint bytes       a longer string
//	1110kkkk k bytes             a signed number of k+1 bytes, 1 ≤ k ≤ 7
//	11110000 8 bytes             a float64
//
// The form of a value is unique (a string that is the text of a number is stored
// as the number), so elements are equal when their bytes are.
type pack []byte

const (
	packString     = 0x80
	packInt13      = 0xc0
	packLongString = 0xe0
	packFloat      = 0xf0
)

// element is one decoded element of a pack.
type element struct {
	str  []byte // nil: a number
	num  int64
	flt  float64
	kind byte // packString, packInt13 or packFloat
}

// appendString appends a string, as a number where it is the text of one.
func (p pack) appendString(s []byte) pack {
	if n, ok := ParseInt(s); ok {
		return p.appendInt(n)
	}
	if len(s) < 64 {
		p = append(p, packString|byte(len(s)))
	} else {
		p = binary.AppendUvarint(append(p, packLongString), uint64(len(s)))
	}
	return append(p, s...)
}

func (p pack) appendInt(n int64) pack {
	switch {
	case n >= 0 && n < 128:
		return append(p, byte(n))
	case n >= -4096 && n < 4096:
		return append(p, packInt13|byte(n>>8)&0x1f, byte(n))
	}
	width := intWidth(n)
	p = append(p, packLongString|byte(width-1))
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	return append(p, b[:width]...)
}

// appendFloat appends a score: as a number where it is a whole one. Negative
// zero becomes zero, as it does in Redis's listpacks.
func (p pack) appendFloat(f float64) pack {
	if n := int64(f); float64(n) == f && math.Abs(f) < 1<<53 {
		return p.appendInt(n)
	}
	return binary.LittleEndian.AppendUint64(append(p, packFloat), math.Float64bits(f))
}

// intWidth is the number of bytes, at least 2, that hold n as a signed number.
func intWidth(n int64) int {
	width := 2
	for width < 8 && (n >= 1<<(8*width-1) || n < -1<<(8*width-1)) {
		width++
	}
	return width
}

func signedBytes(b []byte) int64 {
	var u uint64
	for i, c := range b {
		u |= uint64(c) << (8 * i)
	}
	shift := 64 - 8*len(b)
	return int64(u<<shift) >> shift
}

// skip returns where the element at offset at ends.
func (p pack) skip(at int) int {
	switch b := p[at]; {
	case b < packString:
		return at + 1
	case b < packInt13:
		return at + 1 + int(b&63)
	case b < packLongString:
		return at + 2
	case b == packLongString:
		size, n := binary.Uvarint(p[at+1:])
		return at + 1 + n + int(size)
	case b == packFloat:
		return at + 9
	default:
		return at + 2 + int(b&15)
	}
}

// at decodes the element at an offset and returns where it ends.
func (p pack) at(at int) (e element, end int) {
	end = p.skip(at)
	switch b := p[at]; {
	case b < packString:
		e = element{kind: packInt13, num: int64(b)}
	case b < packInt13:
		e = element{kind: packString, str: p[at+1 : end : end]}
	case b < packLongString:
		e = element{kind: packInt13, num: int64(uint64(b&0x1f)<<8|uint64(p[at+1])) << 51 >> 51}
	case b == packLongString:
		_, n := binary.Uvarint(p[at+1:])
		e = element{kind: packString, str: p[at+1+n : end : end]}
	case b == packFloat:
		e = element{kind: packFloat, flt: math.Float64frombits(binary.LittleEndian.Uint64(p[at+1:]))}
	default:
		e = element{kind: packInt13, num: signedBytes(p[at+1 : end])}
	}
	return e, end
}

// text returns the element as a string; a number is written into buf.
func (e element) text(buf *[24]byte) []byte {
	if e.kind == packString {
		return e.str
	}
	return strconv.AppendInt(buf[:0], e.num, 10)
}

// float returns the element as a score.
func (e element) float() float64 {
	if e.kind == packFloat {
		return e.flt
	}
	return float64(e.num)
}

// find returns the offset of the first of every stride elements that equals s, -1:
// none. Cost: O(bytes).
func (p pack) find(s []byte, stride int) int {
	var room [80]byte
	want := pack(room[:0]).appendString(s)
	for at := 0; at < len(p); {
		if p[at] == want[0] && bytes.HasPrefix(p[at:], want) {
			return at
		}
		for range stride {
			at = p.skip(at)
		}
	}
	return -1
}

// count returns the number of elements.
func (p pack) count() int {
	n := 0
	for at := 0; at < len(p); at = p.skip(at) {
		n++
	}
	return n
}

// ParseInt parses a decimal integer in the only form in which Redis prints one: no
// leading zero or plus sign, no space. ok is false for anything else.
func ParseInt(s []byte) (n int64, ok bool) {
	if len(s) == 0 || len(s) > 20 {
		return 0, false
	}
	digits, negative := s, false
	if s[0] == '-' {
		digits, negative = s[1:], true
	}
	if len(digits) == 0 || len(digits) > 19 {
		return 0, false
	}
	if digits[0] == '0' {
		return 0, len(s) == 1
	}
	var u uint64
	for _, c := range digits {
		if c -= '0'; c > 9 {
			return 0, false
		}
		u = u*10 + uint64(c)
	}
	if negative {
		return -int64(u), u <= 1<<63
	}
	return int64(u), u < 1<<63
}
