// Package arena is the memory that the store lives in: one range of address
// space outside the Go heap, handed out in blocks that are named by a Ref
// instead of a pointer, so that the garbage collector never sees the data.
//
// The range is reserved when the arena opens and backed by the system page by
// page as it is touched. Small blocks (up to 8 KiB) come from the low end, in
// spans of one size class each; large blocks are runs of pages that come from
// the high end and coalesce when they are freed. What is free but still backed
// ("dirty") is given back to the system by Trim, a slice at a time, because
// unmapping a gigabyte in one call would hold the command loop for tens of
// milliseconds.
//
// Nothing here is safe for concurrent use: the command loop owns the arena.
package arena

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/tidwall/btree"
	"golang.org/x/sys/unix"
)

// Ref names a block: its offset in the range in steps of 8 bytes. The zero Ref
// names nothing. A Ref fits in 40 bits, which addresses 8 TiB.
type Ref uint64

// RefSize is the number of bytes that a Ref takes where it is stored.
const RefSize = 5

const (
	spanShift = 16
	spanSize  = 1 << spanShift // small blocks are carved from spans of 64 KiB
	pageSize  = 4096
	noSpan    = ^uint32(0)

	// DefaultReserve is what Open asks for when it is asked for nothing.
	DefaultReserve = 256 << 30
	minReserve     = 1 << 30
	maxReserve     = 8 << 40

	// Up to this much free memory stays backed, so that a block which is freed
	// and allocated again does not fault its pages in each time.
	dirtyKeepBytes = 4 << 20
)

// ErrExhausted is what Alloc panics with when the reserved range is used up. The limits
// on memory are to be kept above: by then there is no state to go back to.
var ErrExhausted = errors.New("arena: reserved address range exhausted")

// span describes one span of small blocks.
type span struct {
	free       uint32 // first free block, as an offset in the span in steps of 8 bytes, 0: none
	bump       uint32 // bytes of the span that have been carved so far
	live       uint16 // blocks in use
	class      uint8
	listed     bool   // in the list of its class's spans with room
	prev, next uint32 // that list
}

// Arena hands out blocks of one reserved address range.
type Arena struct {
	mem   []byte
	spans []span // one for each span of the range; lives in its own mapping

	spanTop   uint32             // spans below have been used at least once
	freeSpans []uint32           // spans that are free and backed by the system
	coldSpans []uint32           // spans that are free and were given back
	current   [numClasses]uint32 // first span with room, noSpan: none

	runBottom uint64                   // lowest byte that large runs have used
	byAddr    btree.Map[uint64, run]   // free runs by first byte
	bySize    [2]*btree.BTreeG[runKey] // the same by size: those given back, those backed

	used         uint64
	dirty        uint64 // bytes that are free and backed by the system
	spanBacking  []byte
	rangeBacking []byte
}

type run struct {
	size  uint64
	dirty bool
}

// runKey orders runs by size, then by address.
type runKey struct{ size, addr uint64 }

func (k runKey) less(o runKey) bool {
	return k.size < o.size || k.size == o.size && k.addr < o.addr
}

// Open reserves a range of the given size in bytes (0: DefaultReserve) and
// returns the arena that lives in it. Where the system allows no range of that
// size, it tries smaller ones down to 1 GiB.
func Open(reserve uint64) (*Arena, error) {
	if reserve == 0 {
		reserve = DefaultReserve
	}
	reserve = min(max(reserve, minReserve), maxReserve) &^ (spanSize - 1)
	for {
		backing, err := reserveRange(reserve)
		if err == nil {
			return newArena(backing)
		}
		if reserve /= 2; reserve < minReserve {
			return nil, fmt.Errorf("arena: cannot reserve address space: %w", err)
		}
	}
}

