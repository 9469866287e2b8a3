// Package redistest is what the tests of the whole server share: servers to test
// against and a client that sees raw bytes.
package redistest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"cached/server"
	"cached/server/resp"
)

// Timeout bounds every wait for a server.
const Timeout = 20 * time.Second

// Cached opens a server in this process, on a free port, with the given directives
// besides enable-debug-command.
func Cached(t testing.TB, directives ...string) (addr string) {
	t.Helper()
	config := server.DefaultConfig()
	directives = append([]string{"enable-debug-command", "yes"}, directives...)
	for i := 0; i < len(directives); i += 2 {
		if err := config.Set(directives[i], directives[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	s, err := server.Open(server.Options{Addr: "127.0.0.1:0", Config: &config, ReserveBytes: 4 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.Addr()
}

// Redis starts the redis-server on the PATH; without one the test is skipped.
func Redis(t testing.TB, args ...string) (addr string) {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server on the PATH (Debian: apt-get install redis-server)")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = listener.Addr().String()
	listener.Close()
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(binary, append([]string{"--port", port, "--save", "", "--enable-debug-command", "yes", "--dir", t.TempDir()}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	// It says when it is ready, and is read on so that it never waits for us.
	ready := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if bytes.Contains(lines.Bytes(), []byte("Ready to accept connections")) {
				ready <- true
			}
		}
		close(ready)
	}()
	select {
	case ok := <-ready:
		if !ok {
			t.Fatal("redis-server ended before it was ready")
		}
	case <-time.After(Timeout):
		t.Fatal("redis-server does not get ready")
	}
	return addr
}

// Client is a connection that sends arguments and reads replies as they are on the wire.
type Client struct {
	net.Conn
	r *bufio.Reader
}

// Dial connects a client.
func Dial(t testing.TB, addr string) *Client {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, Timeout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &Client{c, bufio.NewReader(c)}
}

// Do sends one request and returns the raw reply. A server that closes the connection
// or stays silent fails the test.
func (c *Client) Do(t testing.TB, args ...string) []byte {
	t.Helper()
	c.Send(t, args...)
	reply, err := c.Receive()
	if err != nil {
		t.Fatalf("%.100q: %v", args, err)
	}
	return reply
}

// Send sends one request.
func (c *Client) Send(t testing.TB, args ...string) {
	t.Helper()
	raw := make([][]byte, len(args))
	for i, arg := range args {
		raw[i] = []byte(arg)
	}
	if _, err := c.Write(resp.AppendRequest(nil, raw...)); err != nil {
		t.Fatal(err)
	}
}

// Receive reads one reply whole, as it is on the wire.
func (c *Client) Receive() ([]byte, error) {
	c.SetReadDeadline(time.Now().Add(Timeout))
	return readReply(c.r)
}

// Rest reads until the server closes the connection.
func (c *Client) Rest() ([]byte, error) {
	c.SetReadDeadline(time.Now().Add(Timeout))
	return io.ReadAll(c.r)
}

func readReply(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return line, err
	}
	n, _ := strconv.Atoi(string(bytes.TrimRight(line[1:], "\r\n")))
	elements := 0
	switch line[0] {
	case '$', '=', '!':
		if n >= 0 {
			body := make([]byte, n+2)
			if _, err := io.ReadFull(r, body); err != nil {
				return line, err
			}
			line = append(line, body...)
		}
	case '*', '~', '>':
		elements = n
	case '%':
		elements = 2 * n
	case '+', '-', ':', '_', ',', '#', '(':
	default:
		return line, fmt.Errorf("no reply begins with %q", line)
	}
	for range elements {
		element, err := readReply(r)
		line = append(line, element...)
		if err != nil {
			return line, err
		}
	}
	return line, nil
}
