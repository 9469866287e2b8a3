package differential

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// generator makes commands: most are sensible, some on the border, some wrong.
type generator struct{ r *rand.Rand }

// keyNames is the small keyspace that commands meet in. The type of a key is a habit, not
// a rule: about one command in fifteen uses the wrong one.
var keyNames = func() (names []string) {
	for _, kind := range []string{"s", "h", "z", "b", "g", "p"} {
		for i := range 5 {
			names = append(names, fmt.Sprintf("%s%d", kind, i))
		}
	}
	return names
}()

func (g *generator) one(words ...string) string { return words[g.r.IntN(len(words))] }

func (g *generator) key(kind string) string {
	if g.r.IntN(15) == 0 {
		return keyNames[g.r.IntN(len(keyNames))]
	}
	return kind + strconv.Itoa(g.r.IntN(5))
}

func (g *generator) integer() string {
	switch g.r.IntN(12) {
	case 0:
		return g.one("9223372036854775807", "-9223372036854775808", "0", "-1", "9223372036854775808")
	case 1:
		return g.one("abc", "", "1.5", " 1", "+1", "01")
	case 2:
		return strconv.FormatInt(int64(g.r.Uint64()), 10)
	}
	return strconv.Itoa(g.r.IntN(40) - 10)
}

func (g *generator) count() string { return strconv.Itoa(g.r.IntN(12) - 2) }

func (g *generator) float() string {
	switch g.r.IntN(14) {
	case 0:
		return g.one("inf", "-inf", "+inf", "nan", "abc", "", "1e400")
	case 1:
		return strconv.FormatFloat(g.r.NormFloat64()*1e10, 'g', -1, 64)
	case 2:
		return g.integer()
	}
	return strconv.FormatFloat(float64(g.r.IntN(200)-100)/4, 'g', -1, 64)
}

func (g *generator) value() string {
	switch g.r.IntN(8) {
	case 0:
		return g.integer()
	case 1:
		return g.float()
	case 2:
		return strings.Repeat(g.one("a", "xyz", "\x00\xff"), g.r.IntN(60))
	case 3:
		return strings.Repeat("v", g.r.IntN(5000))
	}
	return "value" + strconv.Itoa(g.r.IntN(50))
}

// name is a field or a member.
func (g *generator) name() string {
	switch g.r.IntN(40) {
	case 0:
		return strings.Repeat("n", 60+g.r.IntN(10))
	case 1:
		return g.integer()
	case 2:
		return ""
	}
	return "n" + strconv.Itoa(g.r.IntN(300))
}

func (g *generator) some(what func() string) []string {
	list := []string{what()}
	for g.r.IntN(3) > 0 && len(list) < 8 {
		list = append(list, what())
	}
	return list
}

func (g *generator) pairs(first, second func() string) []string {
	var list []string
	for ok := true; ok && len(list) < 40; ok = g.r.IntN(3) > 0 {
		list = append(list, first(), second())
	}
	if g.r.IntN(40) == 0 {
		list = list[1:]
	}
	return list
}

func (g *generator) maybe(args []string, chance int, words ...string) []string {
	if g.r.IntN(chance) == 0 {
		return append(args, words...)
	}
	return args
}

func (g *generator) ttl() string { return strconv.Itoa(1000 + g.r.IntN(100000)) }

// ttlMs is long enough in milliseconds, too, for no key to go while the test runs: the two
// servers would not notice at the same command.
func (g *generator) ttlMs() string { return g.ttl() + "000" }

func (g *generator) scoreBound() string {
	return g.one("", "(") + g.one(g.float(), strconv.Itoa(g.r.IntN(100)-50), "-inf", "+inf")
}

func (g *generator) lexBound() string {
	return g.one("[", "(", "[", "(", "-", "+", "") + g.name()
}

func (g *generator) command() []string {
	families := []func() []string{g.strings, g.strings, g.bits, g.generic, g.generic, g.hashes, g.hashes, g.sortedSets, g.sortedSets,
		g.ranges, g.setOperations, g.geo, g.sketches}
	args := families[g.r.IntN(len(families))]()
	switch g.r.IntN(60) {
	case 0:
		args = args[:1+g.r.IntN(len(args))]
	case 1:
		args = append(args, g.one("FOO", "1", "", "WITHSCORES"))
	}
	return args
}