func reserveRange(size uint64) ([]byte, error) {
	return unix.Mmap(-1, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
}

func newArena(backing []byte) (*Arena, error) {
	count := len(backing) / spanSize
	meta, err := reserveRange(uint64(count) * uint64(unsafe.Sizeof(span{})))
	if err != nil {
		unix.Munmap(backing)
		return nil, fmt.Errorf("arena: cannot reserve span table: %w", err)
	}
	a := &Arena{
		mem:          backing,
		spans:        unsafe.Slice((*span)(unsafe.Pointer(&meta[0])), count),
		spanTop:      1, // span 0 stays unused: Ref 0 names nothing
		runBottom:    uint64(len(backing)),
		rangeBacking: backing,
		spanBacking:  meta,
	}
	for i := range a.bySize {
		a.bySize[i] = btree.NewBTreeGOptions(runKey.less, btree.Options{NoLocks: true})
	}
	for class := range a.current {
		a.current[class] = noSpan
	}
	return a, nil
}

// Close gives the whole range back. Every slice that Bytes returned is invalid
// from then on. The system takes about 30 ms a touched gigabyte: call Trim
// until it answers false first where that matters (see Clear).
func (a *Arena) Close() error {
	a.mem, a.spans = nil, nil
	return errors.Join(unix.Munmap(a.rangeBacking), unix.Munmap(a.spanBacking))
}

// Alloc returns a block of at least size bytes, size > 0. Its bytes are not
// zeroed. Cost: O(1) for small blocks, O(log runs) for large ones.
func (a *Arena) Alloc(size int) Ref {
	if size > maxSmall {
		return a.allocRun(roundPages(size))
	}
	class := classOf(size)
	index := a.current[class]
	if index == noSpan {
		index = a.openSpan(class)
	}
	s := &a.spans[index]
	start := uint64(index) << spanShift
	blockBytes := uint32(classSize[class])
	var offset uint64
	if s.free != 0 {
		offset = start + uint64(s.free-1)<<3
		s.free = leUint32(a.mem[offset:])
		checkPoison(a.mem[offset : offset+uint64(blockBytes)])
	} else {
		offset = start + uint64(s.bump)
		s.bump += blockBytes
	}
	s.live++
	if s.free == 0 && s.bump+blockBytes > spanSize {
		a.unlist(index, s)
	}
	a.used += uint64(blockBytes)
	return Ref(offset >> 3)
}

// Free takes back a block; size is what it was allocated with, or any size of
// the same class.
func (a *Arena) Free(ref Ref, size int) {
	if size > maxSmall {
		a.freeRun(uint64(ref)<<3, roundPages(size))
		return
	}
	offset := uint64(ref) << 3
	index := uint32(offset >> spanShift)
	s := &a.spans[index]
	blockBytes := classSize[s.class]
	if debug && (s.live == 0 || blockBytes != classSize[classOf(size)]) {
		panic(fmt.Sprintf("arena: free of %d bytes at %#x in a span of class %d with %d live", size, offset, blockBytes, s.live))
	}
	poison(a.mem[offset : offset+uint64(blockBytes)])
	putUint32(a.mem[offset:], s.free)
	s.free = uint32(offset&(spanSize-1))>>3 + 1
	s.live--
	a.used -= uint64(blockBytes)
	if !s.listed {
		a.list(index, s)
	}
	// The span that is allocated from stays, so that one block that comes and
	// goes does not open and close a span each time.
	if s.live == 0 && (a.current[s.class] != index || s.next != noSpan) {
		a.unlist(index, s)
		a.freeSpans = append(a.freeSpans, index)
		a.dirty += spanSize
	}
}

// Bytes returns the first n bytes of a block. The slice aliases the arena: it
// is valid until the block is freed, and its capacity ends with it.
func (a *Arena) Bytes(ref Ref, n int) []byte {
	offset := uint64(ref) << 3
	return a.mem[offset : offset+uint64(n) : offset+uint64(n)]
}

// From returns the memory from the start of a block on, without an end: for
// readers of self-delimiting blocks.
func (a *Arena) From(ref Ref) []byte { return a.mem[uint64(ref)<<3:] }

// Usable returns the size of the block that Alloc returns for size: what lies
// between is the block's owner's to use.
func Usable(size int) int {
	if size > maxSmall {
		return int(roundPages(size))
	}
	return int(classSize[classOf(size)])
}

// Used returns the bytes in allocated blocks, their rounding included.
func (a *Arena) Used() uint64 { return a.used }

// Reserved returns the bytes of address space that the arena has.
func (a *Arena) Reserved() uint64 { return uint64(len(a.rangeBacking)) }

// Dirty returns the bytes that are free but not yet given back to the system.
func (a *Arena) Dirty() uint64 { return a.dirty }

// openSpan finds a free span for a class and makes it the one allocated from.
func (a *Arena) openSpan(class uint8) uint32 {
	var index uint32
	switch {
	case len(a.freeSpans) > 0:
		index = a.freeSpans[len(a.freeSpans)-1]
		a.freeSpans = a.freeSpans[:len(a.freeSpans)-1]
		a.dirty -= spanSize
	case len(a.coldSpans) > 0:
		index = a.coldSpans[len(a.coldSpans)-1]
		a.coldSpans = a.coldSpans[:len(a.coldSpans)-1]
	default:
		index = a.spanTop
		if uint64(index+1)<<spanShift > a.runBottom {
			panic(ErrExhausted)
		}
		a.spanTop++
	}
	a.spans[index] = span{class: class}
	a.list(index, &a.spans[index])
	return index
}

// list puts a span with room in front of its class's spans.
func (a *Arena) list(index uint32, s *span) {
	head := a.current[s.class]
	s.prev, s.next, s.listed = noSpan, head, true
	if head != noSpan {
		a.spans[head].prev = index
	}
	a.current[s.class] = index
}

func (a *Arena) unlist(index uint32, s *span) {
	if s.prev != noSpan {
		a.spans[s.prev].next = s.next
	} else {
		a.current[s.class] = s.next
	}
	if s.next != noSpan {
		a.spans[s.next].prev = s.prev
	}
	s.listed = false
}
