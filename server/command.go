package server

import (
	"sort"
	"strings"
	"time"

	"cached/server/resp"
	"cached/store"
)

// A command is declared once, as a row of the table of its group (table_*.go).
// Lookup, the arity error, COMMAND and its subcommands, ACL categories, the guards
// and the statistics all derive from the row.
type command struct {
	name       string
	handler    handler // nil: a container of subs
	arity      int     // arguments with the name; negative: at least
	flags      flags
	group      string
	since      string
	complexity string
	summary    string
	keys       []keySpec
	syntax     string   // arguments in the notation of the Redis documentation, see docs.go
	acl        []string // categories besides those that flags and group imply
	tips       []string
	subs       []command

	// Derived when the table is made.
	fullName string // container|sub
	bySub    map[string]*command
	stats    commandStats
}

// handler runs a command on the loop. It writes exactly one reply, or returns an error
// and has written nothing.
type handler func(c *call) error

// flags say what a command is; the names are those of COMMAND INFO.
type flags uint32

const (
	write flags = 1 << iota
	readonly
	denyOOM
	admin
	pubsubFlag
	noScript
	blocking
	loading
	stale
	skipMonitor
	skipSlowlog
	fast
	noAuth
	movableKeys
	allowBusy
	noMulti
)

var flagNames = []string{"write", "readonly", "denyoom", "admin", "pubsub", "noscript", "blocking", "loading",
	"stale", "skip_monitor", "skip_slowlog", "fast", "no_auth", "movablekeys", "allow_busy", "no_multi"}

