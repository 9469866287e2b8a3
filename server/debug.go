package server

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"time"

	"cached/server/resp"
	"cached/store"
)

const errDebugOff = replyError("ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it " +
	"from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.")

// debugMax bounds how long DEBUG SLEEP holds the loop.
const debugMax = time.Hour

func debugCommand(c *call) error {
	switch c.srv.config.DebugCommand {
	case "no":
		return errDebugOff
	case "local":
		if c.conn.remote.IsValid() && !c.conn.remote.IsLoopback() {
			return errDebugOff
		}
	}
	switch sub, args := c.args[1], c.args[2:]; {
	case is(sub, "SLEEP") && len(args) == 1:
		seconds, err := parseFloat(args[0])
		if err != nil {
			return err
		}
		time.Sleep(min(time.Duration(seconds*float64(time.Second)), debugMax))
		c.w.OK()
	case is(sub, "SET-ACTIVE-EXPIRE") && len(args) == 1:
		c.srv.store.ActiveExpire = string(args[0]) != "0"
		c.w.OK()
	case is(sub, "OBJECT") && (len(args) == 1 || len(args) == 2 && is(args[1], "FAST")):
		return c.debugObject(args[0])
	case is(sub, "DIGEST") && len(args) == 0:
		d := c.srv.digest()
		c.w.Status(hex.EncodeToString(d[:]))
	case is(sub, "DIGEST-VALUE"):
		c.w.Array(len(args))
		for _, key := range args {
			var d digest
			if e, ok := c.db.Peek(key); ok {
				d.value(&e, c.now())
			}
			c.w.Status(hex.EncodeToString(d[:]))
		}
	case is(sub, "HELP") && len(args) == 0:
		c.bulkHelp()
	default:
		return errf("ERR unknown subcommand or wrong number of arguments for '%.128s'. Try DEBUG HELP.", sub)
	}
	return nil
}

func (c *call) bulkHelp() {
	lines := []string{
		"DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"DIGEST", "    The digest of the whole dataset, by Redis's algorithm.",
		"DIGEST-VALUE <key> [<key> ...]", "    The digest of the value of each key.",
		"OBJECT <key> [FAST]", "    How a value is kept.",
		"SET-ACTIVE-EXPIRE <0|1>", "    Whether keys go at their deadline without being asked for.",
		"SLEEP <seconds>", "    Hold the server up.",
		"HELP", "    Print this help.",
	}
	c.w.Array(len(lines))
	for _, line := range lines {
		c.w.Status(line)
	}
}

func (c *call) debugObject(key []byte) error {
	e, ok := c.db.Peek(key)
	if !ok {
		return errNoKey
	}
	c.w.Status(fmt.Sprintf("Value at:0x%x refcount:1 encoding:%s serializedlength:%d lru:%d lru_seconds_idle:%d",
		e.Address(), encodingName(&e), e.Size(), e.Clock(), e.IdleSeconds()))
	return nil
}

// digest is a digest of data that does not depend on the order of unordered things: SHA-1
// sums, mixed where order matters and XORed where it does not, as in
// Redis's debug.c.
type digest [sha1.Size]byte

func (d *digest) xor(b []byte) {
	for i, x := range sha1.Sum(b) {
		d[i] ^= x
	}
}

func (d *digest) mix(b []byte) {
	d.xor(b)
	*d = sha1.Sum(d[:])
}

func (d *digest) mixNumber(n uint32) { d.mix(binary.BigEndian.AppendUint32(nil, n)) }

func (s *Server) digest() digest {
	var all digest
	for i := range store.NumDBs {
		db := s.store.DB(i)
		if db.Len() == 0 {
			continue
		}
		all.mixNumber(uint32(i))
		for cursor := uint64(0); ; {
			if cursor = db.Scan(cursor, func(e *store.Entry) {
				var d digest
				d.mix(e.Key())
				d.value(e, s.store.Now())
				all.xor(d[:])
			}); cursor == 0 {
				break
			}
		}
	}
	return all
}

// value mixes the type, the value and whether there is a deadline.
func (d *digest) value(e *store.Entry, now store.Time) {
	d.mixNumber(redisType[e.Type()])
	var buf [24]byte
	switch e.Type() {
	case store.String:
		d.mix(e.Value(&buf))
	case store.Hash:
		e.HashEach(func(name, value []byte, _ store.Deadline) bool {
			d.element(name, value)
			return true
		})
	case store.ZSet:
		e.ZEach(0, e.ZLen(), false, func(name []byte, score float64) bool {
			text := strconv.AppendFloat(nil, score, 'g', 17, 64)
			if math.IsInf(score, 0) {
				text = resp.AppendDouble(nil, score)
			}
			d.element(name, text)
			return true
		})
	}
	if e.Deadline() != 0 {
		d.xor([]byte("!!expire!!"))
	}
}

func (d *digest) element(parts ...[]byte) {
	var element digest
	for _, part := range parts {
		element.mix(part)
	}
	d.xor(element[:])
}

// redisType are the numbers that Redis has for the types.
var redisType = map[store.Type]uint32{store.String: 0, store.ZSet: 3, store.Hash: 4}
