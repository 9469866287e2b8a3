package server

import (
	"bytes"

	"cached/store"
)

// Ranges of sorted sets: ZRANGE in its whole grammar, its older forms, and what
// counts, removes and stores ranges.

// rangeKind is what the ends of a range are.
type rangeKind byte

const (
	byRank rangeKind = iota
	byScore
	byLex
)

// zrange is a parsed range.
type zrange struct {
	kind       rangeKind
	reverse    bool
	withScores bool
	limited    bool
	offset     int64
	count      int64 // negative: all

	start, stop int64       // byRank
	low, high   store.Bound // byScore, byLex
	fromFirst   bool        // byLex: no low end
	toLast      bool        // byLex: no high end
	nothing     bool        // byLex: + as the low end, or - as the high one
}

// parseOptions reads what follows the ends of a range. fixed is true for the older
// commands, whose kind and direction are in their name.
func (r *zrange) parseOptions(args [][]byte, fixed, store bool) error {
	for i := 0; i < len(args); i++ {
		switch {
		case is(args[i], "WITHSCORES") && !store:
			r.withScores = true
		case is(args[i], "LIMIT") && i+2 < len(args):
			var err error
			if r.offset, err = parseInt(args[i+1]); err != nil {
				return err
			}
			if r.count, err = parseInt(args[i+2]); err != nil {
				return err
			}
			r.limited = true
			i += 2
		case is(args[i], "REV") && !fixed && !r.reverse:
			r.reverse = true
		case is(args[i], "BYLEX") && !fixed && r.kind == byRank:
			r.kind = byLex
		case is(args[i], "BYSCORE") && !fixed && r.kind == byRank:
			r.kind = byScore
		default:
			return errSyntax
		}
	}
	if r.limited && r.count != -1 && r.kind == byRank {
		return replyError("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
	}
	if r.withScores && r.kind == byLex {
		return replyError("ERR syntax error, WITHSCORES not supported in combination with BYLEX")
	}
	return nil
}

// parseEnds reads the two ends. In reverse the first is the high one.
func (r *zrange) parseEnds(low, high []byte) (err error) {
	if r.reverse && r.kind != byRank {
		low, high = high, low
	}
	switch r.kind {
	case byRank:
		if r.start, err = parseInt(low); err == nil {
			r.stop, err = parseInt(high)
		}
		return err
	case byScore:
		return r.parseScores(low, high)
	}
	return r.parseLex(low, high)
}

func (r *zrange) parseScores(low, high []byte) error {
	for _, end := range []struct {
		arg  []byte
		to   *store.Bound
		side int
	}{{low, &r.low, -1}, {high, &r.high, +1}} {
		score, exclusive, err := parseScoreBound(end.arg)
		if err != nil {
			return err
		}
		*end.to = store.Bound{Score: score, Side: end.side}
		if exclusive {
			end.to.Side = -end.side
		}
	}
	return nil
}

func (r *zrange) parseLex(low, high []byte) error {
	for i, arg := range [][]byte{low, high} {
		switch {
		case string(arg) == "-":
			r.fromFirst = r.fromFirst || i == 0
			r.nothing = r.nothing || i == 1
		case string(arg) == "+":
			r.toLast = r.toLast || i == 1
			r.nothing = r.nothing || i == 0
		case bytes.HasPrefix(arg, []byte("[")) || bytes.HasPrefix(arg, []byte("(")):
			after := (arg[0] == '(') == (i == 0)
			bound := store.Bound{Name: arg[1:], ByLex: true, Side: -1}
			if after {
				bound.Side = +1
			}
			if i == 0 {
				r.low = bound
			} else {
				r.high = bound
			}
		default:
			return errMinMaxLex
		}
	}
	return nil
}

// in returns the first rank in a sorted set and the number of members, before LIMIT.
func (r *zrange) in(e *store.Entry) (first, count int) {
	length := e.ZLen()
	from, to := 0, length
	switch r.kind {
	case byRank:
		start, stop := r.start, r.stop
		if start < 0 {
			start = max(start+int64(length), 0)
		}
		if stop < 0 {
			stop += int64(length)
		}
		if start > stop || start >= int64(length) {
			return 0, 0
		}
		from, to = int(start), int(min(stop, int64(length)-1))+1
		if r.reverse {
			from, to = length-to, length-from
		}
	case byScore:
		from, to = e.ZBefore(&r.low), e.ZBefore(&r.high)
	case byLex:
		if r.nothing {
			return 0, 0
		}
		if !r.fromFirst {
			from = e.ZBefore(&r.low)
		}
		if !r.toLast {
			to = e.ZBefore(&r.high)
		}
	}
	return from, max(to-from, 0)
}

// each visits the members of the range in a sorted set, LIMIT applied, after begin has
// been told their number.
func (r *zrange) each(e *store.Entry, begin func(n int), visit func(name []byte, score float64)) {
	first, n := r.in(e)
	start, step := first, 1
	if r.reverse {
		start, step = first+n-1, -1
	}
	if r.limited && r.kind != byRank {
		if r.offset < 0 || r.offset >= int64(n) {
			begin(0)
			return
		}
		start += step * int(r.offset)
		n -= int(r.offset)
		if r.count >= 0 {
			n = int(min(int64(n), r.count))
		}
	}
	begin(n)
	e.ZEach(start, n, r.reverse, func(name []byte, score float64) bool {
		visit(name, score)
		return true
	})
}

func zrangeCommand(c *call) error { return c.zrange(zrange{}, false) }
func zrevrangeCommand(c *call) error {
	return c.zrange(zrange{reverse: true}, true)
}
func zrangebyscoreCommand(c *call) error { return c.zrange(zrange{kind: byScore}, true) }
func zrevrangebyscoreCommand(c *call) error {
	return c.zrange(zrange{kind: byScore, reverse: true}, true)
}
func zrangebylexCommand(c *call) error { return c.zrange(zrange{kind: byLex}, true) }
func zrevrangebylexCommand(c *call) error {
	return c.zrange(zrange{kind: byLex, reverse: true}, true)
}

func (c *call) zrange(r zrange, fixed bool) error {
	if err := r.parseOptions(c.args[4:], fixed, false); err != nil {
		return err
	}
	if err := r.parseEnds(c.args[2], c.args[3]); err != nil {
		return err
	}
	e, ok, err := c.find(c.args[1], store.ZSet)
	if err != nil {
		return err
	}
	if !ok {
		c.w.Array(0)
		return nil
	}
	r.each(&e, func(n int) { c.scored(n, r.withScores) }, func(name []byte, score float64) {
		c.member(name, score, r.withScores)
	})
	return nil
}

// scored announces n members, with their scores or without.
func (c *call) scored(n int, withScores bool) {
	if withScores && !c.w.RESP3 {
		n *= 2
	}
	c.w.Array(n)
}

// member answers one of them.
func (c *call) member(name []byte, score float64, withScore bool) {
	if withScore && c.w.RESP3 {
		c.w.Array(2)
	}
	c.w.Bulk(name)
	if withScore {
		c.w.Double(score)
	}
}

func zrangestoreCommand(c *call) error {
	var r zrange
	if err := r.parseOptions(c.args[5:], false, true); err != nil {
		return err
	}
	if err := r.parseEnds(c.args[3], c.args[4]); err != nil {
		return err
	}
	e, ok, err := c.find(c.args[2], store.ZSet)
	if err != nil {
		return err
	}
	var members []scoredMember
	if ok {
		r.each(&e, func(int) {}, func(name []byte, score float64) {
			members = append(members, scoredMember{string(name), score})
		})
	}
	c.storeMembers(c.args[1], members)
	return nil
}

// storeMembers puts a sorted set in the place of what a key held, or removes the key
// if there are no members, and answers their number.
func (c *call) storeMembers(key []byte, members []scoredMember) {
	c.db.Delete(key)
	if len(members) > 0 {
		e := c.db.CreateZSet(key)
		for _, m := range members {
			e.ZSet([]byte(m.name), m.score)
		}
	}
	c.w.Int(int64(len(members)))
}

func zcountCommand(c *call) error    { return c.zcount(zrange{kind: byScore}) }
func zlexcountCommand(c *call) error { return c.zcount(zrange{kind: byLex}) }

func (c *call) zcount(r zrange) error {
	if err := r.parseEnds(c.args[2], c.args[3]); err != nil {
		return err
	}
	e, ok, err := c.find(c.args[1], store.ZSet)
	if err != nil {
		return err
	}
	n := 0
	if ok {
		_, n = r.in(&e)
	}
	c.w.Int(int64(n))
	return nil
}

func zremrangebyrankCommand(c *call) error  { return c.zremrange(zrange{}) }
func zremrangebyscoreCommand(c *call) error { return c.zremrange(zrange{kind: byScore}) }
func zremrangebylexCommand(c *call) error   { return c.zremrange(zrange{kind: byLex}) }

func (c *call) zremrange(r zrange) error {
	if err := r.parseEnds(c.args[2], c.args[3]); err != nil {
		return err
	}
	e, ok, err := c.findForWrite(c.args[1], store.ZSet)
	if err != nil {
		return err
	}
	n := 0
	if ok {
		var first int
		if first, n = r.in(&e); n == e.ZLen() {
			c.db.Remove(&e)
		} else {
			e.ZRemoveRange(first, n)
		}
	}
	c.w.Int(int64(n))
	return nil
}
