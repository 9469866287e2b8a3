package server

import (
	"math"
)

// bitfieldOp is one operation of a BITFIELD.
type bitfieldOp struct {
	kind     byte // 'g'et, 's'et or 'i'ncrby
	signed   bool
	width    int64
	offset   int64
	operand  int64
	overflow byte // 'w'rap, 's'at or 'f'ail
}

func bitfieldCommand(c *call) error   { return c.bitfield(false) }
func bitfieldRoCommand(c *call) error { return c.bitfield(true) }

func (c *call) parseBitfield(readOnly bool) (ops []bitfieldOp, writes bool, end int64, err error) {
	overflow := byte('w')
	for args := c.args[2:]; len(args) > 0; {
		op := bitfieldOp{overflow: overflow}
		size := 4
		switch arg := args[0]; {
		case is(arg, "GET") && len(args) >= 3:
			op.kind, size = 'g', 3
		case is(arg, "SET") && len(args) >= 4:
			op.kind = 's'
		case is(arg, "INCRBY") && len(args) >= 4:
			op.kind = 'i'
		case is(arg, "OVERFLOW") && len(args) >= 2:
			switch {
			case is(args[1], "WRAP"):
				overflow = 'w'
			case is(args[1], "SAT"):
				overflow = 's'
			case is(args[1], "FAIL"):
				overflow = 'f'
			default:
				return nil, false, 0, replyError("ERR Invalid OVERFLOW type specified")
			}
			args = args[2:]
			continue
		default:
			return nil, false, 0, errSyntax
		}
		if op.signed, op.width, err = bitfieldType(args[1]); err != nil {
			return nil, false, 0, err
		}
		if op.offset, err = c.bitOffset(args[2], true, op.width); err != nil {
			return nil, false, 0, err
		}
		if op.kind != 'g' {
			writes = true
			end = max(end, op.offset+op.width)
			if op.operand, err = parseInt(args[3]); err != nil {
				return nil, false, 0, err
			}
		}
		ops = append(ops, op)
		args = args[size:]
	}
	if readOnly && writes {
		return nil, false, 0, replyError("ERR BITFIELD_RO only supports the GET subcommand")
	}
	return ops, writes, end, nil
}

// bitfieldType reads i1 to i64 or u1 to u63.
func bitfieldType(arg []byte) (signed bool, width int64, err error) {
	const invalid = replyError("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.")
	if len(arg) < 2 || arg[0] != 'i' && arg[0] != 'u' {
		return false, 0, invalid
	}
	signed = arg[0] == 'i'
	limit := int64(63)
	if signed {
		limit = 64
	}
	width, err = parseIntRange(arg[1:], 1, limit, invalid)
	return signed, width, err
}

func (c *call) bitfield(readOnly bool) error {
	ops, writes, end, err := c.parseBitfield(readOnly)
	if err != nil {
		return err
	}
	var b []byte
	if writes {
		b, err = c.bitsForWrite(c.args[1], (end+7)>>3)
	} else {
		b, _, err = c.bitsOf(c.args[1])
	}
	if err != nil {
		return err
	}
	c.w.Array(len(ops))
	for i := range ops {
		op := &ops[i]
		old := op.read(b)
		if op.kind == 'g' {
			c.w.Int(old)
			continue
		}
		value, ok := op.result(old)
		switch {
		case !ok:
			c.w.Null()
			continue
		case op.kind == 's':
			c.w.Int(old)
		default:
			c.w.Int(value)
		}
		op.write(b, value)
	}
	return nil
}

func (op *bitfieldOp) read(b []byte) int64 {
	var u uint64
	for i := op.offset; i < op.offset+op.width; i++ {
		u = u<<1 | uint64(bitAt(b, i))
	}
	if op.signed {
		return int64(u<<(64-op.width)) >> (64 - op.width)
	}
	return int64(u)
}

func (op *bitfieldOp) write(b []byte, value int64) {
	for i := range op.width {
		at := op.offset + i
		mask := byte(1) << (7 - at&7)
		if value>>(op.width-1-i)&1 != 0 {
			b[at>>3] |= mask
		} else {
			b[at>>3] &^= mask
		}
	}
}

// result returns what a SET or INCRBY stores; ok is false when it overflows and is to
// fail.
func (op *bitfieldOp) result(old int64) (value int64, ok bool) {
	low, high := int64(0), int64(1)<<(op.width-1)<<1-1
	if op.signed {
		low, high = math.MinInt64>>(64-op.width), math.MaxInt64>>(64-op.width)
	}
	value = op.operand
	over, under := value > high || op.width < 64 && high-value < 0, value < low
	if op.kind == 's' && !op.signed {
		// An unsigned SET takes its operand for unsigned: a negative one is too large.
		over, under = uint64(value) > uint64(high), false
	}
	if op.kind == 'i' {
		value = old + op.operand
		wrapped := (value > old) != (op.operand > 0)
		over = op.operand > 0 && (wrapped || value > high)
		under = op.operand < 0 && (wrapped || value < low)
	}
	switch {
	case !over && !under:
		return value, true
	case op.overflow == 'f':
		return 0, false
	case op.overflow == 's' && over:
		return high, true
	case op.overflow == 's':
		return low, true
	}
	shift := 64 - op.width
	if op.signed {
		return value << shift >> shift, true
	}
	return int64(uint64(value) << shift >> shift), true
}
