package server

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"cached/server/resp"
	"cached/store"
)

const (
	readBufferBytes = 64 << 10
	batchRequests   = 32       // requests of a pipeline that are looked at together
	spareBuffers    = 64       // reply buffers that are kept for the next replies
	spareMaxBytes   = 64 << 10 // larger ones are left to the garbage collector

	housekeepUnits = 256                    // between two looks at the clock
	housekeepSlice = 500 * time.Microsecond // longest that housekeeping holds the loop
	// A client with more output than this waits with its other requests until the next
	// iteration, so that a pipeline of large replies does not pile them all up.
	pauseAboveBytes = 1 << 20
	freeOutputBytes = 16 << 10

	writeMaxBytes = 256 << 10 // to one connection in an iteration
	cronPeriod    = 100 * time.Millisecond
)

// run is the command loop. It owns the store and every connection, on a thread of its
// own, until the server is closed.
func (s *Server) run() {
	runtime.LockOSThread()
	defer s.report()
	for !s.stopping {
		events, err := s.poll.wait(s.timeoutMs())
		if err != nil {
			panic(fmt.Sprintf("epoll: %v", err))
		}
		s.tick()
		for i := range events {
			s.serve(&events[i])
		}
		s.goOn()
		s.housekeep()
		s.flush()
	}
	s.tearDown()
}

// report says which command a panic came from, before it takes the process down.
func (s *Server) report() {
	if r := recover(); r != nil {
		name := "none"
		if s.call.cmd != nil {
			name = s.call.cmd.fullName
		}
		s.log.Error("cached crashed: this is a bug, please report it", "command", name, "error", r)
		panic(r)
	}
}

// tick reads the clocks, once an iteration.
func (s *Server) tick() {
	now := time.Now()
	s.now = now.Sub(s.began)
	s.store.SetTime(store.Time{Mono: s.beganMs + s.now.Milliseconds(), Wall: now.UnixMilli()})
}

// timeoutMs is how long the loop may wait when no connection is ready. It counts from the
// last tick, and is late by no more than the iteration took.
func (s *Server) timeoutMs() int {
	if s.busy {
		return 0
	}
	wait := max((s.nextCron - s.now + time.Millisecond - 1).Milliseconds(), 0)
	if due, ok := s.store.DueIn(); ok {
		wait = min(wait, due)
	}
	if len(s.clients.paused) > 0 {
		wait = min(wait, max((s.clients.pauseUntil-s.now+time.Millisecond-1).Milliseconds(), 0))
	}
	return int(wait)
}

func (s *Server) serve(event *unix.EpollEvent) {
	fd := int(event.Fd)
	if c := s.clients.byFD(fd); c != nil {
		if event.Events&writable != 0 {
			s.queue(c)
		}
		if event.Events&^writable != 0 {
			s.read(c)
		}
		return
	}
	if fd == int(s.wakeup) {
		s.wakeup.drain()
		s.receive()
		return
	}
	for _, l := range s.listeners {
		if l.fd == fd {
			s.accept(l)
		}
	}
}

// read takes what a connection has sent and runs the requests that are whole.
func (s *Server) read(c *conn) {
	if c.closed || c.closing {
		return
	}
	if c.paused || c.waiting {
		s.readAside(c)
		return
	}
	if c.in != nil {
		if s.readAside(c) {
			s.process(c, c.in, c.parser)
		}
		return
	}
	n, err := readFD(c.fd, s.readBuffer)
	if n <= 0 {
		if n == 0 && err == nil || !again(err) {
			s.close(c)
		}
		return
	}
	s.stats.netIn += uint64(n)
	c.active = s.now
	s.process(c, s.readBuffer[:n], &s.parser)
}

// readAside reads more of what a connection keeps aside and reports whether
// something came. Its buffer grows with what has arrived, never with what was
// announced.
func (s *Server) readAside(c *conn) bool {
	if len(c.in) == cap(c.in) {
		grown := make([]byte, len(c.in), max(2*len(c.in), 16<<10))
		copy(grown, c.in)
		c.in = grown
	}
	n, err := readFD(c.fd, c.in[len(c.in):cap(c.in)])
	if n <= 0 {
		if n == 0 && err == nil || !again(err) {
			s.close(c)
		}
		return false
	}
	c.in = c.in[:len(c.in)+n]
	s.stats.netIn += uint64(n)
	c.active = s.now
	if len(c.in) > int(s.config.QueryBufferLimit) {
		s.log.Warn("Closing client that reached max query buffer length", "client", c.addr)
		s.close(c)
		return false
	}
	return true
}

