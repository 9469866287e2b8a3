package server

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"cached/store"
)

// Config is the configuration in force. Each field has a row in directives, from which the
// flags, CONFIG GET and SET and the documentation are made.
type Config struct {
	Bind             string
	Port             int64
	UnixSocket       string
	UnixSocketPerm   int64
	TCPBacklog       int64
	TCPKeepalive     int64
	Timeout          int64
	MaxClients       int64
	Databases        int64
	RequirePass      string
	ProtectedMode    bool
	ProtoMaxBulkLen  int64
	QueryBufferLimit int64
	OutputLimit      outputLimit
	HashEntries      int64
	HashValue        int64
	ZSetEntries      int64
	ZSetValue        int64
	MaxMemoryPolicy  string
	LFULogFactor     int64
	LFUDecayTime     int64
	DebugCommand     string
}

// outputLimit bounds what a client may leave unread, in bytes; 0 is no limit.
type outputLimit struct {
	Hard, Soft uint64
	SoftFor    time.Duration
}

// directive is one row of the configuration.
type directive struct {
	name      string
	alias     string
	value     value
	immutable bool // only when starting
	secret    bool
	summary   string
}

// value reads and writes one directive. set answers an error text without the
// name of the directive, as Redis puts it.
type value interface {
	get(*Config) string
	set(*Config, string) error
}

