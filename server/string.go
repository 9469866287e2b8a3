package server

import (
	"encoding/binary"
	"encoding/hex"
	"math"

	"github.com/zeebo/xxh3"

	"cached/store"
)

func getCommand(c *call) error {
	e, ok, err := c.find(c.args[1], store.String)
	switch {
	case err != nil:
		return err
	case !ok:
		c.w.Null()
	default:
		c.w.Bulk(e.Value(&c.buf))
	}
	return nil
}

// setOptions are what may follow the value of SET, and the key of GETEX.
type setOptions struct {
	nx, xx, get, keepTTL, persist bool
	unit                          timeUnit
	expiry                        []byte // the argument, nil: none
	condition                     string // IFEQ, IFNE, IFDEQ or IFDNE
	operand                       []byte
}

func parseSetOptions(args [][]byte, forGet bool) (o setOptions, err error) {
	for i := 0; i < len(args); i++ {
		arg, more := args[i], i+1 < len(args)
		unit, isExpiry := expiryUnit(arg)
		conditional := o.nx || o.xx || o.condition != ""
		switch {
		case is(arg, "NX") && !forGet && (o.nx || !conditional):
			o.nx = true
		case is(arg, "XX") && !forGet && (o.xx || !conditional):
			o.xx = true
		case is(arg, "GET") && !forGet:
			o.get = true
		case is(arg, "KEEPTTL") && !forGet && o.expiry == nil:
			o.keepTTL = true
		case is(arg, "PERSIST") && forGet && o.expiry == nil:
			o.persist = true
		case isExpiry && more && !o.keepTTL && !o.persist && (o.expiry == nil || o.unit == unit):
			o.unit, o.expiry = unit, args[i+1]
			i++
		case !forGet && more && !conditional && conditionName(arg) != "":
			o.condition, o.operand = conditionName(arg), args[i+1]
			i++
		default:
			return o, errSyntax
		}
	}
	return o, nil
}

// deadlineOf returns the deadline that the options ask for, 0: none.
func (c *call) deadlineOf(o *setOptions) (store.Deadline, error) {
	switch {
	case o.expiry != nil:
		return c.deadline(o.expiry, o.unit, 1)
	case o.keepTTL:
		return store.KeepDeadline, nil
	}
	return 0, nil
}

func conditionName(arg []byte) string {
	for _, name := range []string{"IFEQ", "IFNE", "IFDEQ", "IFDNE"} {
		if is(arg, name) {
			return name
		}
	}
	return ""
}

const errDigestLength = replyError("ERR must be exactly 16 hexadecimal characters")

// holds reports whether a value meets a condition on it or on its digest.
func holds(condition string, value, operand []byte) (bool, error) {
	switch condition {
	case "IFEQ":
		return string(value) == string(operand), nil
	case "IFNE":
		return string(value) != string(operand), nil
	}
	if len(operand) != 16 {
		return false, errDigestLength
	}
	var room [16]byte
	same := string(appendDigest(room[:0], value)) == string(lower(make([]byte, 0, 16), operand))
	return same == (condition == "IFDEQ"), nil
}

// appendDigest appends the digest of a value: XXH3 of 64 bits in hexadecimal.
func appendDigest(b, value []byte) []byte {
	var sum [8]byte
	binary.BigEndian.PutUint64(sum[:], xxh3.Hash(value))
	return hex.AppendEncode(b, sum[:])
}

func setCommand(c *call) error {
	key, value := c.args[1], c.args[2]
	if len(c.args) == 3 {
		c.db.SetString(key, value, 0)
		c.w.OK()
		return nil
	}
	o, err := parseSetOptions(c.args[3:], false)
	if err != nil {
		return err
	}
	d, err := c.deadlineOf(&o)
	if err != nil {
		return err
	}
	if !o.get && !o.nx && !o.xx && o.condition == "" {
		c.db.SetString(key, value, d)
		c.w.OK()
		return nil
	}
	return c.setIf(key, value, d, &o)
}

// setIf is SET with a condition or GET.
func (c *call) setIf(key, value []byte, d store.Deadline, o *setOptions) error {
	e, ok := c.db.Find(key)
	if ok && e.Type() != store.String && (o.get || o.condition != "") {
		return errWrongType
	}
	met := !(o.nx && ok) && !(o.xx && !ok)
	if o.condition != "" {
		if met = o.condition == "IFNE" || o.condition == "IFDNE"; ok {
			var err error
			if met, err = holds(o.condition, e.Value(&c.buf), o.operand); err != nil {
				return err
			}
		}
	}
	switch {
	case o.get && ok:
		c.srv.stats.lookup(true)
		c.w.Bulk(e.Value(&c.buf))
	case o.get:
		c.srv.stats.lookup(false)
		c.w.Null()
	case !met:
		c.w.Null()
	default:
		c.w.OK()
	}
	if met {
		c.db.SetString(key, value, d)
	}
	return nil
}