// goOn runs the requests of connections that waited for their replies to be written.
func (s *Server) goOn() {
	waiting := s.later
	s.later = nil
	for _, c := range waiting {
		c.waiting = false
		if !c.closed && c.in != nil {
			s.process(c, c.in, c.parser)
		}
	}
}

// request is one of a batch: its arguments, and where it begins in the data.
type request struct {
	args  [][]byte
	start int
}

// gather reads requests from the start of data into the batch. It returns the bytes
// that they take, and whether there may be more requests behind them.
func (s *Server) gather(c *conn, data []byte, parser *resp.Parser) (n int, more bool, err error) {
	s.batch, s.args = s.batch[:0], s.args[:0]
	parser.MaxBulkBytes = int(s.config.ProtoMaxBulkLen)
	parser.Unauthenticated = !c.authenticated
	for len(s.batch) < cap(s.batch) {
		from := len(s.args)
		var size int
		if s.args, size, err = parser.Next(data[n:], s.args); err != nil || size == 0 {
			return n, false, err
		}
		s.batch = append(s.batch, request{s.args[from:], n})
		n += size
		if !c.authenticated {
			break // what may follow is judged after it
		}
	}
	return n, true, nil
}

// warm has the processor fetch what the batch is about to look up, all at once: one
// after the other, waiting for memory would be most of the work.
func (s *Server) warm(c *conn) {
	s.keys = s.keys[:0]
	for i := range s.batch {
		if args := s.batch[i].args; len(args) > 1 {
			s.keys = append(s.keys, args[1])
		}
	}
	s.store.DB(c.db).Warm(s.keys)
}

// process runs the requests in data and keeps what is not whole.
func (s *Server) process(c *conn, data []byte, parser *resp.Parser) {
	s.lend(c)
	for more := true; more && len(data) > 0 && !c.closing && !c.closed && !c.paused; {
		var n int
		var err error
		n, more, err = s.gather(c, data, parser)
		if len(s.batch) > 1 {
			s.warm(c)
		}
		s.commandBegan = s.elapsed()
		for i := range s.batch {
			r := &s.batch[i]
			if s.pausedFor(c) || len(r.args) > 0 && s.execute(c, r.args) {
				s.pause(c)
				parser.Reset()
				n, err = r.start, nil
				break
			}
			if c.closing || c.closed {
				break
			}
			if s.limitOutput(c); c.closed {
				break
			}
			if c.pending() > pauseAboveBytes && i+1 < len(s.batch) {
				// Let what there is be written before more is made.
				s.later = append(s.later, c)
				c.waiting = true
				parser.Reset()
				n, more, err = s.batch[i+1].start, false, nil
				break
			}
		}
		data = data[n:]
		if err != nil && !c.closing && !c.closed {
			s.stats.errors++
			c.w.Error(err.Error())
			c.closing = true
		}
	}
	if parser != &s.parser { // a buffer of its own must not be held on to
		clear(s.args)
		clear(s.keys)
		clear(s.batch)
		if cap(s.args) > readBufferBytes {
			s.args = nil
		}
	}
	s.keep(c, data, parser)
	switch {
	case c.closed:
	case c.closing || c.pending() > 0:
		s.queue(c)
	default:
		s.recycle(c)
	}
}

// keep puts aside what has not been run, with the parser's place in it.
func (s *Server) keep(c *conn, rest []byte, parser *resp.Parser) {
	switch {
	case len(rest) == 0 || c.closing || c.closed:
		if parser == &s.parser {
			parser.Reset()
		}
		c.in, c.parser = nil, nil
	case parser == &s.parser:
		c.in = append(make([]byte, 0, max(len(rest), 1024)), rest...)
		c.parser = parser.Detach()
	case len(rest) < len(c.in) && len(rest) < cap(c.in)/4 && cap(c.in) > readBufferBytes:
		c.in = append([]byte(nil), rest...)
	case len(rest) < len(c.in):
		c.in = append(c.in[:0], rest...)
	}
}

