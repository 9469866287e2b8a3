// Package clients has real client libraries do the five uses (cache, session, lock, rate
// limit, leaderboard) against cached, with their default options. It is a module of its own,
// so that the clients are no dependencies of the server. The libraries of other languages are
// used where they are installed; .ci/run installs them.
package clients

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"cached/server"
)

func start(t *testing.T) string {
	t.Helper()
	s, err := server.Open(server.Options{ReserveBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.Addr()
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestGoRedis(t *testing.T) {
	ctx := context.Background()
	for _, protocol := range []int{2, 3} {
		c := goredis.NewClient(&goredis.Options{Addr: start(t), Protocol: protocol})
		defer c.Close()
		// cache
		equal[error](t, "miss", c.Get(ctx, "page").Err(), goredis.Nil)
		must[string](t)(c.Set(ctx, "page", "<html>", time.Minute).Result())
		equal(t, "hit", must[string](t)(c.Get(ctx, "page").Result()), "<html>")
		// session
		must[int64](t)(c.HSet(ctx, "session:1", "user", "ada", "cart", "3").Result())
		must[bool](t)(c.Expire(ctx, "session:1", time.Hour).Result())
		equal(t, "session", must[map[string]string](t)(c.HGetAll(ctx, "session:1").Result())["user"], "ada")
		// lock
		equal(t, "lock", must[bool](t)(c.SetNX(ctx, "lock", "me", time.Minute).Result()), true)
		equal(t, "second lock", must[bool](t)(c.SetNX(ctx, "lock", "you", time.Minute).Result()), false)
		equal(t, "unlock", must[any](t)(c.Do(ctx, "DELEX", "lock", "IFEQ", "me").Result()).(int64), 1)
		// rate limit
		pipeline := c.Pipeline()
		count := pipeline.Incr(ctx, "rate:1")
		pipeline.Expire(ctx, "rate:1", time.Minute)
		must[[]goredis.Cmder](t)(pipeline.Exec(ctx))
		equal(t, "rate", count.Val(), 1)
		// leaderboard
		must[int64](t)(c.ZAdd(ctx, "board", goredis.Z{Score: 10, Member: "ada"}, goredis.Z{Score: 20.5, Member: "bob"}).Result())
		top := must[[]goredis.Z](t)(c.ZRevRangeWithScores(ctx, "board", 0, 0).Result())
		equal(t, "top", top[0].Score, 20.5)
		equal(t, "rank", must[int64](t)(c.ZRevRank(ctx, "board", "ada").Result()), 1)
		keys, cursor, err := c.Scan(ctx, 0, "*", 100).Result()
		if err != nil || cursor != 0 || len(keys) != 4 {
			t.Errorf("scan: %v, %d, %v", keys, cursor, err)
		}
	}
}

func TestRedigo(t *testing.T) {
	c := must[redis.Conn](t)(redis.Dial("tcp", start(t)))
	defer c.Close()
	do := func(args ...any) any {
		t.Helper()
		return must[any](t)(c.Do(args[0].(string), args[1:]...))
	}
	do("SET", "page", "<html>", "EX", 60)
	equal(t, "hit", must[string](t)(redis.String(do("GET", "page"), nil)), "<html>")
	do("HSET", "session:1", "user", "ada", "cart", 3)
	equal(t, "session", must[map[string]string](t)(redis.StringMap(do("HGETALL", "session:1"), nil))["cart"], "3")
	equal(t, "lock", must[string](t)(redis.String(do("SET", "lock", "me", "NX", "PX", 60000), nil)), "OK")
	if do("SET", "lock", "you", "NX", "PX", 60000) != nil {
		t.Error("the lock was taken twice")
	}
	equal(t, "unlock", must[int](t)(redis.Int(do("DELIFEQ", "lock", "me"), nil)), 1)
	c.Send("INCR", "rate:1")
	c.Send("EXPIRE", "rate:1", 60)
	c.Flush()
	equal(t, "rate", must[int](t)(redis.Int(c.Receive())), 1)
	must[any](t)(c.Receive())
	do("ZADD", "board", 10, "ada", 20, "bob")
	equal(t, "top", must[[]string](t)(redis.Strings(do("ZREVRANGE", "board", 0, 0), nil))[0], "bob")
}

// TestRueidis leaves client-side caching off: CLIENT TRACKING comes with a later version.
func TestRueidis(t *testing.T) {
	ctx := context.Background()
	c := must[rueidis.Client](t)(rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{start(t)}, DisableCache: true}))
	defer c.Close()
	must[string](t)(c.Do(ctx, c.B().Set().Key("page").Value("<html>").ExSeconds(60).Build()).ToString())
	equal(t, "hit", must[string](t)(c.Do(ctx, c.B().Get().Key("page").Build()).ToString()), "<html>")
	must[int64](t)(c.Do(ctx, c.B().Hset().Key("session:1").FieldValue().FieldValue("user", "ada").Build()).AsInt64())
	equal(t, "session", must[map[string]string](t)(c.Do(ctx, c.B().Hgetall().Key("session:1").Build()).AsStrMap())["user"], "ada")
	must[string](t)(c.Do(ctx, c.B().Set().Key("lock").Value("me").Nx().PxMilliseconds(60000).Build()).ToString())
	if err := c.Do(ctx, c.B().Set().Key("lock").Value("you").Nx().PxMilliseconds(60000).Build()).Error(); !rueidis.IsRedisNil(err) {
		t.Errorf("the lock was taken twice: %v", err)
	}
	equal(t, "rate", must[[]int64](t)(c.Do(ctx, c.B().Arbitrary("INCREX").Keys("rate:1").Args("UBOUND", "10", "EX", "60", "ENX").Build()).AsIntSlice())[0], 1)
	must[int64](t)(c.Do(ctx, c.B().Zadd().Key("board").ScoreMember().ScoreMember(10, "ada").ScoreMember(20, "bob").Build()).AsInt64())
	top := must[[]rueidis.ZScore](t)(c.Do(ctx, c.B().Zrange().Key("board").Min("0").Max("0").Rev().Withscores().Build()).AsZScores())
	equal(t, "top", top[0].Member, "bob")
}

// script runs a program of another language against a server. It skips where what
// the program needs is not installed; probe finds out.
func script(t *testing.T, probe, run []string, folder string) {
	t.Helper()
	check := exec.Command(probe[0], probe[1:]...)
	check.Dir = folder
	if out, err := check.CombinedOutput(); err != nil {
		t.Skipf("%q: %v %s", probe, err, bytes.TrimSpace(out))
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, run[0], run[1:]...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "ADDR="+start(t))
	out, err := cmd.CombinedOutput()
	if err != nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("%q: %v\n%s", run, err, out)
	}
}

func TestIoredis(t *testing.T) {
	script(t, []string{"node", "-e", "require('ioredis')"}, []string{"node", "ioredis.js"}, "node")
}

func TestNodeRedis(t *testing.T) {
	script(t, []string{"node", "-e", "require('redis')"}, []string{"node", "node-redis.js"}, "node")
}

func TestRedisPy(t *testing.T) {
	// Debian's package belongs to the system's Python, whichever else is first on the PATH.
	python := "python3"
	if _, err := os.Stat("/usr/bin/python3"); err == nil {
		python = "/usr/bin/python3"
	}
	script(t, []string{python, "-c", "import redis"}, []string{python, "uses.py"}, ".")
}
