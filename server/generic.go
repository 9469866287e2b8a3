package server

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"cached/store"
)

// typeNames are Redis's names of the types.
var typeNames = map[store.Type]string{store.String: "string", store.ZSet: "zset", store.Hash: "hash"}

func delCommand(c *call) error {
	n := int64(0)
	for _, key := range c.args[1:] {
		if c.db.Delete(key) {
			n++
		}
	}
	c.w.Int(n)
	return nil
}

// UNLINK does what DEL does here: both leave large values to housekeeping.
func unlinkCommand(c *call) error { return delCommand(c) }

func existsCommand(c *call) error { return c.countKeys(c.db.Peek) }
func touchCommand(c *call) error  { return c.countKeys(c.db.Find) }

// countKeys answers how many of the keys are there; lookup may count them as used.
func (c *call) countKeys(lookup func(key []byte) (store.Entry, bool)) error {
	n := int64(0)
	for _, key := range c.args[1:] {
		_, ok := lookup(key)
		c.srv.stats.lookup(ok)
		if ok {
			n++
		}
	}
	c.w.Int(n)
	return nil
}

func typeCommand(c *call) error {
	if e, ok := c.db.Peek(c.args[1]); ok {
		c.w.Status(typeNames[e.Type()])
	} else {
		c.w.Status("none")
	}
	return nil
}

func dbsizeCommand(c *call) error {
	c.w.Int(int64(c.db.Len()))
	return nil
}

func randomkeyCommand(c *call) error {
	if e, ok := c.db.Random(); ok {
		c.w.Bulk(e.Key())
	} else {
		c.w.Null()
	}
	return nil
}

func keysCommand(c *call) error {
	pattern := c.args[1]
	mark, n := c.w.Deferred(), 0
	for cursor := uint64(0); ; {
		cursor = c.db.Scan(cursor, func(e *store.Entry) {
			if key := e.Key(); matchGlob(pattern, key, false) {
				c.w.Bulk(key)
				n++
			}
		})
		if cursor == 0 {
			break
		}
	}
	c.w.ArrayAt(mark, n)
	return nil
}

// scanOptions are those of the SCAN family.
type scanOptions struct {
	match    []byte // nil: everything
	count    int64
	typeName string
	typed    bool // TYPE was given
	noValues bool
}

func parseCursor(arg []byte) (uint64, error) {
	if len(arg) == 0 {
		return 0, nil // strtoul takes this for 0, and a sign
	}
	digits := strings.TrimPrefix(string(arg), "+")
	if arg[0] == '-' {
		digits = digits[1:]
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0, errInvalidCursor
	}
	if arg[0] == '-' {
		n = -n
	}
	return n, nil
}

func parseScanOptions(args [][]byte, command string) (o scanOptions, err error) {
	o.count = 10
	for i := 0; i < len(args); i++ {
		more := i+1 < len(args)
		switch {
		case is(args[i], "COUNT") && more:
			if o.count, err = parseInt(args[i+1]); err != nil {
				return o, err
			}
			if o.count < 1 {
				return o, errSyntax
			}
			i++
		case is(args[i], "MATCH") && more:
			o.match = args[i+1]
			i++
		case is(args[i], "TYPE") && more && command == "scan":
			o.typeName, o.typed = string(args[i+1]), true
			i++
		case is(args[i], "NOVALUES"):
			if command != "hscan" {
				return o, replyError("ERR NOVALUES option can only be used in HSCAN")
			}
			o.noValues = true
		default:
			return o, errSyntax
		}
	}
	return o, nil
}

func (o *scanOptions) matches(s []byte) bool { return o.match == nil || matchGlob(o.match, s, false) }

// scan runs step over a cursor until it has visited about o.count elements or
// looked at ten times as many places, and answers cursor and elements. step answers how
// many replies it has written.
func (c *call) scan(cursor uint64, o *scanOptions, step func(cursor uint64) (next uint64, written int)) {
	c.w.Array(2)
	var body = c.w.Deferred()
	written := 0
	for places := o.count * 10; ; places-- {
		next, n := step(cursor)
		cursor, written = next, written+n
		if cursor == 0 || int64(written) >= o.count || places <= 0 {
			break
		}
	}
	c.w.ArrayAt(body, written)
	c.w.BulkAt(body, strconv.FormatUint(cursor, 10))
}

func scanCommand(c *call) error {
	cursor, err := parseCursor(c.args[1])
	if err != nil {
		return err
	}
	o, err := parseScanOptions(c.args[2:], "scan")
	if err != nil {
		return err
	}
	c.scan(cursor, &o, func(cursor uint64) (uint64, int) {
		n := 0
		next := c.db.Scan(cursor, func(e *store.Entry) {
			if o.typed && !strings.EqualFold(o.typeName, typeNames[e.Type()]) {
				return
			}
			if key := e.Key(); o.matches(key) {
				c.w.Bulk(key)
				n++
			}
		})
		return next, n
	})
	return nil
}