func (g *generator) strings() []string {
	s := func() string { return g.key("s") }
	switch g.r.IntN(18) {
	case 0, 1:
		args := []string{"SET", s(), g.value()}
		args = g.maybe(args, 4, g.one("NX", "XX", "nx"))
		args = g.maybe(args, 5, "GET")
		args = g.maybe(args, 5, "KEEPTTL")
		return g.maybe(args, 4, g.one("EX", "PX"), g.one(g.ttlMs(), g.ttlMs(), g.ttlMs(), "0", "-1", "x"))
	case 2:
		return []string{"GET", s()}
	case 3:
		return []string{g.one("INCR", "DECR"), s()}
	case 4:
		return []string{g.one("INCRBY", "DECRBY"), s(), g.integer()}
	case 5:
		return []string{"INCRBYFLOAT", s(), g.float()}
	case 6:
		return []string{"APPEND", s(), g.value()}
	case 7:
		return []string{"SETRANGE", s(), g.count(), g.value()}
	case 8:
		return []string{g.one("GETRANGE", "SUBSTR"), s(), g.integer(), g.integer()}
	case 9:
		return append([]string{g.one("MSET", "MSETNX")}, g.pairs(s, g.value)...)
	case 10:
		return append([]string{"MGET"}, g.some(s)...)
	case 11:
		return []string{g.one("SETEX", "PSETEX"), s(), g.one(g.ttlMs(), g.ttlMs(), "0"), g.value()}
	case 12:
		return []string{g.one("GETSET", "SETNX"), s(), g.value()}
	case 13:
		return []string{g.one("GETDEL", "STRLEN"), s()}
	case 14:
		args := []string{"GETEX", s()}
		return g.maybe(args, 2, g.one("PERSIST", "EX", "PX"), g.ttlMs())
	case 15:
		args := []string{"LCS", s(), s()}
		args = g.maybe(args, 3, g.one("LEN", "IDX"))
		return g.maybe(args, 4, g.one("WITHMATCHLEN", "MINMATCHLEN"))
	}
	return []string{"OBJECT", "ENCODING", s()}
}

func (g *generator) bits() []string {
	b := func() string { return g.key("b") }
	offset := func() string { return g.one(strconv.Itoa(g.r.IntN(400)), strconv.Itoa(g.r.IntN(400)), g.count(), "x") }
	switch g.r.IntN(8) {
	case 0, 1:
		return []string{"SETBIT", b(), offset(), g.one("0", "1", "1", "2")}
	case 2:
		return []string{"GETBIT", b(), offset()}
	case 3:
		args := []string{"BITCOUNT", b()}
		args = g.maybe(args, 2, g.integer(), g.integer())
		return g.maybe(args, 3, g.one("BIT", "BYTE"))
	case 4:
		args := []string{"BITPOS", b(), g.one("0", "1", "1")}
		args = g.maybe(args, 2, g.integer(), g.integer())
		return g.maybe(args, 3, g.one("BIT", "BYTE"))
	case 5:
		return append([]string{"BITOP", g.one("AND", "OR", "XOR", "NOT"), b()}, g.some(b)...)
	}
	args := []string{g.one("BITFIELD", "BITFIELD", "BITFIELD_RO"), b()}
	for range 1 + g.r.IntN(4) {
		kind := g.one("i", "u") + strconv.Itoa(1+g.r.IntN(64))
		at := g.one("", "#") + strconv.Itoa(g.r.IntN(60))
		args = g.maybe(args, 3, "OVERFLOW", g.one("WRAP", "SAT", "FAIL"))
		switch g.r.IntN(3) {
		case 0:
			args = append(args, "GET", kind, at)
		case 1:
			args = append(args, "SET", kind, at, g.integer())
		default:
			args = append(args, "INCRBY", kind, at, g.integer())
		}
	}
	return args
}

