package server

import (
	"math"

	"cached/store"
)

const errScoreNaN = replyError("ERR resulting score is not a number (NaN)")

// zaddOptions are the words before the first score of ZADD.
type zaddOptions struct{ nx, xx, gt, lt, ch, incr bool }

func zaddCommand(c *call) error {
	var o zaddOptions
	pairs := c.args[2:]
options:
	for len(pairs) > 0 {
		switch arg := pairs[0]; {
		case is(arg, "NX"):
			o.nx = true
		case is(arg, "XX"):
			o.xx = true
		case is(arg, "GT"):
			o.gt = true
		case is(arg, "LT"):
			o.lt = true
		case is(arg, "CH"):
			o.ch = true
		case is(arg, "INCR"):
			o.incr = true
		default:
			break options
		}
		pairs = pairs[1:]
	}
	return c.zadd(o, pairs)
}

func zincrbyCommand(c *call) error { return c.zadd(zaddOptions{incr: true}, c.args[2:]) }

func (c *call) zadd(o zaddOptions, pairs [][]byte) error {
	switch {
	case len(pairs) == 0 || len(pairs)%2 != 0:
		return errSyntax
	case o.nx && o.xx:
		return replyError("ERR XX and NX options at the same time are not compatible")
	case o.gt && o.nx || o.lt && o.nx || o.gt && o.lt:
		return replyError("ERR GT, LT, and/or NX options at the same time are not compatible")
	case o.incr && len(pairs) > 2:
		return replyError("ERR INCR option supports a single increment-element pair")
	}
	// Every score is checked before anything changes.
	var room [16]float64
	scores := room[:0]
	for i := 0; i < len(pairs); i += 2 {
		score, err := parseFloat(pairs[i])
		if err != nil {
			return err
		}
		scores = append(scores, score)
	}
	e, ok, err := c.findForWrite(c.args[1], store.ZSet)
	if err != nil {
		return err
	}
	if !ok {
		if o.xx {
			c.answerZadd(&o, 0, 0, 0, false)
			return nil
		}
		e = c.db.CreateZSet(c.args[1])
	}
	var added, updated int64
	var score float64
	var done bool
	for i, s := range scores {
		var isNew bool
		if score, isNew, done, err = o.apply(&e, pairs[2*i+1], s); err != nil {
			return err
		}
		if isNew {
			added++
		} else if done {
			updated++
		}
	}
	c.answerZadd(&o, added, updated, score, done || added > 0)
	return nil
}

// apply adds one pair: the score that results, whether the member is new, and whether
// it was changed. With INCR a member that keeps its score counts as done.
func (o *zaddOptions) apply(e *store.Entry, name []byte, score float64) (result float64, isNew, done bool, err error) {
	old, there := e.ZScore(name)
	if !there {
		if o.xx {
			return 0, false, false, nil
		}
		e.ZSet(name, score)
		return score, true, false, nil
	}
	if o.nx {
		return 0, false, false, nil
	}
	if o.incr {
		if score += old; math.IsNaN(score) {
			return 0, false, false, errScoreNaN
		}
	}
	if o.lt && score >= old || o.gt && score <= old {
		return 0, false, false, nil
	}
	if score == old {
		return score, false, o.incr, nil
	}
	e.ZSet(name, score)
	return score, false, true, nil
}

func (c *call) answerZadd(o *zaddOptions, added, updated int64, score float64, done bool) {
	switch {
	case o.incr && done:
		c.w.Double(score)
	case o.incr:
		c.w.Null()
	case o.ch:
		c.w.Int(added + updated)
	default:
		c.w.Int(added)
	}
}

func zremCommand(c *call) error {
	e, ok, err := c.findForWrite(c.args[1], store.ZSet)
	if err != nil {
		return err
	}
	n := int64(0)
	for i := 2; ok && i < len(c.args); i++ {
		if e.ZRemove(c.args[i]) {
			n++
		}
	}
	if n > 0 {
		c.dropIfEmpty(&e, e.ZLen())
	}
	c.w.Int(n)
	return nil
}

func zcardCommand(c *call) error {
	e, ok, err := c.find(c.args[1], store.ZSet)
	if err != nil {
		return err
	}
	n := 0
	if ok {
		n = e.ZLen()
	}
	c.w.Int(int64(n))
	return nil
}

func zscoreCommand(c *call) error {
	e, ok, err := c.find(c.args[1], store.ZSet)
	if err != nil {
		return err
	}
	c.score(&e, ok, c.args[2])
	return nil
}

func (c *call) score(e *store.Entry, ok bool, name []byte) {
	if ok {
		if score, found := e.ZScore(name); found {
			c.w.Double(score)
			return
		}
	}
	c.w.Null()
}

func zmscoreCommand(c *call) error {
	e, ok, err := c.find(c.args[1], store.ZSet)
	if err != nil {
		return err
	}
	c.w.Array(len(c.args) - 2)
	for _, name := range c.args[2:] {
		c.score(&e, ok, name)
	}
	return nil
}

func zrankCommand(c *call) error    { return c.zrank(false) }
func zrevrankCommand(c *call) error { return c.zrank(true) }

