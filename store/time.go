package store

// Time is one moment on the two clocks that deadlines follow, both in
// milliseconds of the Unix epoch. Mono runs on steadily from where the wall
// clock stood when the process started; Wall is what the wall clock shows now,
// and jumps when somebody sets it.
type Time struct {
	Mono, Wall int64
}

// Deadline is the moment at which a key or a field goes; zero means never. A
// relative deadline (EXPIRE, SET EX) is a moment of the monotonic clock, so that
// no lock lives shorter or longer because the wall clock was set; an absolute
// one (EXPIREAT) is a moment of the wall clock.
type Deadline uint64

const absoluteBit = 1 << 63

// After returns the deadline that lies ttlMs from now.
func (t Time) After(ttlMs int64) Deadline { return relativeAt(t.Mono + ttlMs) }

// At returns the deadline at wallMs of the wall clock.
func At(wallMs int64) Deadline { return Deadline(max(wallMs, 1)) | absoluteBit }

func relativeAt(monoMs int64) Deadline { return Deadline(max(monoMs, 1)) }

func (d Deadline) absolute() bool { return d&absoluteBit != 0 }

// ms returns the moment on the deadline's own clock.
func (d Deadline) ms() int64 { return int64(d &^ absoluteBit) }

// on returns the moment of t on the deadline's own clock.
func (d Deadline) on(t Time) int64 {
	if d.absolute() {
		return t.Wall
	}
	return t.Mono
}

// Due reports whether the deadline has come.
func (d Deadline) Due(now Time) bool { return d != 0 && d.on(now) >= d.ms() }

// TTL returns the milliseconds that remain, never negative.
func (d Deadline) TTL(now Time) int64 { return max(d.ms()-d.on(now), 0) }

// WallMs returns the moment as the wall clock tells it now.
func (d Deadline) WallMs(now Time) int64 {
	if d.absolute() {
		return d.ms()
	}
	return d.ms() - now.Mono + now.Wall
}

// Compare orders two deadlines by what remains of them now; never comes last.
func (d Deadline) Compare(other Deadline, now Time) int {
	switch {
	case d == other:
		return 0
	case d == 0:
		return 1
	case other == 0:
		return -1
	}
	mine, theirs := d.ms()-d.on(now), other.ms()-other.on(now)
	switch {
	case mine < theirs:
		return -1
	case mine > theirs:
		return 1
	}
	return 0
}
