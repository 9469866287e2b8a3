// Package readme runs the tour in README.md as it stands there.
package readme

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"cached/server/resp"
	"cached/tests/redistest"
)

func TestTour(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	c := redistest.Dial(t, redistest.Cached(t))
	commands := 0
	for _, block := range regexp.MustCompile("(?s)```redis\n(.*?)```").FindAllStringSubmatch(string(b), -1) {
		for _, step := range strings.Split("\n"+strings.TrimSpace(block[1]), "\n> ")[1:] {
			request, want, _ := strings.Cut(step, "\n")
			args, ok := resp.SplitArgs([]byte(request))
			if !ok {
				t.Fatalf("no request: %s", request)
			}
			words := make([]string, len(args))
			for i, arg := range args {
				words[i] = string(arg)
			}
			commands++
			if got := shown(bufio.NewReader(bytes.NewReader(c.Do(t, words...)))); got != want {
				t.Errorf("%s\ngives\n%s\nREADME.md says\n%s", request, got, want)
			}
		}
	}
	if commands < 15 {
		t.Errorf("the tour has %d commands", commands)
	}
}

// shown formats a reply as redis-cli does.
func shown(r *bufio.Reader) string {
	line, _ := r.ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	n, _ := strconv.Atoi(line[1:])
	switch line[0] {
	case ':':
		return "(integer) " + line[1:]
	case '-':
		return "(error) " + line[1:]
	case '$':
		if n < 0 {
			return "(nil)"
		}
		body := make([]byte, n+2)
		r.Read(body)
		return strconv.Quote(string(body[:n]))
	case '*':
		lines := make([]string, n)
		for i := range lines {
			lines[i] = fmt.Sprintf("%d) %s", i+1, shown(r))
		}
		return strings.Join(lines, "\n")
	}
	return line[1:]
}