func (g *generator) generic() []string {
	k := func() string { return keyNames[g.r.IntN(len(keyNames))] }
	switch g.r.IntN(20) {
	case 0:
		return append([]string{g.one("DEL", "UNLINK")}, g.some(k)...)
	case 1:
		return append([]string{g.one("EXISTS", "TOUCH")}, g.some(k)...)
	case 2:
		return []string{"TYPE", k()}
	case 3:
		same := g.one("s", "h", "z", "b", "g", "p")
		return []string{g.one("RENAME", "RENAMENX"), g.key(same), g.key(same)}
	case 4:
		same := g.one("s", "h", "z", "b", "g", "p")
		return g.maybe([]string{"COPY", g.key(same), g.key(same)}, 2, "REPLACE")
	case 5, 6, 7:
		args := []string{g.one("EXPIRE", "PEXPIRE"), k(), g.one(g.ttl(), g.ttl(), g.ttl(), "0", "-5", "x", "9223372036854775807")}
		args[2] = map[bool]string{true: args[2] + "000", false: args[2]}[args[0] == "PEXPIRE" && args[2] != "x" && len(args[2]) < 10]
		return g.maybe(args, 3, g.one("NX", "XX", "FOO"))
	case 8:
		return []string{g.one("EXPIREAT", "PEXPIREAT"), k(), g.one("33177117420", "33177117420000", "1", "x", "-1")}
	case 9:
		return []string{g.one("TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"), k()}
	case 10:
		return []string{"PERSIST", k()}
	case 11:
		return []string{"OBJECT", g.one("ENCODING", "ENCODING", "REFCOUNT", "FREQ"), k()}
	case 12:
		return []string{"KEYS", g.one("*", "s*", "?1", "[a-h]*", "[^s]?", "h[0-2]", `\s1`, "z")}
	case 13:
		return []string{"DBSIZE"}
	case 14:
		// Redis leaves a sorted set that it sorted as a skiplist (differences.md): this one's
		// encoding is not compared. What weighs the same comes in no promised order.
		args := []string{g.one("SORT", "SORT_RO"), "lex"}
		args = g.maybe(args, 3, "BY", "nosort")
		args = g.maybe(args, 3, "LIMIT", g.count(), g.count())
		args = g.maybe(args, 3, g.one("ASC", "DESC"))
		return append(args, "ALPHA")
	case 15:
		return []string{"MOVE", k(), g.one("1", "0", "99", "x")}
	case 16:
		return []string{g.one("SCAN", "SCAN", "SCAN"), g.one("0", "0", "x"), g.one("COUNT", "MATCH", "TYPE"), g.one("1000", "s*", "hash")}
	}
	return []string{g.one("HSTRLEN", "HGET", "ZSCORE"), k(), g.name()}
}

func (g *generator) hashes() []string {
	h := func() string { return g.key("h") }
	switch g.r.IntN(16) {
	case 0, 1, 2, 3:
		return append([]string{g.one("HSET", "HSET", "HMSET"), h()}, g.pairs(g.name, g.value)...)
	case 4:
		return []string{"HSETNX", h(), g.name(), g.value()}
	case 5:
		return []string{"HGET", h(), g.name()}
	case 6:
		return append([]string{"HMGET", h()}, g.some(g.name)...)
	case 7:
		return append([]string{"HDEL", h()}, g.some(g.name)...)
	case 8:
		return []string{g.one("HGETALL", "HKEYS", "HVALS"), h()}
	case 9:
		return []string{"HLEN", h()}
	case 10:
		return []string{g.one("HEXISTS", "HSTRLEN"), h(), g.name()}
	case 11, 12:
		return []string{"HINCRBY", h(), g.name(), g.integer()}
	case 13:
		return []string{"HINCRBYFLOAT", h(), g.name(), g.float()}
	case 14:
		return []string{"HSCAN", h(), g.one("0", "0", "0", "x"), g.one("COUNT", "MATCH", "FOO"), g.one("1000", "n1*")}
	}
	return []string{"OBJECT", "ENCODING", h()}
}

func (g *generator) sortedSets() []string {
	z := func() string { return g.key("z") }
	switch g.r.IntN(14) {
	case 0, 1, 2, 3:
		args := []string{"ZADD", z()}
		args = g.maybe(args, 5, g.one("NX", "XX"))
		args = g.maybe(args, 5, g.one("GT", "LT"))
		args = g.maybe(args, 5, "CH")
		args = g.maybe(args, 8, "INCR")
		return append(args, g.pairs(g.float, g.name)...)
	case 4:
		return []string{"ZINCRBY", z(), g.float(), g.name()}
	case 5:
		return append([]string{"ZREM", z()}, g.some(g.name)...)
	case 6:
		return []string{g.one("ZSCORE", "ZRANK", "ZREVRANK"), z(), g.name()}
	case 7:
		return append([]string{"ZMSCORE", z()}, g.some(g.name)...)
	case 8:
		return []string{"ZCARD", z()}
	case 9:
		return g.maybe([]string{g.one("ZPOPMIN", "ZPOPMAX"), z()}, 2, g.count())
	case 10:
		args := []string{"ZMPOP", g.one("1", "2", "0"), z(), z(), g.one("MIN", "MAX")}
		return g.maybe(args, 2, "COUNT", g.count())
	case 11:
		return []string{"ZSCAN", z(), g.one("0", "0", "x"), "COUNT", g.one("1000", "0")}
	}
	return []string{"OBJECT", "ENCODING", z()}
}

