package server

import (
	"fmt"
	"math"
	"strings"
	"time"

	"cached/store"
)

const (
	errClientName = replyError("ERR Client names cannot contain spaces, newlines or special characters.")
	errNoClient   = replyError("ERR No such client")
)

// validName reports whether a name has only printable characters and no space.
func validName(name []byte) bool {
	for _, b := range name {
		if b < '!' || b > '~' {
			return false
		}
	}
	return true
}

func clientIdCommand(c *call) error {
	c.w.Int(int64(c.conn.id))
	return nil
}

func clientGetnameCommand(c *call) error {
	if c.conn.name == "" {
		c.w.Null()
	} else {
		c.w.BulkString(c.conn.name)
	}
	return nil
}

func clientSetnameCommand(c *call) error {
	if !validName(c.args[2]) {
		return errClientName
	}
	c.conn.name = string(c.args[2])
	c.w.OK()
	return nil
}

func clientSetinfoCommand(c *call) error {
	var to *string
	switch {
	case is(c.args[2], "LIB-NAME"):
		to = &c.conn.libName
	case is(c.args[2], "LIB-VER"):
		to = &c.conn.libVer
	default:
		return errf("ERR Unrecognized option '%s'", c.args[2])
	}
	if !validName(c.args[3]) {
		return errf("ERR %s cannot contain spaces, newlines or special characters.", c.args[2])
	}
	*to = string(c.args[3])
	c.w.OK()
	return nil
}

// describe returns a connection's line of CLIENT LIST, as Redis 7.2 writes it.
func (s *Server) describe(c *conn) string {
	flags := ""
	for _, f := range []struct {
		on     bool
		letter string
	}{{c.closing, "c"}, {!strings.Contains(c.laddr, ":") || strings.HasSuffix(c.laddr, ":0"), "U"}, {c.noEvict, "e"}, {c.noTouch, "T"}} {
		if f.on {
			flags += f.letter
		}
	}
	if flags == "" {
		flags = "N"
	}
	cmd := "NULL"
	if c.lastRun != nil {
		cmd = c.lastRun.fullName
	}
	total := cap(c.in) + cap(c.w.Buf)
	return fmt.Sprintf("id=%d addr=%s laddr=%s fd=%d name=%s age=%d idle=%d flags=%s db=%d sub=0 psub=0 ssub=0 multi=-1 "+
		"qbuf=%d qbuf-free=%d argv-mem=0 multi-mem=0 rbs=%d rbp=%d obl=%d oll=0 omem=0 tot-mem=%d events=%s cmd=%s user=%s "+
		"redir=-1 resp=%d lib-name=%s lib-ver=%s",
		c.id, c.addr, c.laddr, c.fd, c.name, int64((s.now-c.created)/time.Second), int64((s.now-c.active)/time.Second), flags, c.db,
		len(c.in), cap(c.in)-len(c.in), cap(c.w.Buf), len(c.w.Buf), c.pending(), total, c.events(), cmd, c.user(),
		protocol(c), c.libName, c.libVer)
}

func (c *conn) events() string {
	if c.watched&writable != 0 {
		return "rw"
	}
	return "r"
}

func (c *conn) user() string { return "default" }

func clientInfoCommand(c *call) error {
	c.w.Verbatim("txt", c.srv.describe(c.conn)+"\n")
	return nil
}

func clientListCommand(c *call) error {
	keep := func(*conn) bool { return true }
	switch args := c.args[2:]; {
	case len(args) == 0:
	case len(args) == 2 && is(args[0], "TYPE"):
		kind, err := parseClientType(args[1])
		if err != nil {
			return err
		}
		keep = func(*conn) bool { return kind == "normal" }
	case len(args) > 1 && is(args[0], "ID"):
		ids := map[uint64]bool{}
		for _, arg := range args[1:] {
			id, err := parseIntRange(arg, 1, math.MaxInt64, replyError("ERR Invalid client ID"))
			if err != nil {
				return err
			}
			ids[uint64(id)] = true
		}
		keep = func(conn *conn) bool { return ids[conn.id] }
	default:
		return errSyntax
	}
	var b strings.Builder
	for _, conn := range c.srv.clients.ordered() {
		if keep(conn) {
			b.WriteString(c.srv.describe(conn))
			b.WriteByte('\n')
		}
	}
	c.w.Verbatim("txt", b.String())
	return nil
}

func parseClientType(arg []byte) (string, error) {
	for _, kind := range []string{"normal", "slave", "replica", "pubsub", "master"} {
		if is(arg, strings.ToUpper(kind)) {
			return kind, nil
		}
	}
	return "", errf("ERR Unknown client type '%s'", arg)
}

// clientFilter is what CLIENT KILL looks for.
type clientFilter struct {
	id          uint64
	addr, laddr string
	kind        string
	maxAge      int64
	skipMe      bool
}

