// Package protocol attacks a server over the wire: broken requests, clients that vanish, do
// not read, or are too many. Every other client has to notice nothing.
package protocol

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"cached/tests/redistest"
)

// bystander is a client that must be served whatever another one does.
func bystander(t *testing.T, addr string) func() {
	c := redistest.Dial(t, addr)
	return func() {
		t.Helper()
		if got := c.Do(t, "PING"); string(got) != "+PONG\r\n" {
			t.Fatalf("another client is answered %q", got)
		}
	}
}

func TestBrokenRequestsCloseTheirOwnConnection(t *testing.T) {
	addr := redistest.Cached(t)
	other := bystander(t, addr)
	for in, want := range map[string]string{
		"*x\r\n":                                    "-ERR Protocol error: invalid multibulk length\r\n",
		"*2147483648\r\n":                           "-ERR Protocol error: invalid multibulk length\r\n",
		"*1\r\n$-7\r\n":                             "-ERR Protocol error: invalid bulk length\r\n",
		"*1\r\n$600000000\r\n":                      "-ERR Protocol error: invalid bulk length\r\n",
		"*1\r\n$abc\r\n":                            "-ERR Protocol error: invalid bulk length\r\n",
		"*1\r\nPING\r\n":                            "-ERR Protocol error: expected '$', got 'P'\r\n",
		"GET \"a\r\n":                               "-ERR Protocol error: unbalanced quotes in request\r\n",
		strings.Repeat("x", 1<<20):                  "-ERR Protocol error: too big inline request\r\n",
		"*1\r\n$" + strings.Repeat("1", 70_000):     "-ERR Protocol error: too big bulk count string\r\n",
		"PING\r\n*1\r\n$4\r\nPING\r\n*1\r\n$-2\r\n": "+PONG\r\n+PONG\r\n-ERR Protocol error: invalid bulk length\r\n",
		"*1048577\r\n":                              "-ERR Protocol error: invalid multibulk length\r\n",
	} {
		c := redistest.Dial(t, addr)
		// The server may close before it has read everything: a failing write is no news.
		go c.Write([]byte(in))
		got, _ := c.Rest()
		if string(got) != want && !(len(in) > 60_000 && strings.HasPrefix(want, string(got))) {
			t.Errorf("%.40q is answered %q, want %q", in, got, want)
		}
		other()
	}
}

func TestAMillionArguments(t *testing.T) {
	addr := redistest.Cached(t)
	other := bystander(t, addr)
	c := redistest.Dial(t, addr)
	var request bytes.Buffer
	request.WriteString("*1000000\r\n$3\r\nDEL\r\n")
	request.WriteString(strings.Repeat("$1\r\nk\r\n", 999_999))
	if _, err := c.Write(request.Bytes()); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Receive(); err != nil || string(got) != ":0\r\n" {
		t.Errorf("answered %q, %v", got, err)
	}
	other()
}

// TestHalfRequests sends every prefix of a pipeline and goes away, or waits and sends the
// rest.
func TestHalfRequests(t *testing.T) {
	addr := redistest.Cached(t)
	other := bystander(t, addr)
	whole := "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPING\r\n"
	const want = "+OK\r\n$5\r\nvalue\r\n+PONG\r\n"
	for cut := 1; cut < len(whole); cut++ {
		gone := redistest.Dial(t, addr)
		gone.Write([]byte(whole[:cut]))
		gone.Close()
		c := redistest.Dial(t, addr)
		c.Write([]byte(whole[:cut]))
		other() // the server has seen the first part by now
		c.Write([]byte(whole[cut:]))
		var got []byte
		for range 3 {
			reply, err := c.Receive()
			if err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			got = append(got, reply...)
		}
		if string(got) != want {
			t.Errorf("cut at %d: %q", cut, got)
		}
	}
}

func TestLongPipelines(t *testing.T) {
	addr := redistest.Cached(t)
	c := redistest.Dial(t, addr)
	const n = 20_000
	var request bytes.Buffer
	for i := range n {
		fmt.Fprintf(&request, "INCR counter\r\nGET missing%d\r\n", i)
	}
	go c.Write(request.Bytes())
	for i := 1; i <= n; i++ {
		if got, err := c.Receive(); err != nil || string(got) != fmt.Sprintf(":%d\r\n", i) {
			t.Fatalf("reply %d is %q, %v", i, got, err)
		}
		if got, err := c.Receive(); err != nil || string(got) != "$-1\r\n" {
			t.Fatalf("reply to the GET after %d is %q, %v", i, got, err)
		}
	}
}

func TestPipelinedAuthentication(t *testing.T) {
	addr := redistest.Cached(t, "requirepass", "secret")
	c := redistest.Dial(t, addr)
	c.Write([]byte("PING\r\nAUTH wrong\r\nAUTH secret\r\nPING\r\nSET k v\r\nGET k\r\n"))
	for _, want := range []string{"-NOAUTH Authentication required.\r\n", "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
		"+OK\r\n", "+PONG\r\n", "+OK\r\n", "$1\r\nv\r\n"} {
		if got, err := c.Receive(); err != nil || string(got) != want {
			t.Errorf("answered %q, %v; want %q", got, err, want)
		}
	}
	stranger := redistest.Dial(t, addr)
	stranger.Write([]byte("*11\r\n"))
	if got, _ := stranger.Rest(); string(got) != "-ERR Protocol error: unauthenticated multibulk length\r\n" {
		t.Errorf("a stranger with many arguments is answered %q", got)
	}
}

