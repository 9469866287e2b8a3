package server

import (
	"cached/store"
	"cached/store/hll"
)

// sketch finds a HyperLogLog; b is its value, nil when the key is not there.
func (c *call) sketch(key []byte) (e store.Entry, b []byte, err error) {
	e, ok, err := c.findForWrite(key, store.String)
	if err != nil || !ok {
		return e, nil, err
	}
	b = e.Value(&c.buf)
	if err := hll.Check(b); err != nil {
		return e, nil, replyError(err.Error())
	}
	return e, b, nil
}

func pfaddCommand(c *call) error {
	e, b, err := c.sketch(c.args[1])
	if err != nil {
		return err
	}
	changed := b == nil
	if changed {
		b = hll.New()
	} else {
		b = append([]byte(nil), e.Text()...)
	}
	for _, element := range c.args[2:] {
		var one bool
		if b, one, err = hll.Add(b, element, hll.DefaultSparseMaxBytes); err != nil {
			c.db.SetRaw(c.args[1], b, store.KeepDeadline) // what was added before stays, as in Redis
			return replyError(err.Error())
		}
		changed = changed || one
	}
	n := int64(0)
	if changed {
		n = 1
		hll.Invalidate(b)
		c.db.SetRaw(c.args[1], b, store.KeepDeadline)
	}
	c.w.Int(n)
	return nil
}

func pfcountCommand(c *call) error {
	var all hll.Registers
	if len(c.args) == 2 {
		return c.pfcountOne(&all)
	}
	for _, key := range c.args[1:] {
		_, b, err := c.sketch(key)
		if err != nil {
			return err
		}
		if b == nil {
			continue
		}
		if err := all.Merge(b); err != nil {
			return replyError(err.Error())
		}
	}
	c.w.Int(int64(all.Count()))
	return nil
}

// pfcountOne counts a single sketch, which remembers the result.
func (c *call) pfcountOne(all *hll.Registers) error {
	e, b, err := c.sketch(c.args[1])
	if err != nil {
		return err
	}
	if b == nil {
		c.w.Int(0)
		return nil
	}
	b = e.Text()
	count, ok := hll.Cached(b)
	if !ok {
		if err := all.Merge(b); err != nil {
			return replyError(err.Error())
		}
		count = all.Count()
		hll.SetCached(b, count)
	}
	c.w.Int(int64(count))
	return nil
}

func pfmergeCommand(c *call) error {
	var all hll.Registers
	dense := false
	for _, key := range c.args[1:] {
		_, b, err := c.sketch(key)
		if err != nil {
			return err
		}
		if b == nil {
			continue
		}
		dense = dense || hll.IsDense(b)
		if err := all.Merge(b); err != nil {
			return replyError(err.Error())
		}
	}
	_, b, err := c.sketch(c.args[1])
	if err != nil {
		return err
	}
	if b == nil {
		b = hll.New()
	} else {
		b = append([]byte(nil), b...)
	}
	if dense {
		if b, err = hll.ToDense(b); err != nil {
			return replyError(err.Error())
		}
	}
	if b, err = all.StoreIn(b, hll.DefaultSparseMaxBytes); err != nil {
		return replyError(err.Error())
	}
	hll.Invalidate(b)
	c.db.SetRaw(c.args[1], b, store.KeepDeadline)
	c.w.OK()
	return nil
}
