package server

import (
	"slices"
	"time"
)

// clients is every connection, by id and by descriptor, and what CLIENT PAUSE has said.
type clients struct {
	byID   map[uint64]*conn
	fds    []*conn // index: descriptor
	lastID uint64

	pauseUntil time.Duration // since the server began
	pauseAll   bool          // not only writes
	paused     []*conn       // with requests that wait
}

func newClients() clients { return clients{byID: map[uint64]*conn{}} }

func (cs *clients) nextID() uint64 {
	cs.lastID++
	return cs.lastID
}

func (cs *clients) add(c *conn) {
	for c.fd >= len(cs.fds) {
		cs.fds = append(cs.fds, nil)
	}
	cs.fds[c.fd] = c
	cs.byID[c.id] = c
}

func (cs *clients) remove(c *conn) {
	cs.fds[c.fd] = nil
	delete(cs.byID, c.id)
}

func (cs *clients) byFD(fd int) *conn {
	if fd < len(cs.fds) {
		return cs.fds[fd]
	}
	return nil
}

// ordered returns the connections in the order in which they came.
func (cs *clients) ordered() []*conn {
	list := make([]*conn, 0, len(cs.byID))
	for _, c := range cs.byID {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *conn) int { return int(a.id) - int(b.id) })
	return list
}

// pausedFor reports whether the requests of a connection have to wait. A pause of
// writes lets everything through up to the first write, which execute holds up.
func (s *Server) pausedFor(c *conn) bool {
	return s.clients.pauseAll && s.clients.pauseUntil > s.now
}

// pause has a connection wait for the end of the pause.
func (s *Server) pause(c *conn) {
	c.paused = true
	s.clients.paused = append(s.clients.paused, c)
}

// resume runs what waited for a pause that has ended.
func (s *Server) resume() {
	if s.clients.pauseUntil > s.now {
		return
	}
	waiting := s.clients.paused
	s.clients.paused = nil
	for _, c := range waiting {
		c.paused = false
		if c.closed {
			continue
		}
		if c.in != nil {
			s.process(c, c.in, c.parser)
		}
	}
}

// closeIdle closes the connections that have been silent for longer than timeout.
func (s *Server) closeIdle() {
	limit := time.Duration(s.config.Timeout) * time.Second
	if limit == 0 {
		return
	}
	for _, c := range s.clients.byID {
		if s.now-c.active > limit && !c.paused {
			s.close(c)
		}
	}
}
