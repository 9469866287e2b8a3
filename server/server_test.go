package server

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

func ask(t *testing.T, addr, request string) string {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprintf(c, "%s\r\n", request)
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// TestServersInOneProcess opens several servers, which share nothing, and closes them while
// clients are connected.
func TestServersInOneProcess(t *testing.T) {
	var all sync.WaitGroup
	for i := range 4 {
		all.Add(1)
		go func() {
			defer all.Done()
			s, err := Open(Options{ReserveBytes: 1 << 30})
			if err != nil {
				t.Error(err)
				return
			}
			if got := ask(t, s.Addr(), fmt.Sprintf("SET k %d", i)); got != "+OK" {
				t.Errorf("SET: %s", got)
			}
			idle, err := net.Dial("tcp", s.Addr())
			if err != nil {
				t.Error(err)
			}
			defer idle.Close()
			if got := ask(t, s.Addr(), "INCR k"); got != fmt.Sprintf(":%d", i+1) {
				t.Errorf("INCR: %s", got)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Errorf("closing again: %v", err)
			}
		}()
	}
	all.Wait()
}

func TestShutdownEndsTheServer(t *testing.T) {
	s, err := Open(Options{Addr: "127.0.0.1:0", ReserveBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "SHUTDOWN NOSAVE\r\n")
	s.Wait()
}

func TestUnixSocket(t *testing.T) {
	config := DefaultConfig()
	config.Port, config.UnixSocket, config.UnixSocketPerm = 0, t.TempDir()+"/cached.sock", 0o700
	s, err := Open(Options{Config: &config, ReserveBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := net.Dial("unix", config.UnixSocket)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "PING\r\n")
	if line, err := bufio.NewReader(c).ReadString('\n'); line != "+PONG\r\n" {
		t.Errorf("answered %q, %v", line, err)
	}
}

func TestAnAddressThatIsTakenIsAnError(t *testing.T) {
	s, err := Open(Options{ReserveBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if other, err := Open(Options{Addr: s.Addr(), ReserveBytes: 1 << 30}); err == nil {
		other.Close()
		t.Error("two servers listen on one address")
	}
}
