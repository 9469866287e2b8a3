// Package hll is Redis's HyperLogLog, in Redis's own bytes: a string of a header of
// 16 bytes and 16384 registers, dense (6 bits each) or sparse (run lengths).
//
//	"HYLL" | encoding 1 | unused 3 | cached cardinality 8, little endian; the
//	highest bit of the last byte set: not valid | registers
//
// The sparse form is a sequence of opcodes:
//
//	00xxxxxx            ZERO: x+1 registers are 0
//	01xxxxxx yyyyyyyy   XZERO: xy+1 registers are 0
//	1vvvvvxx            VAL: x+1 registers are v+1
//
// The estimator is that of Ertl, "New cardinality estimation algorithms for HyperLogLog
// sketches" (2017), as in Redis since 4.0.
package hll

import (
	"encoding/binary"
	"errors"
	"math"
)

const (
	precision    = 14
	registers    = 1 << precision
	maxRank      = 64 - precision // highest value of a register, less one
	headerBytes  = 16
	denseBytes   = headerBytes + registers*6/8
	dense        = 0
	sparse       = 1
	registerMask = registers - 1
	registerMax  = 63
	hashSeed     = 0xadc83b19

	zeroMaxLen  = 64
	valMaxLen   = 4
	valMaxValue = 32
	alphaInf    = 0.721347520444481703680
)

// DefaultSparseMaxBytes is Redis's hll-sparse-max-bytes.
const DefaultSparseMaxBytes = 3000

// Errors of sketches that are none, or no good, in Redis's words.
//
//lint:file-ignore ST1005 the texts are what Redis answers
var (
	ErrNotSketch = errors.New("WRONGTYPE Key is not a valid HyperLogLog string value.")
	ErrCorrupt   = errors.New("INVALIDOBJ Corrupted HLL object detected")
)

// New returns an empty sketch, in the sparse form.
func New() []byte {
	b := make([]byte, headerBytes, headerBytes+64)
	copy(b, "HYLL")
	b[4] = sparse
	return appendZero(b, registers)
}

// Check returns ErrNotSketch unless b has the form of a sketch.
func Check(b []byte) error {
	if len(b) < headerBytes || string(b[:4]) != "HYLL" || b[4] > sparse || b[4] == dense && len(b) != denseBytes {
		return ErrNotSketch
	}
	return nil
}

// IsDense reports whether a sketch is in the dense form.
func IsDense(b []byte) bool { return b[4] == dense }

// Add adds an element to a sketch, which may be changed in place or replaced, and reports
// whether a register changed.
func Add(b, element []byte, sparseMaxBytes int) (sketch []byte, changed bool, err error) {
	index, count := pattern(element)
	return set(b, index, count, sparseMaxBytes)
}

// pattern returns the register that an element counts in, and the run of zeros to
// count.
func pattern(element []byte) (index int, count byte) {
	hash := murmur64A(element, hashSeed)
	index = int(hash & registerMask)
	hash = hash>>precision | 1<<maxRank
	count = 1
	for hash&1 == 0 {
		count++
		hash >>= 1
	}
	return index, count
}

func set(b []byte, index int, count byte, sparseMaxBytes int) ([]byte, bool, error) {
	if IsDense(b) {
		return b, setDense(b, index, count), nil
	}
	return setSparse(b, index, count, sparseMaxBytes)
}

func invalidate(b []byte) { b[15] |= 1 << 7 }

func denseAt(b []byte, i int) byte {
	bit := i * 6
	at := headerBytes + bit/8
	v := uint(b[at])
	if at+1 < len(b) {
		v |= uint(b[at+1]) << 8
	}
	return byte(v>>(bit%8)) & registerMax
}

func setDense(b []byte, i int, count byte) bool {
	if denseAt(b, i) >= count {
		return false
	}
	bit := i * 6
	at, shift := headerBytes+bit/8, bit%8
	v, mask := uint(count)<<shift, uint(registerMax)<<shift
	b[at] = b[at]&^byte(mask) | byte(v)
	if at+1 < len(b) {
		b[at+1] = b[at+1]&^byte(mask>>8) | byte(v>>8)
	}
	invalidate(b)
	return true
}

// opcode decodes the one at p.
func opcode(p []byte) (value byte, run, size int) {
	switch {
	case p[0]&0x80 != 0:
		return p[0]>>2&0x1f + 1, int(p[0]&3) + 1, 1
	case p[0]&0x40 == 0:
		return 0, int(p[0]&0x3f) + 1, 1
	case len(p) < 2:
		return 0, 0, 1
	}
	return 0, int(p[0]&0x3f)<<8 | int(p[1]) + 1, 2
}

func appendZero(b []byte, run int) []byte {
	if run > zeroMaxLen {
		return append(b, 0x40|byte((run-1)>>8), byte(run-1))
	}
	return append(b, byte(run-1))
}

func appendVal(b []byte, value byte, run int) []byte {
	return append(b, 0x80|(value-1)<<2|byte(run-1))
}

