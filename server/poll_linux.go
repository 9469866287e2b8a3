package server

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of the loop. Descriptors are non-blocking, so reads and writes
// go straight to the kernel, without telling Go's scheduler; only a wait that lasts is
// announced to it.

const (
	readable = unix.EPOLLIN | unix.EPOLLRDHUP
	writable = unix.EPOLLOUT
)

type poller struct {
	fd     int
	spare  bool // there is another processor for the other goroutines
	busy   bool // the last wait found something
	events [512]unix.EpollEvent
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return &poller{fd: fd, spare: runtime.GOMAXPROCS(0) > 1}, err
}

func (p *poller) add(fd int) error {
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: readable, Fd: int32(fd)})
}

// watch sets what a descriptor is watched for.
func (p *poller) watch(fd int, events uint32) error {
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// looks is how often wait looks before it blocks. Each look that finds something saves
// putting the thread to sleep and waking it, which costs several.
const looks = 3

// unannouncedMs is how long wait, while there is work, first blocks without telling Go's
// scheduler. What is told of a wait of microseconds has it look after this thread 50,000 times a second. The scheduler
// is not kept waiting: to stop the thread it sends a signal, which ends the wait. (A shorter
// wait would have the kernel set a timer of its own each time.)
const unannouncedMs = 20

// wait returns what is ready, and waits for it for up to timeoutMs.
func (p *poller) wait(timeoutMs int) ([]unix.EpollEvent, error) {
	events, size := uintptr(unsafe.Pointer(&p.events[0])), uintptr(len(p.events))
	var n uintptr
	var errno syscall.Errno
	for look := 0; look < looks && n == 0 && errno == 0 && (look == 0 || timeoutMs != 0); look++ {
		n, _, errno = syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), events, size, 0, 0, 0)
	}
	if n == 0 && errno == 0 && timeoutMs != 0 && p.spare && p.busy {
		short := min(timeoutMs, unannouncedMs)
		n, _, errno = syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), events, size, uintptr(short), 0, 0)
		timeoutMs -= short
	}
	if n == 0 && errno == 0 && timeoutMs != 0 {
		n, _, errno = syscall.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), events, size, uintptr(timeoutMs), 0, 0)
	}
	p.busy = n > 0 && errno == 0
	switch errno {
	case 0:
		return p.events[:n], nil
	case unix.EINTR:
		return nil, nil
	}
	return nil, errno
}

// readFD reads from a socket into b, which is not empty. n is 0 at the end of the stream.
// Receiving and sending are shorter ways through the kernel than reading and writing.
func readFD(fd int, b []byte) (n int, err error) {
	r, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// writeFD writes as much of b, which is not empty, to a socket as the kernel takes now.
func writeFD(fd int, b []byte) (n int, err error) {
	r, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// again reports whether an error only says that there is nothing to do now.
func again(err error) bool { return err == unix.EAGAIN || err == unix.EINTR }

// wakeup is a descriptor that other goroutines wake the loop with.
type wakeup int

func newWakeup() (wakeup, error) {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	return wakeup(fd), err
}

func (w wakeup) wake() { unix.Write(int(w), []byte{1, 0, 0, 0, 0, 0, 0, 0}) }

func (w wakeup) drain() {
	var b [8]byte
	unix.Read(int(w), b[:])
}
