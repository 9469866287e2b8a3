package arena

import "golang.org/x/sys/unix"

// Large blocks: runs of pages, taken best fit from the free runs, else from
// below the lowest run. A run that is freed joins its free neighbours.

func roundPages(size int) uint64 { return (uint64(size) + pageSize - 1) &^ (pageSize - 1) }

func (a *Arena) allocRun(size uint64) Ref {
	a.used += size
	var found runKey
	for kind := len(a.bySize) - 1; kind >= 0 && found.size == 0; kind-- { // backed ones first
		a.bySize[kind].Ascend(runKey{size: size}, func(key runKey) bool {
			found = key
			return false
		})
	}
	if found.size == 0 {
		if a.runBottom < size || a.runBottom-size < uint64(a.spanTop)<<spanShift {
			panic(ErrExhausted)
		}
		a.runBottom -= size
		return Ref(a.runBottom >> 3)
	}
	free, _ := a.byAddr.Get(found.addr)
	a.dropRun(found.addr, free)
	if rest := found.size - size; rest > 0 {
		a.addRun(found.addr+size, run{size: rest, dirty: free.dirty})
	}
	return Ref(found.addr >> 3)
}

func (a *Arena) freeRun(addr, size uint64) {
	a.used -= size
	poison(a.mem[addr : addr+size])
	freed := run{size: size, dirty: true}
	var before, after runKey
	a.byAddr.Descend(addr, func(at uint64, r run) bool {
		before = runKey{size: r.size, addr: at}
		return false
	})
	a.byAddr.Ascend(addr, func(at uint64, r run) bool {
		after = runKey{size: r.size, addr: at}
		return false
	})
	// Only runs of the same kind join: a run is either backed or not, so that Trim
	// and the count of dirty bytes stay exact.
	if r, ok := a.byAddr.Get(before.addr); ok && before.addr+before.size == addr && r.dirty {
		a.dropRun(before.addr, r)
		addr, freed.size = before.addr, freed.size+before.size
	}
	if r, ok := a.byAddr.Get(after.addr); ok && addr+freed.size == after.addr && r.dirty {
		a.dropRun(after.addr, r)
		freed.size += after.size
	}
	a.addRun(addr, freed)
}

// kind is the index of a run's size index.
func (r run) kind() int {
	if r.dirty {
		return 1
	}
	return 0
}

func (a *Arena) addRun(addr uint64, r run) {
	a.byAddr.Set(addr, r)
	a.bySize[r.kind()].Set(runKey{size: r.size, addr: addr})
	if r.dirty {
		a.dirty += r.size
	}
}

func (a *Arena) dropRun(addr uint64, r run) {
	a.byAddr.Delete(addr)
	a.bySize[r.kind()].Delete(runKey{size: r.size, addr: addr})
	if r.dirty {
		a.dirty -= r.size
	}
}

// NeedsTrim reports whether so much free memory is backed that Trim has work.
func (a *Arena) NeedsTrim() bool {
	return a.dirty > dirtyKeepBytes && a.dirty > a.used/16
}

// Trim gives up to budget bytes of free memory back to the system and reports
// whether there is more to give. Cost: about 30 µs a megabyte.
func (a *Arena) Trim(budget uint64) bool {
	for budget > 0 && len(a.freeSpans) > 0 {
		last := len(a.freeSpans) - 1
		index := a.freeSpans[last]
		a.freeSpans = a.freeSpans[:last]
		start := uint64(index) << spanShift
		release(a.mem[start : start+spanSize])
		a.coldSpans = append(a.coldSpans, index)
		a.dirty -= spanSize
		budget -= min(budget, spanSize)
	}
	if budget > 0 {
		a.trimRuns(budget)
	}
	return a.dirty > 0
}

// trimRuns releases dirty runs, the largest first, and splits one that is larger
// than the budget.
func (a *Arena) trimRuns(budget uint64) {
	for budget >= pageSize {
		largest, ok := a.bySize[run{dirty: true}.kind()].Max()
		if !ok {
			return
		}
		addr, found := largest.addr, run{size: largest.size, dirty: true}
		size := min(found.size, budget&^(pageSize-1))
		release(a.mem[addr : addr+size])
		a.dropRun(addr, found)
		if rest := found.size - size; rest > 0 {
			a.addRun(addr+size, run{size: rest, dirty: true})
		}
		a.addCold(addr, size)
		budget -= size
	}
}

// addCold adds a released run and joins it with released neighbours.
func (a *Arena) addCold(addr, size uint64) {
	for {
		joined := false
		a.byAddr.Descend(addr, func(at uint64, r run) bool {
			if at+r.size == addr && !r.dirty {
				a.dropRun(at, r)
				addr, size, joined = at, size+r.size, true
			}
			return false
		})
		if r, ok := a.byAddr.Get(addr + size); ok && !r.dirty {
			a.dropRun(addr+size, r)
			size, joined = size+r.size, true
		}
		if !joined {
			break
		}
	}
	if addr == a.runBottom {
		a.runBottom += size
		return
	}
	a.addRun(addr, run{size: size})
}

// release tells the system that the bytes are not needed. That it cannot is no
// reason to stop: they are then only counted wrong.
func release(b []byte) { _ = unix.Madvise(b, unix.MADV_DONTNEED) }

// Release gives up to budget bytes of the arena back to the system, whatever
// they hold, and reports whether there is more: the way to take an arena apart
// that nobody uses any more, before Close.
func (a *Arena) Release(budget uint64) bool {
	if a.spanTop > 1 {
		step := min(uint64(a.spanTop-1)<<spanShift, budget&^(spanSize-1))
		end := uint64(a.spanTop) << spanShift
		release(a.mem[end-step : end])
		a.spanTop -= uint32(step >> spanShift)
	} else if top := uint64(len(a.mem)); a.runBottom < top {
		step := min(top-a.runBottom, budget)
		release(a.mem[a.runBottom : a.runBottom+step])
		a.runBottom += step
	}
	a.used = 0 // nothing in it is anybody's any more
	return a.spanTop > 1 || a.runBottom < uint64(len(a.mem))
}