// setSparse sets a register of a sparse sketch: the opcode that covers it is split, and the
// neighbourhood merged where that is possible, exactly as Redis does it, so
// that the bytes are the same.
func setSparse(b []byte, index int, count byte, maxBytes int) ([]byte, bool, error) {
	if count > valMaxValue {
		return promote(b, index, count)
	}
	at, before, first := headerBytes, headerBytes, 0
	var value byte
	var run, size int
	for at < len(b) {
		value, run, size = opcode(b[at:])
		if run == 0 {
			return b, false, ErrCorrupt
		}
		if index < first+run {
			break
		}
		before, at, first = at, at+size, first+run
	}
	if at >= len(b) {
		return b, false, ErrCorrupt
	}
	if value >= count {
		return b, false, nil
	}
	var room [5]byte
	seq := room[:0]
	last := first + run - 1
	part := func(run int) {
		if value == 0 {
			seq = appendZero(seq, run)
		} else {
			seq = appendVal(seq, value, run)
		}
	}
	if index != first {
		part(index - first)
	}
	seq = appendVal(seq, count, 1)
	if index != last {
		part(last - index)
	}
	if len(seq) > size && len(b)+len(seq)-size > maxBytes {
		return promote(b, index, count)
	}
	b = replace(b, at, size, seq)
	b = mergeVals(b, before)
	invalidate(b)
	return b, true, nil
}

// replace puts seq in the place of size bytes.
func replace(b []byte, at, size int, seq []byte) []byte {
	grown := append(b, make([]byte, max(len(seq)-size, 0))...)
	copy(grown[at+len(seq):], b[at+size:])
	copy(grown[at:], seq)
	return grown[:len(b)+len(seq)-size]
}

// mergeVals joins equal VAL opcodes among the five from at on.
func mergeVals(b []byte, at int) []byte {
	for left := 5; at < len(b) && left > 0; left-- {
		value, run, size := opcode(b[at:])
		if value != 0 && at+1 < len(b) {
			if next, more, _ := opcode(b[at+1:]); next == value && run+more <= valMaxLen {
				b[at+1] = appendVal(nil, value, run+more)[0]
				b = append(b[:at], b[at+1:]...)
				continue
			}
		}
		at += size
	}
	return b
}

// promote turns a sparse sketch into a dense one and sets a register.
func promote(b []byte, index int, count byte) ([]byte, bool, error) {
	d, err := ToDense(b)
	if err != nil {
		return b, false, err
	}
	return d, setDense(d, index, count), nil
}

// ToDense returns a sketch in the dense form.
func ToDense(b []byte) ([]byte, error) {
	if IsDense(b) {
		return b, nil
	}
	var all Registers
	if err := all.Merge(b); err != nil {
		return nil, err
	}
	d := make([]byte, denseBytes)
	copy(d, b[:headerBytes])
	d[4] = dense
	cached := d[15]
	for i, v := range all {
		if v > 0 {
			setDense(d, i, v)
		}
	}
	d[15] = cached
	return d, nil
}

// Registers are those of the union of sketches.
type Registers [registers]byte

// Merge takes the maximum of each register with those of a sketch.
func (r *Registers) Merge(b []byte) error {
	if IsDense(b) {
		for i := range r {
			r[i] = max(r[i], denseAt(b, i))
		}
		return nil
	}
	i := 0
	for p := b[headerBytes:]; len(p) > 0; {
		value, run, size := opcode(p)
		if run == 0 || i+run > registers {
			return ErrCorrupt
		}
		if value > 0 {
			for j := i; j < i+run; j++ {
				r[j] = max(r[j], value)
			}
		}
		i += run
		p = p[size:]
	}
	if i != registers {
		return ErrCorrupt
	}
	return nil
}

// StoreIn sets the registers of a sketch to at least r's.
func (r *Registers) StoreIn(b []byte, sparseMaxBytes int) ([]byte, error) {
	var err error
	for i, v := range r {
		if v > 0 {
			if b, _, err = set(b, i, v, sparseMaxBytes); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

// Count estimates how many distinct elements the registers have seen.
func (r *Registers) Count() uint64 {
	var histogram [64]int
	for _, v := range r {
		histogram[v]++
	}
	const m = float64(registers)
	z := m * tau((m-float64(histogram[maxRank+1]))/m)
	for j := maxRank; j >= 1; j-- {
		z += float64(histogram[j])
		z *= 0.5
	}
	z += m * sigma(float64(histogram[0])/m)
	return uint64(math.Round(alphaInf * m * m / z))
}

func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x *= x
		before := z
		z += x * y
		y += y
		if before == z {
			return z
		}
	}
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		before := z
		y *= 0.5
		z -= (1 - x) * (1 - x) * y
		if before == z {
			return z / 3
		}
	}
}

// Cached returns the cardinality that a sketch remembers, if that is valid.
func Cached(b []byte) (count uint64, ok bool) {
	return binary.LittleEndian.Uint64(b[8:]), b[15]&(1<<7) == 0
}

// SetCached has a sketch remember its cardinality.
func SetCached(b []byte, count uint64) { binary.LittleEndian.PutUint64(b[8:], count) }

// Invalidate has a sketch forget its cardinality.
func Invalidate(b []byte) { invalidate(b) }

// murmur64A is MurmurHash64A of Austin Appleby.
func murmur64A(key []byte, seed uint64) uint64 {
	const m, r = 0xc6a4a7935bd1e995, 47
	h := seed ^ uint64(len(key))*m
	for ; len(key) >= 8; key = key[8:] {
		k := binary.LittleEndian.Uint64(key) * m
		k ^= k >> r
		h = (h ^ k*m) * m
	}
	if len(key) > 0 {
		var last [8]byte
		copy(last[:], key)
		h = (h ^ binary.LittleEndian.Uint64(last[:])) * m
	}
	h = (h ^ h>>r) * m
	return h ^ h>>r
}