// directives is the one table of the configuration; its order is that of the
// documentation.
var directives = []directive{
	{name: "bind", value: text(func(c *Config) *string { return &c.Bind }), immutable: true,
		summary: "addresses to listen on; one that begins with - may be absent"},
	{name: "port", value: number(func(c *Config) *int64 { return &c.Port }, 0, 65535), immutable: true,
		summary: "TCP port, 0 for none"},
	{name: "unixsocket", value: text(func(c *Config) *string { return &c.UnixSocket }), immutable: true,
		summary: "path of a Unix socket to listen on"},
	{name: "unixsocketperm", value: octal(func(c *Config) *int64 { return &c.UnixSocketPerm }), immutable: true,
		summary: "permissions of the Unix socket, in octal"},
	{name: "tcp-backlog", value: number(func(c *Config) *int64 { return &c.TCPBacklog }, 1, math.MaxInt32), immutable: true,
		summary: "connections that may wait to be accepted"},
	{name: "tcp-keepalive", value: number(func(c *Config) *int64 { return &c.TCPKeepalive }, 0, math.MaxInt32),
		summary: "seconds after which the kernel probes a silent client, 0 for never"},
	{name: "timeout", value: number(func(c *Config) *int64 { return &c.Timeout }, 0, math.MaxInt32),
		summary: "seconds after which an idle client is closed, 0 for never"},
	{name: "maxclients", value: number(func(c *Config) *int64 { return &c.MaxClients }, 1, math.MaxUint32),
		summary: "connections at a time"},
	{name: "databases", value: number(func(c *Config) *int64 { return &c.Databases }, 1, store.NumDBs), immutable: true,
		summary: "databases that SELECT chooses from"},
	{name: "requirepass", value: text(func(c *Config) *string { return &c.RequirePass }), secret: true,
		summary: "password of the default user, empty for none"},
	{name: "protected-mode", value: boolean(func(c *Config) *bool { return &c.ProtectedMode }),
		summary: "without a password, accept clients from the loopback interface only"},
	{name: "proto-max-bulk-len", value: memory(func(c *Config) *int64 { return &c.ProtoMaxBulkLen }, 1<<20, maxBulkBytes),
		summary: "longest argument of a request"},
	{name: "client-query-buffer-limit", value: memory(func(c *Config) *int64 { return &c.QueryBufferLimit }, 1<<20, math.MaxInt64),
		summary: "longest request"},
	{name: "client-output-buffer-limit", value: outputLimits{},
		summary: "what a client may leave unread: class, hard limit, soft limit, seconds over the soft limit"},
	{name: "hash-max-listpack-entries", alias: "hash-max-ziplist-entries",
		value: number(func(c *Config) *int64 { return &c.HashEntries }, 0, math.MaxInt64), summary: "fields up to which a hash is compact"},
	{name: "hash-max-listpack-value", alias: "hash-max-ziplist-value",
		value: memory(func(c *Config) *int64 { return &c.HashValue }, 0, math.MaxInt64), summary: "longest field or value of a compact hash"},
	{name: "zset-max-listpack-entries", alias: "zset-max-ziplist-entries",
		value: number(func(c *Config) *int64 { return &c.ZSetEntries }, 0, math.MaxInt64), summary: "members up to which a sorted set is compact"},
	{name: "zset-max-listpack-value", alias: "zset-max-ziplist-value",
		value: memory(func(c *Config) *int64 { return &c.ZSetValue }, 0, math.MaxInt64), summary: "longest member of a compact sorted set"},
	{name: "maxmemory-policy", value: choice(func(c *Config) *string { return &c.MaxMemoryPolicy },
		"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "allkeys-lru", "allkeys-lfu", "allkeys-random", "noeviction"),
		summary: "with an lfu policy, count how often keys are used instead of when (OBJECT FREQ)"},
	{name: "lfu-log-factor", value: number(func(c *Config) *int64 { return &c.LFULogFactor }, 0, math.MaxInt32),
		summary: "how slowly the count of uses grows"},
	{name: "lfu-decay-time", value: number(func(c *Config) *int64 { return &c.LFUDecayTime }, 0, math.MaxInt32),
		summary: "minutes after which the count of uses shrinks by one"},
	{name: "enable-debug-command", value: choice(func(c *Config) *string { return &c.DebugCommand }, "no", "yes", "local"), immutable: true,
		summary: "who may use DEBUG: nobody, everybody, or clients of the loopback interface"},
}

// maxBulkBytes bounds proto-max-bulk-len: an entry keeps offsets in 32 bits.
const maxBulkBytes = 2 << 30

// DefaultConfig is what a server runs with that is told nothing.
func DefaultConfig() Config {
	return Config{
		Bind: "127.0.0.1 -::1", Port: 6379, TCPBacklog: 511, TCPKeepalive: 300, MaxClients: 10000, Databases: store.NumDBs,
		ProtectedMode: true, ProtoMaxBulkLen: 512 << 20, QueryBufferLimit: 1 << 30,
		OutputLimit: outputLimit{Hard: 1 << 30},
		HashEntries: 512, HashValue: 64, ZSetEntries: 128, ZSetValue: 64,
		MaxMemoryPolicy: "noeviction", LFULogFactor: 10, LFUDecayTime: 1, DebugCommand: "no",
	}
}

func findDirective(name string) *directive {
	for i := range directives {
		if d := &directives[i]; strings.EqualFold(d.name, name) || d.alias != "" && strings.EqualFold(d.alias, name) {
			return d
		}
	}
	return nil
}

// Set sets one directive from its text, as a configuration file or a flag would.
func (c *Config) Set(name, text string) error {
	d := findDirective(name)
	if d == nil {
		return fmt.Errorf("unknown directive %q", name)
	}
	if err := d.value.set(c, text); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Get returns the text of one directive.
func (c *Config) Get(name string) (string, bool) {
	d := findDirective(name)
	if d == nil {
		return "", false
	}
	return d.value.get(c), true
}

// Directive is what a program that offers the directives to its users needs to know
// of one.
type Directive struct{ Name, Default, Summary string }

// Directives lists the directives in the order of the documentation.
func Directives() []Directive {
	defaults := DefaultConfig()
	list := make([]Directive, len(directives))
	for i, d := range directives {
		list[i] = Directive{d.name, d.value.get(&defaults), d.summary}
	}
	return list
}

type text func(*Config) *string

func (f text) get(c *Config) string { return *f(c) }
func (f text) set(c *Config, s string) error {
	*f(c) = s
	return nil
}

type boolean func(*Config) *bool

func (f boolean) get(c *Config) string {
	if *f(c) {
		return "yes"
	}
	return "no"
}

func (f boolean) set(c *Config, s string) error {
	switch strings.ToLower(s) {
	case "yes":
		*f(c) = true
	case "no":
		*f(c) = false
	default:
		return errf("argument must be 'yes' or 'no'")
	}
	return nil
}

type numberValue struct {
	at        func(*Config) *int64
	low, high int64
	parse     func(string) (int64, bool)
	format    int // base
	notA      string
}

func number(at func(*Config) *int64, low, high int64) value {
	return numberValue{at, low, high, func(s string) (int64, bool) { return store.ParseInt([]byte(s)) }, 10,
		"argument couldn't be parsed into an integer"}
}

func octal(at func(*Config) *int64) value {
	return numberValue{at, 0, 0o777, func(s string) (int64, bool) {
		n, err := strconv.ParseInt(s, 8, 64)
		return n, err == nil
	}, 8, "argument couldn't be parsed into an octal integer"}
}

func memory(at func(*Config) *int64, low, high int64) value {
	return numberValue{at, low, high, parseMemory, 10, "argument must be a memory value"}
}

func (v numberValue) get(c *Config) string { return strconv.FormatInt(*v.at(c), v.format) }

func (v numberValue) set(c *Config, s string) error {
	n, ok := v.parse(s)
	switch {
	case !ok:
		return errf("%s", v.notA)
	case n < v.low || n > v.high:
		return errf("argument must be between %d and %d inclusive", v.low, v.high)
	}
	*v.at(c) = n
	return nil
}

// parseMemory parses a number of bytes with an optional unit: k, m, g are powers of
// 1000, kb, mb, gb of 1024.
func parseMemory(s string) (int64, bool) {
	digits := strings.TrimRight(s, "bkmgBKMG")
	units := map[string]int64{"": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 1e6, "mb": 1 << 20, "g": 1e9, "gb": 1 << 30}
	unit, ok := units[strings.ToLower(s[len(digits):])]
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return 0, false
	}
	return n * unit, true
}

type choiceValue struct {
	at     func(*Config) *string
	values []string
}

func choice(at func(*Config) *string, values ...string) value { return choiceValue{at, values} }

func (v choiceValue) get(c *Config) string { return *v.at(c) }

func (v choiceValue) set(c *Config, s string) error {
	s = strings.ToLower(s)
	if !slices.Contains(v.values, s) {
		return errf("argument(s) must be one of the following: %s", strings.Join(v.values, ", "))
	}
	*v.at(c) = s
	return nil
}

// outputLimits is client-output-buffer-limit. Only the class normal exists so
// far; the others are replicas and subscribers.
type outputLimits struct{}

func (outputLimits) get(c *Config) string {
	l := c.OutputLimit
	return fmt.Sprintf("normal %d %d %d", l.Hard, l.Soft, int64(l.SoftFor/time.Second))
}

func (outputLimits) set(c *Config, s string) error {
	words := strings.Fields(s)
	if len(words)%4 != 0 || len(words) == 0 {
		return errf("Wrong number of arguments in buffer limit configuration.")
	}
	limit := c.OutputLimit
	for ; len(words) > 0; words = words[4:] {
		hard, okHard := parseMemory(words[1])
		soft, okSoft := parseMemory(words[2])
		seconds, okSeconds := store.ParseInt([]byte(words[3]))
		switch {
		case !strings.EqualFold(words[0], "normal"):
			return errf("Invalid client class specified in buffer limit configuration.")
		case !okHard || !okSoft || !okSeconds || seconds < 0:
			return errf("Error in hard, soft or soft_seconds setting in buffer limit configuration.")
		}
		limit = outputLimit{uint64(hard), uint64(soft), time.Duration(seconds) * time.Second}
	}
	c.OutputLimit = limit
	return nil
}
