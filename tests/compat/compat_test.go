// Package compat plays scripts of commands, whose replies a real Redis gave, against
// cached. A script is text to read and to add to:
//
//	# a comment
//	> SET key value          a request, quoted as in redis-cli
//	= +OK                    the reply in RESP2 and RESP3, a line of the protocol a line
//	> HGETALL hash
//	2 *2                     where they differ: in RESP2
//	2 $1
//	...
//	3 %1                     and in RESP3
//
// Each script begins with an empty server and a new connection. The replies are recorded
// and checked with the redis-server on the PATH by `make compat`; a script whose
// first line is "# by hand" has commands that Redis 7.0 lacks: its replies are
// those that the documentation of the newer version says, and only cached is
// checked against them.
package compat

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cached/server/resp"
	"cached/tests/redistest"
)

var (
	redis  = flag.Bool("redis", false, "play the scripts against the redis-server on the PATH instead of cached")
	record = flag.Bool("record", false, "write the replies into the scripts instead of checking them")
)

// step is one request of a script with its replies, by protocol.
type step struct {
	line    int
	text    string // the request, as written
	before  []string
	replies map[string]string
}

const byHand = "# by hand"

func parseScript(text string) (steps []step, trailing []string) {
	var before []string
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		tag, rest, _ := strings.Cut(line, " ")
		switch tag {
		case ">":
			steps = append(steps, step{line: i + 1, text: rest, before: before, replies: map[string]string{}})
			before = nil
		case "=", "2", "3":
			last := &steps[len(steps)-1]
			for _, protocol := range []string{"2", "3"} {
				if tag == "=" || tag == protocol {
					last.replies[protocol] += rest + "\n"
				}
			}
		default:
			before = append(before, line)
		}
	}
	return steps, before
}

func TestScripts(t *testing.T) {
	files, err := filepath.Glob("*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".txt"), func(t *testing.T) { play(t, file) })
	}
}

func play(t *testing.T, file string) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	hand := strings.HasPrefix(string(b), byHand)
	var addr string
	switch {
	case *redis && hand:
		t.Skip("written by hand: Redis 7.0 lacks these commands")
	case *redis:
		addr = redistest.Redis(t)
	default:
		addr = redistest.Cached(t)
	}
	steps, trailing := parseScript(string(b))
	for _, protocol := range []string{"2", "3"} {
		c := redistest.Dial(t, addr)
		c.Do(t, "FLUSHALL")
		c.Do(t, "HELLO", protocol)
		for i := range steps {
			s := &steps[i]
			args, ok := resp.SplitArgs([]byte(s.text))
			if !ok || len(args) == 0 {
				t.Fatalf("%s:%d: not a request: %s", file, s.line, s.text)
			}
			words := make([]string, len(args))
			for i, arg := range args {
				words[i] = string(arg)
			}
			got := readable(c.Do(t, words...))
			if *record && (*redis || hand) {
				s.replies[protocol] = got
			} else if want := s.replies[protocol]; got != want {
				t.Errorf("%s:%d: RESP%s: %s\ngot\n%swant\n%s", file, s.line, protocol, s.text, got, want)
			}
		}
	}
	if *record && (*redis || hand) {
		if err := os.WriteFile(file, []byte(format(steps, trailing)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// readable writes a reply a protocol line a line, with what cannot be printed escaped.
func readable(reply []byte) string {
	var b strings.Builder
	for len(reply) > 0 {
		line, rest, _ := bytes.Cut(reply, []byte("\r\n"))
		b.WriteString(escape(line))
		b.WriteByte('\n')
		if n := 0; len(line) > 0 && (line[0] == '$' || line[0] == '=') {
			fmt.Sscan(string(line[1:]), &n)
			if n >= 0 {
				b.WriteString(escape(rest[:n]))
				b.WriteByte('\n')
				rest = rest[n+2:]
			}
		}
		reply = rest
	}
	return b.String()
}

func escape(s []byte) string {
	quoted := fmt.Sprintf("%q", s)
	text := strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
	if strings.HasSuffix(text, " ") {
		text = text[:len(text)-1] + `\x20`
	}
	return text
}

func format(steps []step, trailing []string) string {
	var b strings.Builder
	for _, s := range steps {
		for _, line := range s.before {
			b.WriteString(line + "\n")
		}
		b.WriteString("> " + s.text + "\n")
		if s.replies["2"] == s.replies["3"] {
			tagged(&b, "=", s.replies["2"])
		} else {
			tagged(&b, "2", s.replies["2"])
			tagged(&b, "3", s.replies["3"])
		}
	}
	for _, line := range trailing {
		b.WriteString(line + "\n")
	}
	return b.String()
}

func tagged(b *strings.Builder, tag, reply string) {
	for _, line := range strings.Split(strings.TrimSuffix(reply, "\n"), "\n") {
		b.WriteString(strings.TrimRight(tag+" "+line, " ") + "\n")
	}
}