func renameCommand(c *call) error {
	if _, err := c.rename(true); err != nil {
		return err
	}
	c.w.OK()
	return nil
}

func renamenxCommand(c *call) error {
	done, err := c.rename(false)
	if err != nil {
		return err
	}
	return c.answer(done)
}

func (c *call) rename(replace bool) (done bool, err error) {
	from, to := c.args[1], c.args[2]
	if _, ok := c.db.Find(from); !ok {
		return false, errNoKey
	}
	if _, ok := c.db.Peek(to); ok && !replace {
		return false, nil
	}
	e, _ := c.db.Peek(from)
	e.Rename(c.db, to)
	return true, nil
}

const errSameObject = replyError("ERR source and destination objects are the same")

func (c *call) dbIndex(arg []byte, otherwise error) (int, error) {
	n, err := parseInt(arg)
	if err != nil {
		return 0, err
	}
	if n < math.MinInt32 || n > math.MaxInt32 {
		return 0, errIntRange
	}
	if n < 0 || n >= c.srv.config.Databases {
		return 0, otherwise
	}
	return int(n), nil
}

func moveCommand(c *call) error {
	index, err := c.dbIndex(c.args[2], errDBIndex)
	if err != nil {
		return err
	}
	if index == c.conn.db {
		return errSameObject
	}
	to := c.srv.store.DB(index)
	_, taken := to.Peek(c.args[1])
	e, ok := c.db.Find(c.args[1])
	if !ok || taken {
		c.w.Int(0)
		return nil
	}
	e.Rename(to, c.args[1])
	c.w.Int(1)
	return nil
}

func copyCommand(c *call) error {
	index, replace := c.conn.db, false
	var err error
	for i := 3; i < len(c.args); i++ {
		switch {
		case is(c.args[i], "REPLACE"):
			replace = true
		case is(c.args[i], "DB") && i+1 < len(c.args):
			if index, err = c.dbIndex(c.args[i+1], errDBIndex); err != nil {
				return err
			}
			i++
		default:
			return errSyntax
		}
	}
	if index == c.conn.db && string(c.args[1]) == string(c.args[2]) {
		return errSameObject
	}
	to := c.srv.store.DB(index)
	_, taken := to.Peek(c.args[2])
	_, ok := c.db.Find(c.args[1])
	if !ok || taken && !replace {
		c.w.Int(0)
		return nil
	}
	if taken {
		to.Delete(c.args[2])
	}
	c.db.ReapFields() // a copy of a hash must not be empty
	if e, ok := c.db.Peek(c.args[1]); ok {
		e.Copy(to, c.args[2])
	}
	c.w.Int(1)
	return nil
}

func swapdbCommand(c *call) error {
	var index [2]int
	for i := range index {
		n, ok := store.ParseInt(c.args[1+i])
		if !ok || n < math.MinInt32 || n > math.MaxInt32 {
			return errf("ERR invalid %s DB index", []string{"first", "second"}[i])
		}
		index[i] = int(n)
	}
	for _, n := range index {
		if n < 0 || n >= int(c.srv.config.Databases) {
			return errDBIndex
		}
	}
	c.srv.store.Swap(index[0], index[1])
	c.w.OK()
	return nil
}

func flushdbCommand(c *call) error {
	if err := flushMode(c.args[1:]); err != nil {
		return err
	}
	c.db.Flush()
	c.w.OK()
	return nil
}

func flushallCommand(c *call) error {
	if err := flushMode(c.args[1:]); err != nil {
		return err
	}
	c.srv.store.FlushAll()
	c.w.OK()
	return nil
}

// flushMode checks SYNC or ASYNC. Either way the keys are gone at once and their memory
// follows in slices.
func flushMode(args [][]byte) error {
	if len(args) > 1 || len(args) == 1 && !is(args[0], "SYNC") && !is(args[0], "ASYNC") {
		return errSyntax
	}
	return nil
}

func expireCommand(c *call) error    { return c.expire(seconds) }
func pexpireCommand(c *call) error   { return c.expire(milliseconds) }
func expireatCommand(c *call) error  { return c.expire(secondsAt) }
func pexpireatCommand(c *call) error { return c.expire(msAt) }

// expireCondition is NX, XX, GT or LT of the EXPIRE family.
type expireCondition struct{ nx, xx, gt, lt bool }

func parseExpireCondition(args [][]byte) (x expireCondition, err error) {
	for _, arg := range args {
		switch {
		case is(arg, "NX"):
			x.nx = true
		case is(arg, "XX"):
			x.xx = true
		case is(arg, "GT"):
			x.gt = true
		case is(arg, "LT"):
			x.lt = true
		default:
			return x, errf("ERR Unsupported option %s", arg)
		}
	}
	if x.nx && (x.xx || x.gt || x.lt) {
		return x, replyError("ERR NX and XX, GT or LT options at the same time are not compatible")
	}
	if x.gt && x.lt {
		return x, replyError("ERR GT and LT options at the same time are not compatible")
	}
	return x, nil
}

