// Package differential runs the same random commands against cached and against the
// redis-server on the PATH, and compares every reply, and at the end every key: its type,
// value, encoding and whether it has a deadline. What docs/differences.md lists is taken
// out of the comparison here, in one place each, with its number there.
//
//	go test ./tests/differential -commands 100000 -seed 1
package differential

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"
	"time"

	"cached/tests/redistest"
)

var (
	commands = flag.Int("commands", 20_000, "how many commands to run")
	every    = flag.Int("every", 5000, "compare all keys after so many commands")
	seed     = flag.Uint64("seed", 0, "seed of the generator, 0: a fresh one")
)

func TestRandomCommands(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("go test ./tests/differential -commands %d -seed %d", *commands, *seed)
	redis := redistest.Dial(t, redistest.Redis(t))
	cached := redistest.Dial(t, redistest.Cached(t))
	g := &generator{r: rand.New(rand.NewPCG(*seed, 0))}
	var history []string
	for i := range *commands {
		args := g.command()
		history = append(history, fmt.Sprintf("%q", args))
		got, want := cached.Do(t, args...), redis.Do(t, args...)
		if !same(args, got, want) {
			from := max(len(history)-6, 0)
			t.Fatalf("command %d: %q\ncached %.600q\nredis  %.600q\nbefore:\n%s", i, args, got, want, strings.Join(history[from:], "\n"))
		}
		if (i+1)%*every == 0 {
			if compareKeys(t, cached, redis); t.Failed() {
				t.Logf("last commands:\n%s", strings.Join(history[max(len(history)-*every-6, 0):], "\n"))
				return
			}
		}
	}
	compareKeys(t, cached, redis)
}

// compareKeys compares all keys of all databases.
func compareKeys(t *testing.T, cached, redis *redistest.Client) {
	t.Helper()
	both := func(args ...string) []byte {
		t.Helper()
		got, want := cached.Do(t, args...), redis.Do(t, args...)
		if !same(args, got, want) {
			t.Errorf("%q\ncached %.2000q\nredis  %.2000q", args, got, want)
		}
		return got
	}
	// Digests cover values, types and the presence of deadlines of everything.
	if got, want := cached.Do(t, "DEBUG", "DIGEST"), redis.Do(t, "DEBUG", "DIGEST"); !bytes.Equal(got, want) {
		for _, key := range keyNames {
			both("TYPE", key)
			if both("DEBUG", "DIGEST-VALUE", key); t.Failed() {
				both("GET", key)
				break
			}
		}
		t.Errorf("digests differ: %s and %s", got, want)
	}
	for _, key := range keyNames {
		both("TYPE", key)
		both("OBJECT", "ENCODING", key)
		both("PTTL", key)
	}
}

// unordered are the commands whose elements come in an order that nobody promises.
var unordered = map[string]int{"KEYS": 1, "HGETALL": 2, "HKEYS": 1, "HVALS": 1, "CONFIG": 1}

// same reports whether two replies are the same to a client.
func same(args []string, got, want []byte) bool {
	if bytes.Equal(got, want) {
		return true
	}
	name := strings.ToUpper(args[0])
	switch name {
	case "PTTL", "TTL", "EXPIRETIME", "PEXPIRETIME":
		// The two servers' clocks are read at different moments.
		var a, b int64
		fmt.Sscanf(string(got), ":%d", &a)
		fmt.Sscanf(string(want), ":%d", &b)
		return (a > 0) == (b > 0) && a-b < 2000 && b-a < 2000
	case "OBJECT": // differences.md 6: shared numbers, and strings that are about to be changed
		return strings.EqualFold(args[1], "REFCOUNT") || strings.EqualFold(args[1], "IDLETIME")
	case "SCAN", "HSCAN", "ZSCAN": // differences.md 5: how much a call returns
		return bytes.HasPrefix(got, []byte("*2")) && bytes.HasPrefix(want, []byte("*2"))
	case "ZRANK", "ZREVRANK": // WITHSCORE is new in 7.2
		return len(args) > 3
	}
	if unit := unordered[name]; unit > 0 {
		return equalSorted(got, want, unit)
	}
	return sameNumbers(got, want)
}

// equalSorted compares arrays of bulk strings as sets of groups of unit strings.
func equalSorted(a, b []byte, unit int) bool {
	split := func(reply []byte) []string {
		parts := strings.Split(string(reply), "\r\n$")
		var groups []string
		for i := 1; i+unit <= len(parts); i += unit {
			groups = append(groups, strings.TrimRight(strings.Join(parts[i:i+unit], "|"), "\r\n"))
		}
		sort.Strings(groups)
		return append(groups, parts[0])
	}
	x, y := split(a), split(b)
	return strings.Join(x, "\n") == strings.Join(y, "\n")
}

// sameNumbers compares replies line by line and takes two texts of the same double for
// the same (differences.md 1): 0.1 and 0.10000000000000001.
func sameNumbers(got, want []byte) bool {
	a, b := strings.Split(string(got), "\r\n"), strings.Split(string(want), "\r\n")
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		if strings.HasPrefix(a[i], "$") && strings.HasPrefix(b[i], "$") && i+1 < len(a) && a[i] != "$-1" && b[i] != "$-1" {
			continue // the lengths differ because the texts do
		}
		var x, y float64
		n, err := fmt.Sscanf(a[i], "%g", &x)
		m, err2 := fmt.Sscanf(b[i], "%g", &y)
		if n != 1 || m != 1 || err != nil || err2 != nil || x != y {
			return false
		}
	}
	return true
}
