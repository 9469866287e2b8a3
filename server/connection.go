package server

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"

	"cached/store"
)

func pingCommand(c *call) error {
	switch len(c.args) {
	case 1:
		c.w.Status("PONG")
	case 2:
		c.w.Bulk(c.args[1])
	default:
		return errArity("ping")
	}
	return nil
}

func echoCommand(c *call) error {
	c.w.Bulk(c.args[1])
	return nil
}

func selectCommand(c *call) error {
	index, err := c.dbIndex(c.args[1], errDBIndex)
	if err != nil {
		return err
	}
	c.conn.db = index
	c.w.OK()
	return nil
}

func quitCommand(c *call) error {
	c.w.OK()
	c.conn.closing = true
	return nil
}

// resetCommand takes a connection back to where it began.
func resetCommand(c *call) error {
	conn := c.conn
	conn.db, conn.name = 0, ""
	conn.noTouch, conn.noEvict = false, false
	conn.replyOff, conn.skip, conn.skipNext = false, false, false
	conn.w.RESP3 = false
	conn.authenticated = c.srv.config.RequirePass == ""
	c.w.Status("RESET")
	return nil
}

func authCommand(c *call) error {
	user, password := []byte("default"), c.args[len(c.args)-1]
	switch len(c.args) {
	case 2:
		if c.srv.config.RequirePass == "" {
			return replyError("ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?")
		}
	case 3:
		user = c.args[1]
	default:
		return errSyntax
	}
	if err := c.authenticate(user, password); err != nil {
		return err
	}
	c.w.OK()
	return nil
}

func (c *call) authenticate(user, password []byte) error {
	want := c.srv.config.RequirePass
	if string(user) != "default" || want != "" && subtle.ConstantTimeCompare(password, []byte(want)) != 1 {
		return errWrongPass
	}
	c.conn.authenticated = true
	return nil
}

func helloCommand(c *call) error {
	version, options := int64(0), c.args[1:]
	if len(options) > 0 {
		n, ok := store.ParseInt(options[0])
		if !ok {
			return replyError("ERR Protocol version is not an integer or out of range")
		}
		if n < 2 || n > 3 {
			return replyError("NOPROTO unsupported protocol version")
		}
		version, options = n, options[1:]
	}
	for len(options) > 0 {
		switch {
		case is(options[0], "AUTH") && len(options) > 2:
			if err := c.authenticate(options[1], options[2]); err != nil {
				return err
			}
			options = options[3:]
		case is(options[0], "SETNAME") && len(options) > 1:
			if !validName(options[1]) {
				return errClientName
			}
			c.conn.name = string(options[1])
			options = options[2:]
		default:
			return errf("ERR Syntax error in HELLO option '%s'", options[0])
		}
	}
	if !c.conn.authenticated {
		return replyError("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time")
	}
	if version != 0 {
		c.w.RESP3 = version == 3
	}
	c.answerHello()
	return nil
}

func (c *call) answerHello() {
	c.w.Map(7)
	c.w.BulkString("server")
	c.w.BulkString("redis")
	c.w.BulkString("version")
	c.w.BulkString(redisVersion)
	c.w.BulkString("proto")
	c.w.Int(int64(protocol(c.conn)))
	c.w.BulkString("id")
	c.w.Int(int64(c.conn.id))
	c.w.BulkString("mode")
	c.w.BulkString("standalone")
	c.w.BulkString("role")
	c.w.BulkString("master")
	c.w.BulkString("modules")
	c.w.Array(0)
}

func protocol(c *conn) int {
	if c.w.RESP3 {
		return 3
	}
	return 2
}

// randomID returns 40 random hexadecimal digits.
func randomID() string {
	var b [20]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
