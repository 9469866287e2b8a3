package main

import (
	"fmt"
	"net"
	"syscall"
)

// idle measures what connections cost that have sent one request and wait.
func idle(s settings, out *report) error {
	const n = 10_000
	limit := syscall.Rlimit{Cur: n + 100, Max: n + 100}
	var now syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &now); err != nil {
		return err
	}
	if limit.Max = now.Max; now.Max < limit.Cur {
		return fmt.Errorf("%d connections need a higher limit on open files", n)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	p, err := startCached(s)
	if err != nil {
		return err
	}
	defer p.stop()
	before := p.resident()
	request, reply := []byte("PING\r\n"), make([]byte, 7)
	for range n - 10 {
		c, err := net.Dial("tcp", p.addr)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := c.Write(request); err != nil {
			return err
		}
		if _, err := c.Read(reply); err != nil {
			return err
		}
	}
	out.fact(fmt.Sprintf("resident memory of each of %d idle connections", n), fmt.Sprintf("%.2f KiB", float64(p.resident()-before)/n/1024), "under 2 KiB")
	return nil
}
