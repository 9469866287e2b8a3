// Package server is cached: a Redis-compatible server that a program can open in its
// own process, and that cmd/cached runs as one of its own.
//
//	s, err := server.Open(server.Options{Addr: "127.0.0.1:0"})
//	...
//	defer s.Close()
//	client := redis.NewClient(&redis.Options{Addr: s.Addr()})
package server

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"cached/server/resp"
	"cached/store"
)

// Version is the version of cached.
const Version = "0.1.0"

// redisVersion is the version of Redis whose behaviour is honoured.
const redisVersion = "7.2.4"

// Options say how a server is opened. The zero value listens on a free port of
// 127.0.0.1 and logs nothing.
type Options struct {
	// Addr is host:port; port 0 lets the system choose. Empty: what Config says, or
	// 127.0.0.1:0 without one.
	Addr string
	// Config is the configuration to start with; nil: DefaultConfig.
	Config *Config
	// Logger gets what the server has to say; nil: nobody does.
	Logger *slog.Logger
	// ReserveBytes is the address space to reserve for data; 0: 256 GiB.
	ReserveBytes uint64
}

// Server is a running server.
type Server struct {
	config    Config
	log       *slog.Logger
	store     *store.Store
	commands  *commandTable
	clients   clients
	stats     stats
	poll      *poller
	listeners []*listener
	wakeup    wakeup
	runID     string

	began        time.Time
	beganMs      int64         // of the Unix epoch
	now          time.Duration // since began, read once an iteration
	commandBegan time.Duration
	nextCron     time.Duration
	busy         bool // housekeeping has more to do
	stopping     bool

	call       call
	parser     resp.Parser
	readBuffer []byte
	batch      []request // requests under way
	args       [][]byte  // theirs
	keys       [][]byte  // for warm
	later      []*conn   // with requests for the next iteration
	writes     []*conn   // to write to at the end of the iteration
	spare      [][]byte  // reply buffers that nobody uses

	mailbox mailbox
	done    chan struct{}
}

// mailbox is how other goroutines have the loop do something.
type mailbox struct {
	sync.Mutex
	posted []func()
}

// Open starts a server and returns when it accepts connections.
func Open(o Options) (*Server, error) {
	config := DefaultConfig()
	anyPort := o.Addr == "" && o.Config == nil
	if o.Config != nil {
		config = *o.Config
	}
	if anyPort {
		config.Bind = "127.0.0.1"
	}
	if o.Addr != "" {
		host, port, err := net.SplitHostPort(o.Addr)
		if err != nil {
			return nil, err
		}
		config.Bind = host
		if config.Port, err = strconv.ParseInt(port, 10, 64); err != nil {
			return nil, fmt.Errorf("port %q: %w", port, err)
		}
		anyPort = config.Port == 0
	}
	if anyPort {
		config.Port = 0
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	s := &Server{config: config, log: o.Logger, began: time.Now(), readBuffer: make([]byte, readBufferBytes),
		batch: make([]request, 0, batchRequests),
		done:  make(chan struct{}), runID: randomID(), clients: newClients()}
	s.beganMs = s.began.UnixMilli()
	s.commands = allCommands()
	s.call.srv = s
	if err := s.acquire(anyPort, o.ReserveBytes); err != nil {
		s.release()
		return nil, err
	}
	go s.run()
	return s, nil
}

// acquire opens what has to be released again.
func (s *Server) acquire(anyPort bool, reserve uint64) (err error) {
	s.wakeup = -1
	if s.store, err = store.Open(reserve); err != nil {
		return err
	}
	s.applyConfig()
	s.limitClients()
	if s.poll, err = newPoller(); err != nil {
		return err
	}
	if s.wakeup, err = newWakeup(); err != nil {
		return err
	}
	if err = s.poll.add(int(s.wakeup)); err != nil {
		return err
	}
	return s.listen(anyPort)
}

// Addr returns the address of the first listener as host:port.
func (s *Server) Addr() string { return s.listeners[0].addr }

// Close stops the server, closes its connections, and gives its memory back.
func (s *Server) Close() error {
	s.post(func() { s.stopping = true })
	<-s.done
	return nil
}

// Wait returns when the server has stopped, by Close or by SHUTDOWN.
func (s *Server) Wait() { <-s.done }

// post has the loop call f between two commands.
func (s *Server) post(f func()) {
	s.mailbox.Lock()
	defer s.mailbox.Unlock()
	s.mailbox.posted = append(s.mailbox.posted, f)
	if s.wakeup >= 0 {
		s.wakeup.wake()
	}
}

// receive runs what was posted.
func (s *Server) receive() {
	s.mailbox.Lock()
	posted := s.mailbox.posted
	s.mailbox.posted = nil
	s.mailbox.Unlock()
	for _, f := range posted {
		f()
	}
}

func (s *Server) tearDown() {
	for _, c := range s.clients.byID {
		s.close(c)
	}
	s.release()
	close(s.done)
}

func (s *Server) release() {
	for _, l := range s.listeners {
		unix.Close(l.fd)
		if l.unix != "" {
			unix.Unlink(l.unix)
		}
	}
	if s.poll != nil {
		unix.Close(s.poll.fd)
	}
	if s.wakeup >= 0 {
		// Someone may be about to wake the loop: the descriptor must not be another's by
		// then. The mailbox's lock keeps them apart.
		s.mailbox.Lock()
		unix.Close(int(s.wakeup))
		s.wakeup = -1
		s.mailbox.Unlock()
	}
	if s.store != nil {
		s.store.Close()
	}
}

// reservedFDs are the descriptors that are not clients'.
const reservedFDs = 32

// limitClients lowers maxclients to what the limit on descriptors allows.
func (s *Server) limitClients() {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return
	}
	if limit.Cur < uint64(s.config.MaxClients)+reservedFDs {
		limit.Cur = min(limit.Max, uint64(s.config.MaxClients)+reservedFDs)
		unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	}
	if most := int64(limit.Cur) - reservedFDs; most < s.config.MaxClients {
		s.log.Warn("maxclients is reduced to what the limit on open files allows", "maxclients", max(most, 1))
		s.config.MaxClients = max(most, 1)
	}
}

// applyConfig hands the store what the configuration says of it.
func (s *Server) applyConfig() {
	c := &s.config
	s.store.Limits = store.Limits{HashEntries: int(c.HashEntries), HashValueBytes: int(c.HashValue),
		ZSetEntries: int(c.ZSetEntries), ZSetValueBytes: int(c.ZSetValue)}
	s.store.LFU = store.LFU{On: c.MaxMemoryPolicy == "allkeys-lfu" || c.MaxMemoryPolicy == "volatile-lfu",
		LogFactor: int(c.LFULogFactor), DecayMinutes: int(c.LFUDecayTime)}
}