func (f *clientFilter) matches(s *Server, conn, me *conn) bool {
	return (f.id == 0 || conn.id == f.id) && (f.addr == "" || conn.addr == f.addr) &&
		(f.laddr == "" || conn.laddr == f.laddr) && (f.kind == "" || f.kind == "normal") &&
		(f.maxAge == 0 || int64((s.now-conn.created)/time.Second) >= f.maxAge) && !(f.skipMe && conn == me)
}

func clientKillCommand(c *call) error {
	if len(c.args) == 3 {
		f := clientFilter{addr: string(c.args[2])}
		if c.kill(&f) == 0 {
			return errNoClient
		}
		c.w.OK()
		return nil
	}
	f := clientFilter{skipMe: true}
	for args := c.args[2:]; len(args) > 0; args = args[2:] {
		if len(args) < 2 {
			return errSyntax
		}
		var err error
		switch {
		case is(args[0], "ID"):
			var id int64
			id, err = parseIntRange(args[1], 1, math.MaxInt64, replyError("ERR client-id should be greater than 0"))
			f.id = uint64(id)
		case is(args[0], "MAXAGE"):
			f.maxAge, err = parseIntRange(args[1], 1, math.MaxInt64, replyError("ERR maxage is not an integer or out of range"))
		case is(args[0], "TYPE"):
			f.kind, err = parseClientType(args[1])
		case is(args[0], "ADDR"):
			f.addr = string(args[1])
		case is(args[0], "LADDR"):
			f.laddr = string(args[1])
		case is(args[0], "USER"):
			if string(args[1]) != "default" {
				err = errf("ERR No such user '%s'", args[1])
			}
		case is(args[0], "SKIPME") && is(args[1], "YES"):
			f.skipMe = true
		case is(args[0], "SKIPME") && is(args[1], "NO"):
			f.skipMe = false
		default:
			err = errSyntax
		}
		if err != nil {
			return err
		}
	}
	c.w.Int(c.kill(&f))
	return nil
}

// kill closes the connections that a filter matches; one's own after the reply.
func (c *call) kill(f *clientFilter) (n int64) {
	for _, conn := range c.srv.clients.ordered() {
		if !f.matches(c.srv, conn, c.conn) {
			continue
		}
		n++
		if conn == c.conn {
			conn.closing = true
		} else {
			c.srv.close(conn)
		}
	}
	return n
}

// onOff reads ON or OFF.
func onOff(arg []byte) (on bool, err error) {
	switch {
	case is(arg, "ON"):
		return true, nil
	case is(arg, "OFF"):
		return false, nil
	}
	return false, errSyntax
}

func clientNoEvictCommand(c *call) error {
	on, err := onOff(c.args[2])
	if err != nil {
		return err
	}
	c.conn.noEvict = on
	c.w.OK()
	return nil
}

func clientNoTouchCommand(c *call) error {
	on, err := onOff(c.args[2])
	if err != nil {
		return err
	}
	c.conn.noTouch = on
	c.w.OK()
	return nil
}

func clientReplyCommand(c *call) error {
	switch {
	case is(c.args[2], "ON"):
		c.conn.replyOff, c.conn.skip = false, false
		c.w.OK()
	case is(c.args[2], "OFF"):
		c.conn.replyOff = true
	case is(c.args[2], "SKIP"):
		c.conn.skipNext = true
	default:
		return errSyntax
	}
	return nil
}

// clientUnblockCommand ends the wait of a connection in a blocking command. There are
// none in this version, so nobody waits.
func clientUnblockCommand(c *call) error {
	if len(c.args) > 4 {
		return errSyntax
	}
	if len(c.args) == 4 && !is(c.args[3], "TIMEOUT") && !is(c.args[3], "ERROR") {
		return replyError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
	}
	if _, err := parseInt(c.args[2]); err != nil {
		return err
	}
	c.w.Int(0)
	return nil
}

func clientPauseCommand(c *call) error {
	all := true
	if len(c.args) == 4 {
		switch {
		case is(c.args[3], "WRITE"):
			all = false
		case !is(c.args[3], "ALL"):
			return replyError("ERR CLIENT PAUSE mode must be WRITE or ALL")
		}
	} else if len(c.args) > 4 {
		return errSyntax
	}
	ms, ok := store.ParseInt(c.args[2])
	if !ok {
		return errTimeoutInt
	}
	if ms < 0 {
		return errTimeoutSign
	}
	if ms > int64(math.MaxInt64/time.Millisecond) {
		return errTimeoutInt
	}
	clients := &c.srv.clients
	until := c.srv.now + time.Duration(ms)*time.Millisecond
	if until < 0 {
		return errTimeoutInt
	}
	// A pause under way is made longer or stricter, never shorter or weaker.
	if clients.pauseUntil <= c.srv.now {
		clients.pauseAll = false
	}
	clients.pauseUntil = max(until, clients.pauseUntil)
	clients.pauseAll = clients.pauseAll || all
	c.w.OK()
	return nil
}

func clientUnpauseCommand(c *call) error {
	c.srv.clients.pauseUntil, c.srv.clients.pauseAll = 0, false
	c.w.OK()
	return nil
}

func clientHelpCommand(c *call) error { return c.help("client") }
