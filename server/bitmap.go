package server

import (
	"encoding/binary"
	"math"
	"math/bits"

	"cached/store"
)

const errBitOffset = replyError("ERR bit offset is not an integer or out of range")

// bitOffset reads a bit offset. In BITFIELD "#n" counts in integers of the given
// width; the whole integer has to fit a string of proto-max-bulk-len.
func (c *call) bitOffset(arg []byte, hash bool, width int64) (int64, error) {
	scale := int64(1)
	if hash && len(arg) > 0 && arg[0] == '#' {
		arg, scale = arg[1:], width
	}
	n, ok := store.ParseInt(arg)
	if !ok || n < 0 || n > math.MaxInt64/scale {
		return 0, errBitOffset
	}
	if n *= scale; n>>3 >= c.srv.config.ProtoMaxBulkLen {
		return 0, errBitOffset
	}
	return n, nil
}

// bitsOf returns the value of a string, empty when the key is not there.
func (c *call) bitsOf(key []byte) ([]byte, bool, error) {
	e, ok, err := c.find(key, store.String)
	if !ok || err != nil {
		return nil, false, err
	}
	return e.Value(&c.buf), true, nil
}

// bitsForWrite returns the bytes of a string to change, made as long as needed.
func (c *call) bitsForWrite(key []byte, size int64) ([]byte, error) {
	e, ok, err := c.findForWrite(key, store.String)
	if err != nil {
		return nil, err
	}
	if !ok {
		e = c.db.CreateRaw(key, int(size))
		return e.Text(), nil
	}
	if old := len(e.Value(&c.buf)); int64(old) < size {
		return e.Resize(int(size)), nil
	}
	return e.Text(), nil
}

func getbitCommand(c *call) error {
	offset, err := c.bitOffset(c.args[2], false, 0)
	if err != nil {
		return err
	}
	b, _, err := c.bitsOf(c.args[1])
	if err != nil {
		return err
	}
	c.w.Int(bitAt(b, offset))
	return nil
}

func bitAt(b []byte, offset int64) int64 {
	if offset>>3 >= int64(len(b)) {
		return 0
	}
	return int64(b[offset>>3]>>(7-offset&7)) & 1
}

func setbitCommand(c *call) error {
	offset, err := c.bitOffset(c.args[2], false, 0)
	if err != nil {
		return err
	}
	bit, err := parseIntRange(c.args[3], 0, 1, replyError("ERR bit is not an integer or out of range"))
	if err != nil {
		return err
	}
	b, err := c.bitsForWrite(c.args[1], offset>>3+1)
	if err != nil {
		return err
	}
	c.w.Int(bitAt(b, offset))
	mask := byte(1) << (7 - offset&7)
	b[offset>>3] = b[offset>>3]&^mask | byte(bit)<<(7-offset&7)
	return nil
}

func countBits(b []byte) int64 {
	n := 0
	for ; len(b) >= 8; b = b[8:] {
		n += bits.OnesCount64(binary.LittleEndian.Uint64(b))
	}
	for _, c := range b {
		n += bits.OnesCount8(c)
	}
	return int64(n)
}

// inBits reads BYTE or BIT.
func inBits(arg []byte) (bool, error) {
	if !is(arg, "BIT") && !is(arg, "BYTE") {
		return false, errSyntax
	}
	return is(arg, "BIT"), nil
}

// bitRange turns first and last positions, of bytes or of bits, into a half-open range
// of the bits of b.
func bitRange(start, end int64, asBits bool, b []byte) (from, to int64) {
	unit, length := int64(8), int64(len(b))
	if asBits {
		unit, length = 1, length*8
	}
	if start < 0 {
		start = max(start+length, 0)
	}
	if end < 0 {
		end = max(end+length, 0)
	}
	end = min(end, length-1)
	if start > end {
		return 0, 0
	}
	return start * unit, (end + 1) * unit
}