func (f flags) names() []string {
	var names []string
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// call is a command under way: what a handler sees of the world.
type call struct {
	srv  *Server
	conn *conn
	cmd  *command
	db   *store.DB
	args [][]byte // the name first; they alias the read buffer
	w    *resp.Writer

	buf  [24]byte // for values that are stored as numbers
	buf2 [24]byte
}

// answer writes the integer that Redis has for yes and no.
func (c *call) answer(yes bool) error {
	if yes {
		c.w.Int(1)
	} else {
		c.w.Int(0)
	}
	return nil
}

func (c *call) now() store.Time { return c.srv.store.Now() }

// find looks up a key that must hold a value of the given type if it is there.
func (c *call) find(key []byte, t store.Type) (e store.Entry, ok bool, err error) {
	if c.conn.noTouch {
		e, ok = c.db.Peek(key)
	} else {
		e, ok = c.db.Find(key)
	}
	if ok && e.Type() != t {
		return e, false, errWrongType
	}
	c.srv.stats.lookup(ok)
	return e, ok, nil
}

// findForWrite is find for a command that is about to change the key: it does not
// count as a hit or a miss.
func (c *call) findForWrite(key []byte, t store.Type) (e store.Entry, ok bool, err error) {
	e, ok = c.db.Find(key)
	if ok && e.Type() != t {
		return e, false, errWrongType
	}
	return e, ok, nil
}

// commandTable is the table with its index by name.
type commandTable struct {
	rows   []*command
	byName map[string]*command
}

func newCommandTable(groups ...[]command) *commandTable {
	t := &commandTable{byName: map[string]*command{}}
	for _, group := range groups {
		for i := range group {
			row := &group[i]
			row.fullName = row.name
			for j := range row.subs {
				sub := &row.subs[j]
				sub.group, sub.fullName = row.group, row.name+"|"+sub.name
				if row.bySub == nil {
					row.bySub = map[string]*command{}
				}
				row.bySub[sub.name] = sub
			}
			t.rows = append(t.rows, row)
			t.byName[row.name] = row
		}
	}
	sort.Slice(t.rows, func(i, j int) bool { return t.rows[i].name < t.rows[j].name })
	return t
}

// lookup finds the command that a request names, or the error that it gets.
func (t *commandTable) lookup(args [][]byte) (*command, error) {
	var room [32]byte
	cmd := t.byName[string(lower(room[:0], args[0]))]
	if cmd == nil {
		return nil, errUnknown(args)
	}
	if cmd.subs != nil && len(args) > 1 {
		sub := cmd.bySub[string(lower(room[:0], args[1]))]
		if sub == nil {
			return cmd, errf("ERR unknown subcommand '%.128s'. Try %s HELP.", args[1], strings.ToUpper(cmd.name))
		}
		cmd = sub
	}
	if !cmd.takes(len(args)) || cmd.handler == nil {
		return cmd, errArity(cmd.fullName)
	}
	return cmd, nil
}

func (cmd *command) takes(args int) bool {
	return args == cmd.arity || cmd.arity < 0 && args >= -cmd.arity
}

// lower appends s in lower case; names longer than the room are no command's.
func lower(room, s []byte) []byte {
	if len(s) > cap(room) {
		return s
	}
	for _, c := range s {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		room = append(room, c)
	}
	return room
}

func errUnknown(args [][]byte) error {
	var b strings.Builder
	for _, arg := range args[1:] {
		if b.Len() >= 128 {
			break
		}
		shown := arg[:min(len(arg), 128-b.Len())]
		b.WriteByte('\'')
		b.Write(shown)
		b.WriteString("' ")
	}
	return errf("ERR unknown command '%.128s', with args beginning with: %s", args[0], b.String())
}

// is reports whether an argument is a keyword, in whatever case; word is in upper case.
func is(arg []byte, word string) bool {
	if len(arg) != len(word) {
		return false
	}
	for i := range len(word) {
		c := arg[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// commandStats is what INFO commandstats tells of a command.
type commandStats struct {
	calls, rejected, failed uint64
	time                    time.Duration
}

// execute runs one request of a connection. It answers true, and has done nothing, when
// the request has to wait for the end of a pause.
func (s *Server) execute(conn *conn, args [][]byte) (held bool) {
	c := &s.call
	c.conn, c.args, c.w = conn, args, &conn.w
	cmd := conn.lastCmd
	if cmd == nil || string(args[0]) != string(conn.lastName[:conn.lastNameLen]) || !cmd.takes(len(args)) {
		var err error
		if cmd, err = s.commands.lookup(args); err != nil {
			if is(args[0], "POST") || is(args[0], "HOST:") {
				s.repel(conn)
				return false
			}
			conn.lastCmd = nil
			if cmd != nil {
				cmd.stats.rejected++
			}
			s.reject(conn, err)
			return false
		}
		conn.remember(cmd, args[0])
	}
	if err := s.guard(conn, cmd, args); err != nil {
		cmd.stats.rejected++
		s.reject(conn, err)
		return false
	}
	if cmd.flags&write != 0 && s.clients.pauseUntil > s.now {
		return true
	}
	c.cmd, c.db, conn.lastRun = cmd, s.store.DB(conn.db), cmd
	mark := len(conn.w.Buf)
	err := cmd.handler(c)
	if err != nil {
		conn.w.Error(err.Error())
		s.stats.errors++
		cmd.stats.failed++
	}
	if conn.silent() {
		conn.w.Buf = conn.w.Buf[:mark]
	}
	conn.skip, conn.skipNext = conn.skipNext, false
	cmd.stats.calls++
	ended := s.elapsed()
	took := ended - s.commandBegan
	cmd.stats.time += took
	s.stats.longestCommand = max(s.stats.longestCommand, took)
	s.commandBegan = ended
	s.stats.commands++
	return false
}

// repel closes a connection that speaks HTTP: a web page may be trying to have a browser
// send commands.
func (s *Server) repel(conn *conn) {
	s.log.Warn("Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands. Connection aborted.", "client", conn.addr)
	s.close(conn)
}

// reject answers a request that was not run.
func (s *Server) reject(conn *conn, err error) {
	s.stats.errors++
	if !conn.silent() {
		conn.w.Error(err.Error())
	}
	conn.skip, conn.skipNext = conn.skipNext, false
}

// guard decides whether a command may run now.
func (s *Server) guard(conn *conn, cmd *command, args [][]byte) error {
	if !conn.authenticated && cmd.flags&noAuth == 0 {
		return errNoAuth
	}
	return nil
}
