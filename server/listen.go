package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// listener is one address that connections come in on.
type listener struct {
	fd   int
	unix string // path of a Unix socket
	deaf bool   // not watched, until the next cron
	addr string
}

// acceptsPerIteration bounds what one iteration spends on new connections.
const acceptsPerIteration = 64

// listen opens the addresses of the configuration. A bind address that begins
// with a dash may be absent, as in Redis. Port 0 means none, unless
// anyPort, with which the system chooses.
func (s *Server) listen(anyPort bool) error {
	if s.config.Port != 0 || anyPort {
		for _, bind := range strings.Fields(s.config.Bind) {
			optional := strings.HasPrefix(bind, "-")
			if err := s.listenTCP(strings.TrimPrefix(bind, "-"), int(s.config.Port)); err != nil {
				if !optional {
					return err
				}
			}
		}
	}
	if s.config.UnixSocket != "" {
		if err := s.listenUnix(); err != nil {
			return err
		}
	}
	if len(s.listeners) == 0 {
		return errors.New("nothing to listen on: port is 0 and no unixsocket is set")
	}
	return nil
}

func (s *Server) listenTCP(host string, port int) error {
	network := "tcp4"
	switch {
	case host == "*":
		host = "0.0.0.0"
	case host == "::*":
		host, network = "::", "tcp6"
	case strings.Contains(host, ":"):
		network = "tcp6"
	}
	address, err := net.ResolveTCPAddr(network, net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("bind %s: %w", host, err)
	}
	ip := address.AddrPort().Addr()
	family, sockaddr := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: port, Addr: ip.As16()})
	if network == "tcp4" {
		family, sockaddr = unix.AF_INET, &unix.SockaddrInet4{Port: port, Addr: ip.Unmap().As4()}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if family == unix.AF_INET6 {
		unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
	}
	if err := s.open(fd, sockaddr, &listener{fd: fd}); err != nil {
		return fmt.Errorf("cannot listen on %s port %d: %w", host, port, err)
	}
	return nil
}

func (s *Server) listenUnix() error {
	path := s.config.UnixSocket
	os.Remove(path) // of an earlier process, as in Redis
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := s.open(fd, &unix.SockaddrUnix{Name: path}, &listener{fd: fd, unix: path}); err != nil {
		return fmt.Errorf("cannot listen on %s: %w", path, err)
	}
	if s.config.UnixSocketPerm != 0 {
		return os.Chmod(path, os.FileMode(s.config.UnixSocketPerm))
	}
	return nil
}

func (s *Server) open(fd int, address unix.Sockaddr, l *listener) error {
	err := unix.Bind(fd, address)
	if err == nil {
		err = unix.Listen(fd, int(s.config.TCPBacklog))
	}
	if err == nil {
		err = s.poll.add(fd)
	}
	if err != nil {
		unix.Close(fd)
		return err
	}
	if bound, err := unix.Getsockname(fd); err == nil {
		l.addr, _ = addressOf(bound, l.unix)
	}
	s.listeners = append(s.listeners, l)
	return nil
}

// accept takes the connections that wait on a listener.
func (s *Server) accept(l *listener) {
	for range acceptsPerIteration {
		fd, peer, err := unix.Accept4(l.fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			if !again(err) && err != unix.ECONNABORTED {
				// Out of descriptors, say: the connection goes on waiting, and would wake the
				// loop at once again. The listener is left alone until the next cron.
				s.log.Warn("Error accepting a client connection", "error", err)
				l.deaf = s.poll.watch(l.fd, 0) == nil
			}
			return
		}
		s.admit(fd, peer, l)
	}
}

// admit makes a connection of an accepted descriptor, or refuses it.
func (s *Server) admit(fd int, peer unix.Sockaddr, l *listener) {
	s.stats.connections++
	if len(s.clients.byID) >= int(s.config.MaxClients) {
		s.stats.rejectedConnections++
		refuse(fd, errMaxClients)
		return
	}
	c := &conn{fd: fd, watched: readable, id: s.clients.nextID(), created: s.now, active: s.now}
	c.addr, c.remote = addressOf(peer, l.unix)
	if own, err := unix.Getsockname(fd); err == nil {
		c.laddr, _ = addressOf(own, l.unix)
	}
	if s.config.ProtectedMode && s.config.RequirePass == "" && l.unix == "" && !c.remote.IsLoopback() {
		refuse(fd, errProtected)
		return
	}
	c.authenticated = s.config.RequirePass == ""
	if l.unix == "" {
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		setKeepalive(fd, int(s.config.TCPKeepalive))
	}
	if err := s.poll.add(fd); err != nil {
		unix.Close(fd)
		return
	}
	s.clients.add(c)
}

// refuse answers a connection with an error and closes it. A fresh socket takes
// the few bytes without waiting.
func refuse(fd int, err error) {
	unix.Write(fd, []byte("-"+err.Error()+"\r\n"))
	unix.Close(fd)
}

// setKeepalive has the kernel find dead peers after about interval seconds.
func setKeepalive(fd, interval int) {
	if interval == 0 {
		return
	}
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, interval)
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, max(interval/3, 1))
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3)
}

func addressOf(address unix.Sockaddr, path string) (string, netip.Addr) {
	switch a := address.(type) {
	case *unix.SockaddrInet4:
		ip := netip.AddrFrom4(a.Addr)
		return netip.AddrPortFrom(ip, uint16(a.Port)).String(), ip
	case *unix.SockaddrInet6:
		ip := netip.AddrFrom16(a.Addr)
		return netip.AddrPortFrom(ip, uint16(a.Port)).String(), ip
	}
	return path + ":0", netip.Addr{}
}

// elapsed is the time since the server began, on the monotonic clock.
func (s *Server) elapsed() time.Duration { return time.Since(s.began) }