func bitcountCommand(c *call) error {
	b, ok, err := c.bitsOf(c.args[1])
	if err != nil {
		return err
	}
	if !ok {
		c.w.Int(0)
		return nil
	}
	from, to := int64(0), int64(len(b))*8
	switch len(c.args) {
	case 2:
	case 4, 5:
		start, err := parseInt(c.args[2])
		if err != nil {
			return err
		}
		end, err := parseInt(c.args[3])
		if err != nil {
			return err
		}
		if start < 0 && end < 0 && start > end {
			c.w.Int(0)
			return nil
		}
		asBits := false
		if len(c.args) == 5 {
			if asBits, err = inBits(c.args[4]); err != nil {
				return err
			}
		}
		from, to = bitRange(start, end, asBits, b)
	default:
		return errSyntax
	}
	c.w.Int(countBitRange(b, from, to))
	return nil
}

func countBitRange(b []byte, from, to int64) int64 {
	if from >= to {
		return 0
	}
	first, last := from>>3, (to-1)>>3
	n := countBits(b[first : last+1])
	n -= int64(bits.OnesCount8(b[first] &^ (0xff >> (from & 7))))
	n -= int64(bits.OnesCount8(b[last] & (1<<(7-(to-1)&7) - 1)))
	return n
}

func bitposCommand(c *call) error {
	bit, err := parseIntRange(c.args[2], math.MinInt64, math.MaxInt64, errNotInt)
	if err != nil {
		return err
	}
	if bit != 0 && bit != 1 {
		return replyError("ERR The bit argument must be 1 or 0.")
	}
	b, ok, err := c.bitsOf(c.args[1])
	if err != nil {
		return err
	}
	if !ok {
		c.w.Int(-bit)
		return nil
	}
	from, to, bounded := int64(0), int64(len(b))*8, false
	switch len(c.args) {
	case 3:
	case 4, 5, 6:
		start, err := parseInt(c.args[3])
		if err != nil {
			return err
		}
		end, asBits := int64(-1), false
		if len(c.args) == 6 {
			if asBits, err = inBits(c.args[5]); err != nil {
				return err
			}
		}
		if bounded = len(c.args) > 4; bounded {
			if end, err = parseInt(c.args[4]); err != nil {
				return err
			}
		}
		from, to = bitRange(start, end, asBits, b)
	default:
		return errSyntax
	}
	at := findBit(b, byte(bit), from, to)
	if at < 0 && bit == 0 && !bounded && from < to {
		at = to // beyond its end a string is all zeros
	}
	c.w.Int(at)
	return nil
}

// findBit returns the first bit of a value in a range, -1: none.
func findBit(b []byte, bit byte, from, to int64) int64 {
	skip := byte(0)
	if bit == 0 {
		skip = 0xff
	}
	for i := from; i < to; {
		if i&7 == 0 && b[i>>3] == skip {
			i += 8
			continue
		}
		if byte(bitAt(b, i)) == bit {
			return i
		}
		i++
	}
	return -1
}

func bitopCommand(c *call) error {
	operation := ""
	for _, name := range []string{"AND", "OR", "XOR", "NOT"} {
		if is(c.args[1], name) {
			operation = name
		}
	}
	if operation == "" {
		return errSyntax
	}
	sources := c.args[3:]
	if operation == "NOT" && len(sources) != 1 {
		return replyError("ERR BITOP NOT must be called with a single source key.")
	}
	values := make([][]byte, len(sources))
	size := 0
	for i, key := range sources {
		e, ok, err := c.find(key, store.String)
		if err != nil {
			return err
		}
		if ok {
			values[i] = append([]byte(nil), e.Value(&c.buf)...)
			size = max(size, len(values[i]))
		}
	}
	if size == 0 {
		c.db.Delete(c.args[2])
		c.w.Int(0)
		return nil
	}
	c.db.SetRaw(c.args[2], combineBits(operation, values, size), 0)
	c.w.Int(int64(size))
	return nil
}

func combineBits(operation string, values [][]byte, size int) []byte {
	out := make([]byte, size)
	copy(out, values[0])
	if operation == "NOT" {
		for i := range out {
			out[i] = ^out[i]
		}
		return out
	}
	for _, v := range values[1:] {
		switch operation {
		case "AND":
			for i := range v {
				out[i] &= v[i]
			}
			clear(out[len(v):])
		case "OR":
			for i := range v {
				out[i] |= v[i]
			}
		case "XOR":
			for i := range v {
				out[i] ^= v[i]
			}
		}
	}
	return out
}
