package server

import (
	"math"
	"strconv"

	"cached/store"
)

// hashForWrite finds a hash, or makes one.
func (c *call) hashForWrite(key []byte) (store.Entry, error) {
	e, ok, err := c.findForWrite(key, store.Hash)
	if err == nil && !ok {
		e = c.db.CreateHash(key)
	}
	return e, err
}

// dropIfEmpty removes a hash or sorted set whose last element has gone.
func (c *call) dropIfEmpty(e *store.Entry, length int) {
	if length == 0 {
		if fresh, ok := c.db.Peek(e.Key()); ok {
			c.db.Remove(&fresh)
		}
	}
}

func hsetCommand(c *call) error {
	added, err := c.hset("hset")
	if err == nil {
		c.w.Int(added)
	}
	return err
}

func hmsetCommand(c *call) error {
	_, err := c.hset("hmset")
	if err == nil {
		c.w.OK()
	}
	return err
}

func (c *call) hset(name string) (added int64, err error) {
	if len(c.args)%2 != 0 {
		return 0, errArity(name)
	}
	e, err := c.hashForWrite(c.args[1])
	if err != nil {
		return 0, err
	}
	for i := 2; i < len(c.args); i += 2 {
		if e.HashSet(c.args[i], c.args[i+1], 0) {
			added++
		}
	}
	return added, nil
}

func hsetnxCommand(c *call) error {
	e, err := c.hashForWrite(c.args[1])
	if err != nil {
		return err
	}
	if _, _, ok := e.HashGet(c.args[2], &c.buf); ok {
		c.w.Int(0)
		return nil
	}
	e.HashSet(c.args[2], c.args[3], 0)
	c.w.Int(1)
	return nil
}