func setnxCommand(c *call) error {
	if _, ok := c.db.Find(c.args[1]); ok {
		c.w.Int(0)
		return nil
	}
	c.db.SetString(c.args[1], c.args[2], 0)
	c.w.Int(1)
	return nil
}

func setexCommand(c *call) error  { return c.setWithTTL(seconds) }
func psetexCommand(c *call) error { return c.setWithTTL(milliseconds) }

func (c *call) setWithTTL(unit timeUnit) error {
	d, err := c.deadline(c.args[2], unit, 1)
	if err != nil {
		return err
	}
	c.db.SetString(c.args[1], c.args[3], d)
	c.w.OK()
	return nil
}

func getsetCommand(c *call) error {
	if err := getCommand(c); err != nil {
		return err
	}
	c.db.SetString(c.args[1], c.args[2], 0)
	return nil
}

func getdelCommand(c *call) error {
	if err := getCommand(c); err != nil {
		return err
	}
	c.db.Delete(c.args[1])
	return nil
}

func getexCommand(c *call) error {
	o, err := parseSetOptions(c.args[2:], true)
	if err != nil {
		return err
	}
	e, ok, err := c.find(c.args[1], store.String)
	if err != nil {
		return err
	}
	if !ok {
		c.w.Null()
		return nil
	}
	d, err := c.deadlineOf(&o)
	if err != nil {
		return err
	}
	c.w.Bulk(e.Value(&c.buf))
	switch {
	case d != 0 && d.Due(c.now()):
		c.db.Remove(&e)
	case d != 0 || o.persist && e.Deadline() != 0:
		e.SetDeadline(d)
	}
	return nil
}

func strlenCommand(c *call) error {
	e, ok, err := c.find(c.args[1], store.String)
	if err != nil {
		return err
	}
	if !ok {
		c.w.Int(0)
		return nil
	}
	c.w.Int(int64(len(e.Value(&c.buf))))
	return nil
}

func mgetCommand(c *call) error {
	c.w.Array(len(c.args) - 1)
	for _, key := range c.args[1:] {
		if e, ok, err := c.find(key, store.String); ok && err == nil {
			c.w.Bulk(e.Value(&c.buf))
		} else {
			c.w.Null()
		}
	}
	return nil
}

func msetCommand(c *call) error {
	if len(c.args)%2 == 0 {
		return errArity("mset")
	}
	c.setPairs(c.args[1:], 0)
	c.w.OK()
	return nil
}

func msetnxCommand(c *call) error {
	if len(c.args)%2 == 0 {
		return errArity("msetnx")
	}
	for i := 1; i < len(c.args); i += 2 {
		if _, ok := c.db.Find(c.args[i]); ok {
			c.w.Int(0)
			return nil
		}
	}
	c.setPairs(c.args[1:], 0)
	c.w.Int(1)
	return nil
}

func msetexCommand(c *call) error {
	count, err := parseIntRange(c.args[1], 1, math.MaxInt32, replyError("ERR invalid numkeys value"))
	if err != nil {
		return err
	}
	pairs := c.args[2:]
	if int64(len(pairs)) < 2*count {
		return replyError("ERR wrong number of key-value pairs")
	}
	o, err := parseSetOptions(pairs[2*count:], false)
	if err != nil {
		return err
	}
	if o.get || o.condition != "" {
		return errSyntax
	}
	pairs = pairs[:2*count]
	d, err := c.deadlineOf(&o)
	if err != nil {
		return err
	}
	for i := 0; (o.nx || o.xx) && i < len(pairs); i += 2 {
		if _, ok := c.db.Find(pairs[i]); ok != o.xx {
			c.w.Int(0)
			return nil
		}
	}
	c.setPairs(pairs, d)
	c.w.Int(1)
	return nil
}

// setPairs sets keys to values, which alternate.
func (c *call) setPairs(pairs [][]byte, d store.Deadline) {
	for i := 0; i < len(pairs); i += 2 {
		c.db.SetString(pairs[i], pairs[i+1], d)
	}
}

func incrCommand(c *call) error { return c.increment(1) }
func decrCommand(c *call) error { return c.increment(-1) }

func incrbyCommand(c *call) error {
	by, err := parseInt(c.args[2])
	if err != nil {
		return err
	}
	return c.increment(by)
}

func decrbyCommand(c *call) error {
	by, err := parseInt(c.args[2])
	if err != nil {
		return err
	}
	if by == math.MinInt64 {
		return replyError("ERR decrement would overflow")
	}
	return c.increment(-by)
}

// number returns the value of a string as an integer.
func (c *call) number(e *store.Entry) (int64, error) {
	if n, ok := e.IsInt(); ok {
		return n, nil
	}
	return parseInt(e.Value(&c.buf))
}

func (c *call) increment(by int64) error {
	e, ok, err := c.findForWrite(c.args[1], store.String)
	if err != nil {
		return err
	}
	if !ok {
		c.db.SetInt(c.args[1], by, 0)
		c.w.Int(by)
		return nil
	}
	n, err := c.number(&e)
	if err != nil {
		return err
	}
	if by > 0 && n > math.MaxInt64-by || by < 0 && n < math.MinInt64-by {
		return errOverflow
	}
	e.SetInt(n + by)
	c.w.Int(n + by)
	return nil
}