// queue notes that a connection has something to write, or to be closed, at the
// end of the iteration.
func (s *Server) queue(c *conn) {
	if !c.queued {
		c.queued = true
		s.writes = append(s.writes, c)
	}
}

// flush writes the replies of the iteration.
func (s *Server) flush() {
	for _, c := range s.writes {
		c.queued = false
		if !c.closed {
			s.write(c)
		}
	}
	s.writes = s.writes[:0]
}

// write writes what one connection may write in an iteration; the rest waits until
// there is room, and the others have had their turn.
func (s *Server) write(c *conn) {
	for left := writeMaxBytes; c.pending() > 0; {
		n, err := 0, error(unix.EAGAIN)
		if left > 0 {
			n, err = writeFD(c.fd, c.w.Buf[c.written:min(len(c.w.Buf), c.written+left)])
		}
		if err != nil {
			if !again(err) {
				s.close(c)
				return
			}
			c.compact()
			s.watch(c)
			return
		}
		c.written += n
		left -= n
		s.stats.netOut += uint64(n)
	}
	s.recycle(c)
	c.softSince = 0
	if c.closing {
		s.close(c)
		return
	}
	s.watch(c)
}

// recycle takes the empty reply buffer of a connection.
func (s *Server) recycle(c *conn) {
	if cap(c.w.Buf) <= spareMaxBytes && len(s.spare) < spareBuffers && cap(c.w.Buf) > 0 {
		s.spare = append(s.spare, c.w.Buf[:0])
	}
	c.w.Buf, c.written = nil, 0
}

// lend gives a connection a reply buffer.
func (s *Server) lend(c *conn) {
	if c.w.MaxBytes = 0; s.config.OutputLimit.Hard > 0 {
		c.w.MaxBytes = max(int(s.config.OutputLimit.Hard), freeOutputBytes) + c.written
	}
	if c.w.Buf == nil && len(s.spare) > 0 {
		last := len(s.spare) - 1
		c.w.Buf, s.spare = s.spare[last], s.spare[:last]
	}
}

// watch has epoll watch a connection for what it waits for: requests, unless it is
// about to be closed, and room for replies.
func (s *Server) watch(c *conn) {
	events := uint32(0)
	if !c.closing {
		events = readable
	}
	if c.pending() > 0 {
		events |= writable
	}
	if events == c.watched {
		return
	}
	c.watched = events
	if err := s.poll.watch(c.fd, events); err != nil {
		s.close(c)
	}
}

// limitOutput closes a connection that does not read its replies.
func (s *Server) limitOutput(c *conn) {
	limit := &s.config.OutputLimit
	pending := uint64(c.pending())
	// As in Redis, the first 16 KiB do not count.
	if limit.Hard > 0 && (pending > limit.Hard && pending > freeOutputBytes || c.w.Over) {
		s.closeForOutput(c)
		return
	}
	switch {
	case limit.Soft == 0 || pending <= limit.Soft:
		c.softSince = 0
	case c.softSince == 0:
		c.softSince = s.now
	case s.now-c.softSince > limit.SoftFor:
		s.closeForOutput(c)
	}
}

func (s *Server) closeForOutput(c *conn) {
	s.log.Warn("Client closed for overcoming of output buffer limits", "client", c.addr)
	s.stats.outputLimitCloses++
	s.close(c)
}

func (s *Server) close(c *conn) {
	if c.closed {
		return
	}
	c.closed = true
	s.clients.remove(c)
	if c.paused {
		s.clients.paused = slices.DeleteFunc(s.clients.paused, func(other *conn) bool { return other == c })
	}
	unix.Close(c.fd)
	c.w.Buf, c.in, c.parser = nil, nil, nil
}

// housekeep does a bounded part of the work that waits.
func (s *Server) housekeep() {
	s.busy = len(s.later) > 0
	if len(s.clients.paused) > 0 {
		s.resume()
	}
	if in, ok := s.store.DueIn(); ok && in == 0 || s.store.Waiting() {
		began := s.elapsed()
		for s.store.Housekeep(housekeepUnits) {
			if s.elapsed()-began > housekeepSlice {
				s.busy = true
				break
			}
		}
		s.stats.longestHousekeeping = max(s.stats.longestHousekeeping, s.elapsed()-began)
	}
	if s.now >= s.nextCron {
		s.nextCron = s.now + cronPeriod
		s.cron()
	}
}