// TestAClientThatDoesNotRead asks for more than its limit and is closed.
func TestAClientThatDoesNotRead(t *testing.T) {
	addr := redistest.Cached(t, "client-output-buffer-limit", "normal 20mb 0 0")
	other := bystander(t, addr)
	c := redistest.Dial(t, addr)
	c.Do(t, "SET", "large", strings.Repeat("x", 1<<20))
	watcher := redistest.Dial(t, addr)
	go func() {
		for range 200 {
			if _, err := c.Write([]byte("GET large\r\n")); err != nil {
				return
			}
		}
	}()
	deadline := time.Now().Add(redistest.Timeout)
	for !strings.Contains(string(watcher.Do(t, "INFO", "stats")), "client_output_buffer_limit_disconnections:1") {
		other()
		if time.Now().After(deadline) {
			t.Fatal("the client is not closed")
		}
	}
}

// TestASlowReaderGetsEverything reads large replies in small pieces.
func TestASlowReaderGetsEverything(t *testing.T) {
	addr := redistest.Cached(t)
	c := redistest.Dial(t, addr)
	value := strings.Repeat("0123456789", 100_000)
	c.Do(t, "SET", "large", value)
	const n = 30
	c.Write([]byte(strings.Repeat("GET large\r\n", n) + "QUIT\r\n"))
	got, err := c.Rest()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Repeat("$1000000\r\n"+value+"\r\n", n) + "+OK\r\n"
	if string(got) != want {
		t.Errorf("%d bytes came, %d were due", len(got), len(want))
	}
}

func TestTooManyClients(t *testing.T) {
	addr := redistest.Cached(t, "maxclients", "5")
	var clients []*redistest.Client
	for range 5 {
		c := redistest.Dial(t, addr)
		c.Do(t, "PING")
		clients = append(clients, c)
	}
	surplus := redistest.Dial(t, addr)
	if got, _ := surplus.Rest(); string(got) != "-ERR max number of clients reached\r\n" {
		t.Errorf("the sixth client is answered %q", got)
	}
	clients[0].Do(t, "QUIT")
	clients[0].Rest()
	if got := redistest.Dial(t, addr).Do(t, "PING"); string(got) != "+PONG\r\n" {
		t.Errorf("after one has gone, the next is answered %q", got)
	}
}

func TestPause(t *testing.T) {
	addr := redistest.Cached(t)
	admin, writer, reader := redistest.Dial(t, addr), redistest.Dial(t, addr), redistest.Dial(t, addr)
	admin.Do(t, "CLIENT", "PAUSE", "100000", "WRITE")
	writer.Send(t, "SET", "k", "v")
	writer.Send(t, "GET", "k")
	if got := reader.Do(t, "GET", "k"); string(got) != "$-1\r\n" {
		t.Errorf("during a pause of writes, GET is answered %q", got)
	}
	admin.Do(t, "CLIENT", "UNPAUSE")
	for _, want := range []string{"+OK\r\n", "$1\r\nv\r\n"} {
		if got, err := writer.Receive(); err != nil || string(got) != want {
			t.Errorf("after the pause the writer is answered %q, %v", got, err)
		}
	}
	admin.Do(t, "CLIENT", "PAUSE", "50")
	if got := reader.Do(t, "GET", "k"); string(got) != "$1\r\nv\r\n" {
		t.Errorf("after a pause has ended by itself, GET is answered %q", got)
	}
}

func TestReplyModes(t *testing.T) {
	addr := redistest.Cached(t)
	c := redistest.Dial(t, addr)
	c.Write([]byte("CLIENT REPLY OFF\r\nSET k v\r\nGET k\r\nCLIENT REPLY ON\r\nCLIENT REPLY SKIP\r\nGET k\r\nPING\r\n"))
	for _, want := range []string{"+OK\r\n", "+PONG\r\n"} {
		if got, err := c.Receive(); err != nil || string(got) != want {
			t.Errorf("answered %q, %v; want %q", got, err, want)
		}
	}
}

func TestHTTPIsSentAway(t *testing.T) {
	addr := redistest.Cached(t)
	c := redistest.Dial(t, addr)
	c.Write([]byte("POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET k v\r\n"))
	if got, _ := c.Rest(); len(got) > 0 {
		t.Errorf("HTTP is answered %q", got)
	}
	if got := redistest.Dial(t, addr).Do(t, "EXISTS", "k"); string(got) != ":0\r\n" {
		t.Errorf("a command behind HTTP was run")
	}
}

// TestManyConnectionsComeAndGo has clients leave in the middle of a request.
func TestManyConnectionsComeAndGo(t *testing.T) {
	addr := redistest.Cached(t)
	other := bystander(t, addr)
	done := make(chan error)
	for range 8 {
		go func() {
			for range 100 {
				c, err := net.DialTimeout("tcp", addr, redistest.Timeout)
				if err != nil {
					done <- err
					return
				}
				c.Write([]byte("PING\r\nSET k"))
				c.Close()
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
		other()
	}
}
