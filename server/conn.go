package server

import (
	"net/netip"
	"time"

	"cached/server/resp"
)

// conn is one client connection. It belongs to the loop. While it waits for a
// request it holds no buffer: requests are read into the loop's, and only what is
// not whole is kept aside.
type conn struct {
	fd     int
	id     uint64
	addr   string // of the client
	laddr  string // of the server
	remote netip.Addr
	name   string
	db     int

	// The request that has not arrived whole.
	in     []byte
	parser *resp.Parser

	// The replies that have not been written, and how much of them has.
	w       resp.Writer
	written int
	// When the soft limit of the output was passed, 0: it is not passed.
	softSince time.Duration

	lastName    [16]byte
	lastNameLen int
	lastCmd     *command
	lastRun     *command // what it ran last

	created, active time.Duration // since the server began

	authenticated bool
	noTouch       bool
	noEvict       bool
	replyOff      bool // CLIENT REPLY OFF
	skip          bool // CLIENT REPLY SKIP, for the command under way
	skipNext      bool // the same, for the one after it
	closing       bool // close as soon as the replies are written
	closed        bool
	queued        bool   // in the loop's list of connections to write to
	watched       uint32 // what epoll watches it for
	waiting       bool   // has requests in `in` for the next iteration
	paused        bool   // has requests in `in` that wait for the end of a pause

	libName, libVer string
}

// remember keeps what a name resolved to: pipelines repeat it. Subcommands are looked up
// each time.
func (c *conn) remember(cmd *command, name []byte) {
	c.lastCmd = nil
	if len(name) <= len(c.lastName) && len(cmd.fullName) == len(cmd.name) && cmd.subs == nil {
		c.lastNameLen = copy(c.lastName[:], name)
		c.lastCmd = cmd
	}
}

// pending returns the bytes of replies that have not been written.
func (c *conn) pending() int { return len(c.w.Buf) - c.written }

// compact moves what is left to write to the front, once most of the buffer has been
// written.
func (c *conn) compact() {
	if c.written > len(c.w.Buf)/2 {
		c.w.Buf = c.w.Buf[:copy(c.w.Buf, c.w.Buf[c.written:])]
		c.written = 0
	}
}

// silent reports whether the reply of the command under way is not to be sent.
func (c *conn) silent() bool { return c.replyOff || c.skip }
