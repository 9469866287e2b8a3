package server

import (
	"math"
	"math/big"

	"cached/store"
)

// INCREX: the counter of a rate limiter in one command. The bounds constrain the
// result; what would pass them, or overflow, is refused ([current, 0], nothing
// changed) or, with SATURATE, stops at the bound.

type increxOptions struct {
	float            bool
	by, lower, upper []byte // arguments, nil: not given
	saturate         bool
	expiry           []byte
	unit             timeUnit
	persist, enx     bool
}

func parseIncrexOptions(args [][]byte) (o increxOptions, err error) {
	seen := map[string]bool{}
	for i := 0; i < len(args); i++ {
		arg, more := args[i], i+1 < len(args)
		unit, isExpiry := expiryUnit(arg)
		word, operand := "", (*[]byte)(nil)
		switch {
		case is(arg, "BYINT") || is(arg, "BYFLOAT"):
			word, operand, o.float = "BY", &o.by, is(arg, "BYFLOAT")
		case is(arg, "LBOUND"):
			word, operand = "LBOUND", &o.lower
		case is(arg, "UBOUND"):
			word, operand = "UBOUND", &o.upper
		case isExpiry:
			word, operand, o.unit = "EX", &o.expiry, unit
		case is(arg, "PERSIST"):
			word, o.persist = "EX", true
		case is(arg, "SATURATE"):
			word, o.saturate = "SATURATE", true
		case is(arg, "ENX"):
			word, o.enx = "ENX", true
		}
		if word == "" || seen[word] || operand != nil && !more {
			return o, errSyntax
		}
		seen[word] = true
		if operand != nil {
			*operand = args[i+1]
			i++
		}
	}
	if o.enx && o.persist {
		return o, errSyntax
	}
	if o.enx && o.expiry == nil {
		return o, replyError("ERR ENX flag requires an expiration")
	}
	return o, nil
}

func increxCommand(c *call) error {
	o, err := parseIncrexOptions(c.args[2:])
	if err != nil {
		return err
	}
	var d store.Deadline
	if o.expiry != nil {
		if d, err = c.deadline(o.expiry, o.unit, 1); err != nil {
			return err
		}
	}
	if o.float {
		return c.increxFloat(&o, d)
	}
	return c.increxInt(&o, d)
}

func (c *call) increxInt(o *increxOptions, d store.Deadline) error {
	by, lower, upper := int64(1), int64(math.MinInt64), int64(math.MaxInt64)
	for _, operand := range []struct {
		arg  []byte
		to   *int64
		name string
	}{{o.by, &by, "Increment"}, {o.lower, &lower, "LBOUND"}, {o.upper, &upper, "UBOUND"}} {
		if operand.arg == nil {
			continue
		}
		n, err := parseInt(operand.arg)
		if err != nil {
			return errf("ERR %s is not an integer or out of range", operand.name)
		}
		*operand.to = n
	}
	if lower > upper {
		return replyError("ERR LBOUND can't be greater than UBOUND")
	}
	e, ok, err := c.findForWrite(c.args[1], store.String)
	if err != nil {
		return err
	}
	var old int64
	if ok {
		if old, err = c.number(&e); err != nil {
			return err
		}
	}
	sum, overflow := old+by, by > 0 && old > math.MaxInt64-by || by < 0 && old < math.MinInt64-by
	if overflow {
		sum = math.MaxInt64
		if by < 0 {
			sum = math.MinInt64
		}
	}
	if overflow || sum < lower || sum > upper {
		if !o.saturate {
			c.w.Array(2)
			c.w.Int(old)
			c.w.Int(0)
			return nil
		}
		sum = min(max(sum, lower), upper)
		if (sum >= 0) != (old >= 0) && (sum-old >= 0) != (sum >= 0) {
			return replyError("ERR applied increment would overflow")
		}
	}
	if ok {
		e.SetInt(sum)
	} else {
		c.db.SetInt(c.args[1], sum, 0)
	}
	c.increxExpire(o, d)
	c.w.Array(2)
	c.w.Int(sum)
	c.w.Int(sum - old)
	return nil
}

func (c *call) increxFloat(o *increxOptions, d store.Deadline) error {
	by := new(big.Float).SetPrec(longDoubleBits).SetInt64(1)
	var lower, upper *big.Float
	for _, operand := range []struct {
		arg  []byte
		to   **big.Float
		name string
	}{{o.by, &by, "Increment"}, {o.lower, &lower, "LBOUND"}, {o.upper, &upper, "UBOUND"}} {
		if operand.arg == nil {
			continue
		}
		f, err := parseLongDouble(operand.arg)
		if err != nil {
			return errf("ERR %s is not a valid float", operand.name)
		}
		*operand.to = f
	}
	if by.IsInf() {
		return replyError("ERR BYFLOAT increment cannot be Infinity")
	}
	if lower != nil && upper != nil && lower.Cmp(upper) > 0 {
		return replyError("ERR LBOUND can't be greater than UBOUND")
	}
	e, ok, err := c.findForWrite(c.args[1], store.String)
	if err != nil {
		return err
	}
	old := new(big.Float).SetPrec(longDoubleBits)
	if ok {
		if old, err = parseLongDouble(e.Value(&c.buf)); err != nil {
			return err
		}
		if old.IsInf() {
			return replyError("ERR value cannot be Infinity")
		}
	}
	sum := new(big.Float).SetPrec(longDoubleBits).Add(old, by)
	if sum.MantExp(nil) > longDoubleMaxExp {
		if !o.saturate {
			c.floatPair(old, new(big.Float))
			return nil
		}
		sum = maxLongDouble(sum.Sign())
	}
	below, above := lower != nil && sum.Cmp(lower) < 0, upper != nil && sum.Cmp(upper) > 0
	switch {
	case (below || above) && !o.saturate:
		c.floatPair(old, new(big.Float))
		return nil
	case below:
		sum.Set(lower)
	case above:
		sum.Set(upper)
	}
	if sum.IsInf() {
		return replyError("ERR applied increment would be Infinity")
	}
	c.db.SetText(c.args[1], []byte(formatLongDouble(sum)), store.KeepDeadline)
	c.increxExpire(o, d)
	c.floatPair(sum, new(big.Float).SetPrec(longDoubleBits).Sub(sum, old))
	return nil
}

// maxLongDouble is the largest number of a sign.
func maxLongDouble(sign int) *big.Float {
	one := new(big.Float).SetPrec(longDoubleBits).SetInt64(int64(sign))
	largest := new(big.Float).SetPrec(longDoubleBits).SetMantExp(one, longDoubleMaxExp)
	step := new(big.Float).SetPrec(longDoubleBits).SetMantExp(one, longDoubleMaxExp-longDoubleBits)
	return largest.Sub(largest, step)
}

func (c *call) floatPair(a, b *big.Float) {
	c.w.Array(2)
	c.longDouble(a)
	c.longDouble(b)
}

// increxExpire sets or removes the deadline of the counter.
func (c *call) increxExpire(o *increxOptions, d store.Deadline) {
	e, ok := c.db.Peek(c.args[1])
	if !ok || d == 0 && !o.persist || o.enx && e.Deadline() != 0 {
		return
	}
	if d != 0 && d.Due(c.now()) {
		c.db.Remove(&e)
	} else if d != e.Deadline() {
		e.SetDeadline(d)
	}
}