func hgetCommand(c *call) error {
	e, ok, err := c.find(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	c.field(&e, ok, c.args[2])
	return nil
}

// field answers the value of a field of a hash that may not be there.
func (c *call) field(e *store.Entry, ok bool, name []byte) {
	if ok {
		if value, _, found := e.HashGet(name, &c.buf); found {
			c.w.Bulk(value)
			return
		}
	}
	c.w.Null()
}

func hmgetCommand(c *call) error {
	e, ok, err := c.find(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	c.w.Array(len(c.args) - 2)
	for _, name := range c.args[2:] {
		c.field(&e, ok, name)
	}
	return nil
}

func hexistsCommand(c *call) error {
	e, ok, err := c.find(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	if ok {
		_, _, ok = e.HashGet(c.args[2], &c.buf)
	}
	return c.answer(ok)
}

func hstrlenCommand(c *call) error {
	e, ok, err := c.find(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	var value []byte
	if ok {
		value, _, _ = e.HashGet(c.args[2], &c.buf)
	}
	c.w.Int(int64(len(value)))
	return nil
}

func hlenCommand(c *call) error {
	e, ok, err := c.find(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	n := 0
	if ok {
		n = e.HashLen()
	}
	c.w.Int(int64(n))
	return nil
}

func hdelCommand(c *call) error {
	e, ok, err := c.findForWrite(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	n := int64(0)
	for i := 2; ok && i < len(c.args); i++ {
		if e.HashDelete(c.args[i]) {
			n++
		}
	}
	if n > 0 {
		c.dropIfEmpty(&e, e.HashLen())
	}
	c.w.Int(n)
	return nil
}

func hgetallCommand(c *call) error {
	e, ok, err := c.find(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	if !ok {
		c.w.Map(0)
		return nil
	}
	mark, n := c.w.Deferred(), 0
	e.HashEach(func(name, value []byte, _ store.Deadline) bool {
		c.w.Bulk(name)
		c.w.Bulk(value)
		n++
		return true
	})
	c.w.MapAt(mark, n)
	return nil
}

func hkeysCommand(c *call) error {
	return c.eachField(func(name, _ []byte) { c.w.Bulk(name) })
}

func hvalsCommand(c *call) error {
	return c.eachField(func(_, value []byte) { c.w.Bulk(value) })
}

func (c *call) eachField(answer func(name, value []byte)) error {
	e, ok, err := c.find(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	mark, n := c.w.Deferred(), 0
	if ok {
		e.HashEach(func(name, value []byte, _ store.Deadline) bool {
			answer(name, value)
			n++
			return true
		})
	}
	c.w.ArrayAt(mark, n)
	return nil
}

func hincrbyCommand(c *call) error {
	by, err := parseInt(c.args[3])
	if err != nil {
		return err
	}
	e, ok, err := c.findForWrite(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	var n int64
	if ok {
		if value, _, found := e.HashGet(c.args[2], &c.buf); found {
			if n, ok = store.ParseInt(value); !ok {
				return replyError("ERR hash value is not an integer")
			}
		}
	} else {
		e = c.db.CreateHash(c.args[1])
	}
	if by > 0 && n > math.MaxInt64-by || by < 0 && n < math.MinInt64-by {
		return errOverflow
	}
	n += by
	e.HashSet(c.args[2], strconv.AppendInt(c.buf2[:0], n, 10), store.KeepDeadline)
	c.w.Int(n)
	return nil
}

func hincrbyfloatCommand(c *call) error {
	by, err := parseLongDouble(c.args[3])
	if err != nil {
		return err
	}
	if by.IsInf() {
		return replyError("ERR value is NaN or Infinity")
	}
	e, ok, err := c.findForWrite(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	current := []byte("0")
	if ok {
		if value, _, found := e.HashGet(c.args[2], &c.buf); found {
			current = value
		}
	}
	value, err := parseLongDouble(current)
	if err != nil {
		return replyError("ERR hash value is not a float")
	}
	sum, err := addLongDouble(value, by)
	if err != nil {
		return err
	}
	if !ok {
		e = c.db.CreateHash(c.args[1])
	}
	e.HashSet(c.args[2], []byte(sum), store.KeepDeadline)
	c.w.BulkString(sum)
	return nil
}

func hscanCommand(c *call) error {
	cursor, err := parseCursor(c.args[2])
	if err != nil {
		return err
	}
	e, ok, err := c.find(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	if !ok {
		c.emptyScan()
		return nil
	}
	o, err := parseScanOptions(c.args[3:], "hscan")
	if err != nil {
		return err
	}
	c.scan(cursor, &o, func(cursor uint64) (uint64, int) {
		n := 0
		next := e.HashScan(cursor, func(name, value []byte) {
			if !o.matches(name) {
				return
			}
			c.w.Bulk(name)
			n++
			if !o.noValues {
				c.w.Bulk(value)
				n++
			}
		})
		return next, n
	})
	return nil
}

func (c *call) emptyScan() {
	c.w.Array(2)
	c.w.BulkString("0")
	c.w.Array(0)
}

func hrandfieldCommand(c *call) error {
	c.db.ReapFields()
	if len(c.args) == 2 {
		e, ok, err := c.find(c.args[1], store.Hash)
		if err != nil {
			return err
		}
		if !ok {
			c.w.Null()
			return nil
		}
		e.HashRandom(func(name, _ []byte) { c.w.Bulk(name) })
		return nil
	}
	count, withValues, err := parseRandomCount(c.args[2:], "WITHVALUES")
	if err != nil {
		return err
	}
	e, ok, err := c.find(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	if !ok || count == 0 {
		c.w.Array(0)
		return nil
	}
	c.randomElements(count, withValues, e.HashLen(),
		func(visit func(name []byte, more func())) {
			e.HashRandom(func(name, value []byte) { visit(name, func() { c.w.Bulk(value) }) })
		},
		func(visit func(name []byte, more func())) {
			e.HashEach(func(name, value []byte, _ store.Deadline) bool {
				visit(name, func() { c.w.Bulk(value) })
				return true
			})
		})
	return nil
}

// parseRandomCount reads the count of HRANDFIELD and ZRANDMEMBER, and the word after it.
func parseRandomCount(args [][]byte, word string) (count int64, with bool, err error) {
	if count, err = parseInt(args[0]); err != nil {
		return 0, false, err
	}
	if count == math.MinInt64 {
		return 0, false, errCountRange
	}
	if len(args) > 2 || len(args) == 2 && !is(args[1], word) {
		return 0, false, errSyntax
	}
	with = len(args) == 2
	if with && (count < -math.MaxInt64/2 || count > math.MaxInt64/2) {
		return 0, false, errOutOfRange
	}
	return count, with, nil
}