func incrbyfloatCommand(c *call) error {
	e, ok, err := c.findForWrite(c.args[1], store.String)
	if err != nil {
		return err
	}
	current := []byte("0")
	if ok {
		current = e.Value(&c.buf)
	}
	value, err := parseLongDouble(current)
	if err != nil {
		return err
	}
	by, err := parseLongDouble(c.args[2])
	if err != nil {
		return err
	}
	sum, err := addLongDouble(value, by)
	if err != nil {
		return err
	}
	c.db.SetText(c.args[1], []byte(sum), store.KeepDeadline)
	c.w.BulkString(sum)
	return nil
}

func appendCommand(c *call) error {
	key, value := c.args[1], c.args[2]
	e, ok, err := c.findForWrite(key, store.String)
	if err != nil {
		return err
	}
	if !ok {
		c.db.SetString(key, value, 0)
		c.w.Int(int64(len(value)))
		return nil
	}
	old := len(e.Value(&c.buf))
	if err := c.checkLength(int64(old), int64(len(value))); err != nil {
		return err
	}
	copy(e.Resize(old + len(value))[old:], value)
	c.w.Int(int64(old + len(value)))
	return nil
}

// checkLength refuses a string that would be longer than proto-max-bulk-len.
func (c *call) checkLength(size, more int64) error {
	if more > math.MaxInt64-size || size+more > c.srv.config.ProtoMaxBulkLen {
		return errTooLong
	}
	return nil
}

func setrangeCommand(c *call) error {
	key, value := c.args[1], c.args[3]
	offset, err := parseInt(c.args[2])
	if err != nil {
		return err
	}
	if offset < 0 {
		return replyError("ERR offset is out of range")
	}
	e, ok, err := c.findForWrite(key, store.String)
	if err != nil {
		return err
	}
	old := 0
	if ok {
		old = len(e.Value(&c.buf))
	}
	if len(value) == 0 {
		c.w.Int(int64(old))
		return nil
	}
	if err := c.checkLength(offset, int64(len(value))); err != nil {
		return err
	}
	size := max(old, int(offset)+len(value))
	if !ok {
		e = c.db.CreateRaw(key, size)
	}
	copy(e.Resize(size)[offset:], value)
	c.w.Int(int64(size))
	return nil
}

func substrCommand(c *call) error { return getrangeCommand(c) }

func getrangeCommand(c *call) error {
	start, err := parseInt(c.args[2])
	if err != nil {
		return err
	}
	end, err := parseInt(c.args[3])
	if err != nil {
		return err
	}
	e, ok, err := c.find(c.args[1], store.String)
	if err != nil {
		return err
	}
	if !ok {
		c.w.Bulk(nil)
		return nil
	}
	value := e.Value(&c.buf)
	from, to := clampRange(start, end, int64(len(value)))
	c.w.Bulk(value[from:to])
	return nil
}

// clampRange turns first and last positions, negative ones counting from the
// end, into a half-open range of what has the given length; it is empty (0, 0) where they
// name nothing.
func clampRange(start, end, length int64) (from, to int64) {
	if start < 0 && end < 0 && start > end {
		return 0, 0
	}
	if start < 0 {
		start = max(start+length, 0)
	}
	if end < 0 {
		end = max(end+length, 0)
	}
	end = min(end, length-1)
	if start > end || length == 0 {
		return 0, 0
	}
	return start, end + 1
}

func digestCommand(c *call) error {
	e, ok, err := c.find(c.args[1], store.String)
	if err != nil {
		return err
	}
	if !ok {
		c.w.Null()
		return nil
	}
	var room [16]byte
	c.w.Bulk(appendDigest(room[:0], e.Value(&c.buf)))
	return nil
}

func delexCommand(c *call) error {
	e, ok := c.db.Find(c.args[1])
	if ok && len(c.args) > 2 {
		if e.Type() != store.String {
			return replyError("ERR Key should be of string type if conditions are specified")
		}
		if len(c.args) != 4 {
			return errArity("delex")
		}
		condition := conditionName(c.args[2])
		if condition == "" {
			return replyError("ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE")
		}
		var err error
		if ok, err = holds(condition, e.Value(&c.buf), c.args[3]); err != nil {
			return err
		}
	}
	return c.removeIf(&e, ok)
}

func delifeqCommand(c *call) error {
	e, ok, err := c.findForWrite(c.args[1], store.String)
	if err != nil {
		return err
	}
	return c.removeIf(&e, ok && string(e.Value(&c.buf)) == string(c.args[2]))
}

// removeIf removes an entry if it is to go and answers how many went.
func (c *call) removeIf(e *store.Entry, remove bool) error {
	if !remove {
		c.w.Int(0)
		return nil
	}
	c.db.Remove(e)
	c.w.Int(1)
	return nil
}
