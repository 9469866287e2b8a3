package server

import (
	"math"

	"cached/store"
)

// The deadlines of hash fields: Redis 7.4's HEXPIRE family and 8.0's HGETEX, HSETEX
// and HGETDEL, in the grammar of those versions.

const (
	errFieldsMissing  = replyError("ERR Mandatory argument FIELDS is missing or not at the right position")
	errNumFields      = replyError("ERR Parameter `numFields` should be greater than 0")
	errFieldCount     = replyError("ERR Number of fields must be a positive integer")
	errFieldsMismatch = replyError("ERR The `numfields` parameter must match the number of arguments")
	errExpireSign     = replyError("ERR invalid expire time, must be >= 0")

	maxFieldDeadlineMs = 1<<46 - 1 // Redis's limit
)

// parseFields reads FIELDS numfields field [field ...], which has to be all there is.
func parseFields(args [][]byte, badCount error) ([][]byte, error) {
	if len(args) < 1 || !is(args[0], "FIELDS") {
		return nil, errFieldsMissing
	}
	if len(args) < 2 {
		return nil, errFieldsMismatch
	}
	count, err := parseIntRange(args[1], 1, math.MaxInt32, badCount)
	if err != nil {
		return nil, err
	}
	if count != int64(len(args)-2) {
		return nil, errFieldsMismatch
	}
	return args[2:], nil
}

// fieldDeadline turns an expiry argument of a field into a deadline.
func (c *call) fieldDeadline(arg []byte, unit timeUnit) (store.Deadline, error) {
	n, err := parseInt(arg)
	if err != nil {
		return 0, err
	}
	if n < 0 {
		return 0, errExpireSign
	}
	base := int64(0)
	if !unit.absolute {
		base = c.now().Wall
	}
	if n > maxFieldDeadlineMs/unit.perMs || n*unit.perMs > maxFieldDeadlineMs-base {
		return 0, errExpire(c.cmd.fullName)
	}
	if unit.absolute {
		return store.At(n * unit.perMs), nil
	}
	return c.now().After(n * unit.perMs), nil
}

func hexpireCommand(c *call) error    { return c.hexpire(seconds) }
func hpexpireCommand(c *call) error   { return c.hexpire(milliseconds) }
func hexpireatCommand(c *call) error  { return c.hexpire(secondsAt) }
func hpexpireatCommand(c *call) error { return c.hexpire(msAt) }