// allows reports whether a deadline may replace another (0: none).
func (x expireCondition) allows(old, fresh store.Deadline, now store.Time) bool {
	return !(x.nx && old != 0) && !(x.xx && old == 0) &&
		!(x.gt && fresh.Compare(old, now) <= 0) && !(x.lt && fresh.Compare(old, now) >= 0)
}

func (c *call) expire(unit timeUnit) error {
	condition, err := parseExpireCondition(c.args[3:])
	if err != nil {
		return err
	}
	d, err := c.deadline(c.args[2], unit, math.MinInt64)
	if err != nil {
		return err
	}
	e, ok := c.db.Find(c.args[1])
	if !ok || !condition.allows(e.Deadline(), d, c.now()) {
		c.w.Int(0)
		return nil
	}
	if d.Due(c.now()) {
		c.db.Remove(&e)
	} else {
		e.SetDeadline(d)
	}
	c.w.Int(1)
	return nil
}

func ttlCommand(c *call) error {
	return c.ttl(func(d store.Deadline) int64 { return (d.TTL(c.now()) + 500) / 1000 })
}

func pttlCommand(c *call) error {
	return c.ttl(func(d store.Deadline) int64 { return d.TTL(c.now()) })
}

func expiretimeCommand(c *call) error {
	return c.ttl(func(d store.Deadline) int64 { return int64((uint64(d.WallMs(c.now())) + 500) / 1000) })
}

func pexpiretimeCommand(c *call) error {
	return c.ttl(func(d store.Deadline) int64 { return d.WallMs(c.now()) })
}

func (c *call) ttl(answer func(store.Deadline) int64) error {
	e, ok := c.db.Peek(c.args[1])
	c.srv.stats.lookup(ok)
	switch {
	case !ok:
		c.w.Int(-2)
	case e.Deadline() == 0:
		c.w.Int(-1)
	default:
		c.w.Int(answer(e.Deadline()))
	}
	return nil
}

func persistCommand(c *call) error {
	e, ok := c.db.Find(c.args[1])
	if !ok || e.Deadline() == 0 {
		c.w.Int(0)
		return nil
	}
	e.SetDeadline(0)
	c.w.Int(1)
	return nil
}

// encodingName is what OBJECT ENCODING answers.
func encodingName(e *store.Entry) string {
	switch e.Encoding() {
	case store.Int:
		return "int"
	case store.Inline:
		if len(e.Value(nil)) <= embeddedMaxBytes {
			return "embstr"
		}
		return "raw"
	case store.Pack:
		return "listpack"
	case store.PackTTL:
		return "listpackex"
	case store.Table:
		return "hashtable"
	case store.Skiplist:
		return "skiplist"
	}
	return "raw"
}

// Redis calls a string of up to this many bytes embstr.
const embeddedMaxBytes = 44

func objectEncodingCommand(c *call) error {
	return c.object(func(e *store.Entry) error {
		c.w.BulkString(encodingName(e))
		return nil
	})
}

const switchingNote = "Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."

func objectFreqCommand(c *call) error {
	return c.object(func(e *store.Entry) error {
		if !c.srv.store.LFU.On {
			return replyError("ERR An LFU maxmemory policy is not selected, access frequency not tracked. " + switchingNote)
		}
		c.w.Int(int64(e.Frequency()))
		return nil
	})
}

func objectIdletimeCommand(c *call) error {
	return c.object(func(e *store.Entry) error {
		if c.srv.store.LFU.On {
			return replyError("ERR An LFU maxmemory policy is selected, idle time not tracked. " + switchingNote)
		}
		c.w.Int(e.IdleSeconds())
		return nil
	})
}

// Redis shares the objects of the numbers from 0 to 9999.
func objectRefcountCommand(c *call) error {
	return c.object(func(e *store.Entry) error {
		if n, ok := e.IsInt(); ok && e.Type() == store.String && n >= 0 && n < 10000 {
			c.w.Int(math.MaxInt32)
		} else {
			c.w.Int(1)
		}
		return nil
	})
}

func (c *call) object(answer func(*store.Entry) error) error {
	e, ok := c.db.Peek(c.args[2])
	if !ok {
		c.w.Null()
		return nil
	}
	return answer(&e)
}

func objectHelpCommand(c *call) error { return c.help("object") }

// help answers what the subcommands of a container are, from the table.
func (c *call) help(container string) error {
	row := c.srv.commands.byName[container]
	name := strings.ToUpper(container)
	lines := []string{name + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"}
	subs := slices.Clone(row.subs)
	slices.SortFunc(subs, func(a, b command) int { return strings.Compare(a.name, b.name) })
	for i := range subs {
		lines = append(lines, strings.TrimSpace(strings.ToUpper(subs[i].name)+" "+subs[i].syntax), "    "+subs[i].summary)
	}
	c.w.Array(len(lines))
	for _, line := range lines {
		c.w.Status(line)
	}
	return nil
}