func (c *call) zrank(reverse bool) error {
	withScore := len(c.args) == 4
	if len(c.args) > 4 {
		return errArity(c.cmd.name)
	}
	if withScore && !is(c.args[3], "WITHSCORE") {
		return errSyntax
	}
	e, ok, err := c.find(c.args[1], store.ZSet)
	if err != nil {
		return err
	}
	var rank int
	var score float64
	if ok {
		rank, score, ok = e.ZRank(c.args[2])
	}
	switch {
	case !ok && withScore:
		c.w.NullArray()
		return nil
	case !ok:
		c.w.Null()
		return nil
	case reverse:
		rank = e.ZLen() - 1 - rank
	}
	if withScore {
		c.w.Array(2)
		c.w.Int(int64(rank))
		c.w.Double(score)
	} else {
		c.w.Int(int64(rank))
	}
	return nil
}

func zscanCommand(c *call) error {
	cursor, err := parseCursor(c.args[2])
	if err != nil {
		return err
	}
	e, ok, err := c.find(c.args[1], store.ZSet)
	if err != nil {
		return err
	}
	if !ok {
		c.emptyScan()
		return nil
	}
	o, err := parseScanOptions(c.args[3:], "zscan")
	if err != nil {
		return err
	}
	c.scan(cursor, &o, func(cursor uint64) (uint64, int) {
		n := 0
		next := e.ZScan(cursor, func(name []byte, score float64) {
			if o.matches(name) {
				c.w.Bulk(name)
				c.w.DoubleText(score)
				n += 2
			}
		})
		return next, n
	})
	return nil
}

func zrandmemberCommand(c *call) error {
	if len(c.args) == 2 {
		e, ok, err := c.find(c.args[1], store.ZSet)
		if err != nil {
			return err
		}
		if !ok {
			c.w.Null()
			return nil
		}
		e.ZRandom(func(name []byte, _ float64) { c.w.Bulk(name) })
		return nil
	}
	count, withScores, err := parseRandomCount(c.args[2:], "WITHSCORES")
	if err != nil {
		return err
	}
	e, ok, err := c.find(c.args[1], store.ZSet)
	if err != nil {
		return err
	}
	if !ok || count == 0 {
		c.w.Array(0)
		return nil
	}
	c.randomElements(count, withScores, e.ZLen(),
		func(visit func(name []byte, more func())) {
			e.ZRandom(func(name []byte, score float64) { visit(name, func() { c.w.Double(score) }) })
		},
		func(visit func(name []byte, more func())) {
			e.ZEach(e.ZLen()-1, e.ZLen(), true, func(name []byte, score float64) bool {
				visit(name, func() { c.w.Double(score) })
				return true
			})
		})
	return nil
}

func zpopminCommand(c *call) error { return c.zpop(false) }
func zpopmaxCommand(c *call) error { return c.zpop(true) }

func (c *call) zpop(highest bool) error {
	if len(c.args) > 3 {
		return errSyntax
	}
	count := int64(1)
	if len(c.args) == 3 {
		n, ok := store.ParseInt(c.args[2])
		if !ok || n < 0 {
			return errNotPositive
		}
		count = n
	}
	e, ok, err := c.findForWrite(c.args[1], store.ZSet)
	if err != nil {
		return err
	}
	if !ok || count == 0 {
		c.w.Array(0)
		return nil
	}
	c.take(&e, count, highest, len(c.args) == 3 && c.w.RESP3)
	return nil
}

// take answers and removes the lowest or highest members.
func (c *call) take(e *store.Entry, count int64, highest, nested bool) {
	length := e.ZLen()
	n := int(min(count, int64(length)))
	start := 0
	if nested {
		c.w.Array(n)
	} else {
		c.w.Array(2 * n)
	}
	if highest {
		start = length - 1
	}
	e.ZEach(start, n, highest, func(name []byte, score float64) bool {
		if nested {
			c.w.Array(2)
		}
		c.w.Bulk(name)
		c.w.Double(score)
		return true
	})
	if n == length {
		c.db.Remove(e)
		return
	}
	if highest {
		start = length - n
	}
	e.ZRemoveRange(start, n)
}

func zmpopCommand(c *call) error {
	numkeys, err := parseIntRange(c.args[1], 1, math.MaxInt64, replyError("ERR numkeys should be greater than 0"))
	if err != nil {
		return err
	}
	if numkeys > int64(len(c.args)-3) {
		return errSyntax
	}
	keys, rest := c.args[2:2+numkeys], c.args[2+numkeys:]
	highest := is(rest[0], "MAX")
	if !highest && !is(rest[0], "MIN") {
		return errSyntax
	}
	count := int64(1)
	counted := false
	for rest = rest[1:]; len(rest) > 0; rest = rest[2:] {
		if counted || !is(rest[0], "COUNT") || len(rest) < 2 {
			return errSyntax
		}
		counted = true
		if count, err = parseIntRange(rest[1], 1, math.MaxInt64, replyError("ERR count should be greater than 0")); err != nil {
			return err
		}
	}
	for _, key := range keys {
		e, ok, err := c.findForWrite(key, store.ZSet)
		if err != nil {
			return err
		}
		if ok {
			c.w.Array(2)
			c.w.Bulk(key)
			c.take(&e, count, highest, true)
			return nil
		}
	}
	c.w.NullArray()
	return nil
}