func (g *generator) ranges() []string {
	z := func() string { return g.key("z") }
	limit := func(args []string) []string { return g.maybe(args, 3, "LIMIT", g.count(), g.count()) }
	switch g.r.IntN(10) {
	case 0:
		return g.maybe([]string{g.one("ZRANGE", "ZREVRANGE"), z(), g.integer(), g.integer()}, 2, "WITHSCORES")
	case 1:
		args := []string{g.one("ZRANGEBYSCORE", "ZREVRANGEBYSCORE"), z(), g.scoreBound(), g.scoreBound()}
		return limit(g.maybe(args, 2, "WITHSCORES"))
	case 2:
		args := []string{"ZRANGE", z(), g.scoreBound(), g.scoreBound(), "BYSCORE"}
		return limit(g.maybe(g.maybe(args, 2, "REV"), 2, "WITHSCORES"))
	case 3:
		return []string{"ZCOUNT", z(), g.scoreBound(), g.scoreBound()}
	case 4:
		// By name only where all scores are the same: else what comes is undefined.
		return []string{"ZADD", "lex", "0", g.name(), "0", g.name()}
	case 5:
		return limit([]string{g.one("ZRANGEBYLEX", "ZREVRANGEBYLEX"), "lex", g.lexBound(), g.lexBound()})
	case 6:
		return []string{"ZLEXCOUNT", "lex", g.lexBound(), g.lexBound()}
	case 7:
		return []string{"ZREMRANGEBYRANK", z(), g.integer(), g.count()}
	case 8:
		return []string{g.one("ZREMRANGEBYSCORE"), z(), g.scoreBound(), g.scoreBound()}
	}
	args := []string{"ZRANGESTORE", z(), z(), g.scoreBound(), g.scoreBound(), g.one("BYSCORE", "BYSCORE", "REV")}
	return limit(args)
}

func (g *generator) setOperations() []string {
	z := func() string { return g.key("z") }
	args := []string{g.one("ZUNION", "ZINTER", "ZDIFF", "ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE", "ZINTERCARD")}
	if strings.HasSuffix(args[0], "STORE") {
		args = append(args, z())
	}
	n := 1 + g.r.IntN(3)
	args = append(args, g.one(strconv.Itoa(n), strconv.Itoa(n), strconv.Itoa(n), "0", "x"))
	for range n {
		args = append(args, z())
	}
	if g.r.IntN(3) == 0 {
		args = append(args, "WEIGHTS")
		for range n {
			args = append(args, g.float())
		}
	}
	args = g.maybe(args, 3, "AGGREGATE", g.one("SUM", "MIN", "MAX", "FOO"))
	args = g.maybe(args, 5, "LIMIT", g.count())
	return g.maybe(args, 3, "WITHSCORES")
}

func (g *generator) geo() []string {
	key := func() string { return g.key("g") }
	lon := func() string { return strconv.FormatFloat(g.r.Float64()*20, 'f', 5, 64) }
	lat := func() string { return strconv.FormatFloat(35+g.r.Float64()*10, 'f', 5, 64) }
	unit := g.one("m", "km", "mi", "ft", "foo")
	switch g.r.IntN(8) {
	case 0, 1, 2:
		return []string{"GEOADD", key(), lon(), lat(), g.name(), lon(), lat(), g.name()}
	case 3:
		return []string{"GEODIST", key(), g.name(), g.name(), unit}
	case 4:
		return append([]string{g.one("GEOPOS", "GEOHASH"), key()}, g.some(g.name)...)
	case 5:
		args := []string{g.one("GEORADIUS", "GEORADIUS_RO"), key(), lon(), lat(), strconv.Itoa(g.r.IntN(900)), "km"}
		return g.maybe(append(args, g.one("ASC", "DESC")), 2, "WITHDIST", "WITHHASH", "WITHCOORD")
	case 6:
		args := []string{"GEOSEARCH", key(), "FROMLONLAT", lon(), lat(), "BYBOX", strconv.Itoa(g.r.IntN(900)), strconv.Itoa(g.r.IntN(900)), "km", "ASC"}
		return g.maybe(args, 3, "COUNT", g.count())
	}
	args := []string{"GEOSEARCHSTORE", key(), key(), "FROMLONLAT", lon(), lat(), "BYRADIUS", strconv.Itoa(g.r.IntN(900)), "km"}
	return args
}

func (g *generator) sketches() []string {
	p := func() string { return g.key("p") }
	element := func() string { return strconv.Itoa(g.r.IntN(20000)) }
	switch g.r.IntN(5) {
	case 0, 1:
		return append([]string{"PFADD", p()}, g.some(element)...)
	case 2:
		return append([]string{"PFCOUNT"}, g.some(p)...)
	case 3:
		return append([]string{"PFMERGE", p()}, g.some(p)...)
	}
	return []string{"GET", p()}
}
