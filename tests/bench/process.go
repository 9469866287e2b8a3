package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// peer is a server under measurement, in a process of its own.
type peer struct {
	name string
	addr string
	cmd  *exec.Cmd
	dir  string
	log  *bytes.Buffer
}

// startCached and startRedis start a server without persistence on a free port.
func startCached(s settings, env ...string) (*peer, error) {
	return start("cached", env, s.cached, "--enable-debug-command", "yes")
}

func startRedis(settings) (*peer, error) {
	return start("redis", nil, "redis-server", "--save", "", "--appendonly", "no", "--enable-debug-command", "yes")
}

func start(name string, env []string, binary string, args ...string) (*peer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := listener.Addr().String()
	listener.Close()
	_, port, _ := net.SplitHostPort(addr)
	dir, err := os.MkdirTemp("", "cached-bench")
	if err != nil {
		return nil, err
	}
	if strings.Contains(binary, "/") {
		if binary, err = filepath.Abs(binary); err != nil {
			return nil, err
		}
	}
	p := &peer{name: name, addr: addr, dir: dir, log: &bytes.Buffer{}}
	p.cmd = exec.Command(binary, append(args, "--port", port)...)
	p.cmd.Dir = dir
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = io.Discard, p.log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return p, nil
		}
	}
	p.stop()
	return nil, fmt.Errorf("%s does not listen: %s", name, p.log)
}

func (p *peer) stop() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
	os.RemoveAll(p.dir)
}

// processorTime is what all threads of the process have run so far.
func (p *peer) processorTime() time.Duration {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	var total int64
	for _, file := range files {
		b, _ := os.ReadFile(file)
		if fields := strings.Fields(string(b)); len(fields) > 0 {
			ns, _ := strconv.ParseInt(fields[0], 10, 64)
			total += ns
		}
	}
	return time.Duration(total)
}

// resident is the resident memory of the process in bytes.
func (p *peer) resident() int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	for _, line := range strings.Split(string(b), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// connection is a plain RESP client that pipelines.
type connection struct {
	net.Conn
	r *bufio.Reader
	w *bufio.Writer
}

func (p *peer) connect() (*connection, error) {
	c, err := net.Dial("tcp", p.addr)
	if err != nil {
		return nil, err
	}
	return &connection{c, bufio.NewReaderSize(c, 1<<16), bufio.NewWriterSize(c, 1<<16)}, nil
}

func (c *connection) send(args ...string) {
	fmt.Fprintf(c.w, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(c.w, "$%d\r\n%s\r\n", len(a), a)
	}
}

// receive reads one reply and returns its text: of an aggregate, that of its elements, a
// line each.
func (c *connection) receive() (string, error) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	n, _ := strconv.Atoi(line[1:])
	switch line[0] {
	case '-':
		return "", fmt.Errorf("%s", line[1:])
	case '$':
		if n < 0 {
			return "", nil
		}
		b := make([]byte, n+2)
		_, err := io.ReadFull(c.r, b)
		return string(b[:n]), err
	case '*':
		var all []string
		for range n {
			s, err := c.receive()
			if err != nil {
				return "", err
			}
			all = append(all, s)
		}
		return strings.Join(all, "\n"), nil
	}
	return line[1:], nil
}

func (c *connection) do(args ...string) (string, error) {
	c.send(args...)
	if err := c.w.Flush(); err != nil {
		return "", err
	}
	return c.receive()
}

// load sends n requests in pipelines of 500.
func (p *peer) load(n int, request func(i int) []string) error {
	c, err := p.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	for i := 0; i < n; {
		batch := min(500, n-i)
		for j := range batch {
			c.send(request(i + j)...)
		}
		if err := c.w.Flush(); err != nil {
			return err
		}
		for range batch {
			if _, err := c.receive(); err != nil {
				return err
			}
		}
		i += batch
	}
	return nil
}

func (p *peer) do(args ...string) (string, error) {
	c, err := p.connect()
	if err != nil {
		return "", err
	}
	defer c.Close()
	return c.do(args...)
}

// info returns a field of INFO.
func (p *peer) info(field string) string {
	text, _ := p.do("INFO", "everything")
	for _, line := range strings.Split(text, "\r\n") {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			return value
		}
	}
	return ""
}