func (c *call) hexpire(unit timeUnit) error {
	e, ok, err := c.findForWrite(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	d, err := c.fieldDeadline(c.args[2], unit)
	if err != nil {
		return err
	}
	rest := c.args[3:]
	condition, err := parseExpireCondition(rest[:1])
	if err == nil {
		rest = rest[1:]
	}
	fields, err := parseFields(rest, errNumFields)
	if err != nil {
		return err
	}
	if ok {
		e.PrepareFieldDeadlines()
	}
	c.w.Array(len(fields))
	for _, name := range fields {
		c.w.Int(c.expireField(&e, &ok, name, d, condition))
	}
	return nil
}

// expireField sets one deadline and returns Redis's code for what came of it. ok is
// whether the hash is still there.
func (c *call) expireField(e *store.Entry, ok *bool, name []byte, d store.Deadline, condition expireCondition) int64 {
	if !*ok {
		return -2
	}
	_, old, found := e.HashGet(name, &c.buf)
	switch {
	case !found:
		return -2
	case !condition.allows(old, d, c.now()):
		return 0
	case d.Due(c.now()):
		*ok = c.deleteField(e, name)
		return 2
	}
	e.SetFieldDeadline(name, d)
	return 1
}

// deleteField deletes a field and reports whether the hash is still there.
func (c *call) deleteField(e *store.Entry, name []byte) bool {
	e.HashDelete(name)
	length := e.HashLen()
	c.dropIfEmpty(e, length)
	return length > 0
}

func httlCommand(c *call) error {
	return c.fieldTTL(func(d store.Deadline) int64 { return (d.TTL(c.now()) + 999) / 1000 })
}

func hpttlCommand(c *call) error {
	return c.fieldTTL(func(d store.Deadline) int64 { return d.TTL(c.now()) })
}

func hexpiretimeCommand(c *call) error {
	return c.fieldTTL(func(d store.Deadline) int64 { return (d.WallMs(c.now()) + 999) / 1000 })
}

func hpexpiretimeCommand(c *call) error {
	return c.fieldTTL(func(d store.Deadline) int64 { return d.WallMs(c.now()) })
}

func (c *call) fieldTTL(answer func(store.Deadline) int64) error {
	e, ok, err := c.find(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	return c.volatileFields(&e, ok, func(_ []byte, d store.Deadline) int64 { return answer(d) })
}

func hpersistCommand(c *call) error {
	e, ok, err := c.findForWrite(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	return c.volatileFields(&e, ok, func(name []byte, _ store.Deadline) int64 {
		e.SetFieldDeadline(name, 0)
		return 1
	})
}

// volatileFields answers for each field -2 if it is not there, -1 if it has no deadline, and else what
// answer returns.
func (c *call) volatileFields(e *store.Entry, ok bool, answer func(name []byte, d store.Deadline) int64) error {
	fields, err := parseFields(c.args[2:], errFieldCount)
	if err != nil {
		return err
	}
	c.w.Array(len(fields))
	for _, name := range fields {
		var d store.Deadline
		found := false
		if ok {
			_, d, found = e.HashGet(name, &c.buf)
		}
		switch {
		case !found:
			c.w.Int(-2)
		case d == 0:
			c.w.Int(-1)
		default:
			c.w.Int(answer(name, d))
		}
	}
	return nil
}

func hgetexCommand(c *call) error {
	e, ok, err := c.findForWrite(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	var d store.Deadline
	rest, persist := c.args[2:], false
	if unit, isExpiry := expiryUnit(rest[0]); isExpiry {
		if d, err = c.fieldDeadline(rest[1], unit); err != nil {
			return err
		}
		rest = rest[2:]
	} else if is(rest[0], "PERSIST") {
		rest, persist = rest[1:], true
	}
	fields, err := parseFields(rest, errFieldCount)
	if err != nil {
		return err
	}
	if ok && (persist || d != 0) {
		e.PrepareFieldDeadlines()
	}
	c.w.Array(len(fields))
	for _, name := range fields {
		c.field(&e, ok, name)
		if !ok || !persist && d == 0 {
			continue
		}
		_, old, found := e.HashGet(name, &c.buf)
		switch {
		case !found:
		case d != 0 && d.Due(c.now()):
			ok = c.deleteField(&e, name)
		case d != 0 || old != 0:
			e.SetFieldDeadline(name, d)
		}
	}
	return nil
}

func hgetdelCommand(c *call) error {
	e, ok, err := c.findForWrite(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	fields, err := parseFields(c.args[2:], errFieldCount)
	if err != nil {
		return err
	}
	c.w.Array(len(fields))
	for _, name := range fields {
		c.field(&e, ok, name)
		if ok {
			ok = c.deleteField(&e, name)
		}
	}
	return nil
}

// hsetexOptions are what stands before FIELDS in HSETEX.
type hsetexOptions struct {
	fnx, fxx bool
	deadline store.Deadline // 0: none, KeepDeadline: KEEPTTL
	fields   [][]byte       // fields and values
}

func (c *call) parseHsetexOptions() (o hsetexOptions, err error) {
	args := c.args[2:]
	for len(args) > 0 && !is(args[0], "FIELDS") {
		unit, isExpiry := expiryUnit(args[0])
		switch {
		case is(args[0], "FNX") || is(args[0], "FXX"):
			if o.fnx || o.fxx {
				return o, replyError("ERR Only one of FXX or FNX arguments can be specified")
			}
			o.fnx, o.fxx = is(args[0], "FNX"), is(args[0], "FXX")
		case is(args[0], "KEEPTTL") || isExpiry:
			if o.deadline != 0 {
				return o, replyError("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified")
			}
			if !isExpiry {
				o.deadline = store.KeepDeadline
				break
			}
			if len(args) < 2 {
				return o, replyError("ERR missing expire time")
			}
			if o.deadline, err = c.fieldDeadline(args[1], unit); err != nil {
				return o, err
			}
			args = args[1:]
		default:
			return o, errf("ERR unknown argument: %s", args[0])
		}
		args = args[1:]
	}
	if len(args) < 4 {
		return o, errArity("hsetex")
	}
	count, err := parseIntRange(args[1], 1, math.MaxInt32, replyError("ERR invalid number of fields"))
	if err != nil {
		return o, err
	}
	if o.fields = args[2:]; int64(len(o.fields)) != 2*count {
		return o, errArity("hsetex")
	}
	return o, nil
}

func hsetexCommand(c *call) error {
	o, err := c.parseHsetexOptions()
	if err != nil {
		return err
	}
	e, ok, err := c.findForWrite(c.args[1], store.Hash)
	if err != nil {
		return err
	}
	for i := 0; (o.fnx || o.fxx) && i < len(o.fields); i += 2 {
		found := false
		if ok {
			_, _, found = e.HashGet(o.fields[i], &c.buf)
		}
		if found != o.fxx {
			c.w.Int(0)
			return nil
		}
	}
	if !ok {
		e = c.db.CreateHash(c.args[1])
	}
	gone := o.deadline != store.KeepDeadline && o.deadline.Due(c.now())
	for i := 0; i < len(o.fields); i += 2 {
		d := o.deadline
		if gone {
			d = 0
		}
		e.HashSet(o.fields[i], o.fields[i+1], d)
	}
	for i := 0; gone && i < len(o.fields); i += 2 {
		e.HashDelete(o.fields[i])
	}
	c.dropIfEmpty(&e, e.HashLen())
	c.w.Int(1)
	return nil
}
