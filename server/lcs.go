package server

import (
	"math"

	"cached/store"
)

// LCS by dynamic programming: O(n·m) time and memory, as in Redis.

type lcsOptions struct {
	length, ranges, withLength bool
	minLength                  int64
}

func parseLCSOptions(args [][]byte) (o lcsOptions, err error) {
	for i := 0; i < len(args); i++ {
		switch {
		case is(args[i], "IDX"):
			o.ranges = true
		case is(args[i], "LEN"):
			o.length = true
		case is(args[i], "WITHMATCHLEN"):
			o.withLength = true
		case is(args[i], "MINMATCHLEN") && i+1 < len(args):
			if o.minLength, err = parseInt(args[i+1]); err != nil {
				return o, err
			}
			o.minLength = max(o.minLength, 0)
			i++
		default:
			return o, errSyntax
		}
	}
	if o.ranges && o.length {
		return o, replyError("ERR If you want both the length and indexes, please just use IDX.")
	}
	return o, nil
}

func lcsCommand(c *call) error {
	var values [2][]byte
	bufs := [2]*[24]byte{&c.buf, &c.buf2}
	for i, key := range c.args[1:3] {
		e, ok := c.db.Find(key)
		if ok && e.Type() != store.String {
			return replyError("ERR The specified keys must contain string values")
		}
		if ok {
			values[i] = e.Value(bufs[i])
		}
	}
	o, err := parseLCSOptions(c.args[3:])
	if err != nil {
		return err
	}
	a, b := values[0], values[1]
	if len(a) >= math.MaxUint32-1 || len(b) >= math.MaxUint32-1 {
		return replyError("ERR String too long for LCS")
	}
	if int64(len(a)+1)*int64(len(b)+1) > c.srv.config.ProtoMaxBulkLen/4 {
		return replyError("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
	}
	c.answerLCS(a, b, &o)
	return nil
}

// match is one run that both strings have.
type match struct{ a, b, length int }

func (c *call) answerLCS(a, b []byte, o *lcsOptions) {
	width := len(b) + 1
	lengths := make([]uint32, (len(a)+1)*width)
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			if a[i-1] == b[j-1] {
				lengths[i*width+j] = lengths[(i-1)*width+j-1] + 1
			} else {
				lengths[i*width+j] = max(lengths[(i-1)*width+j], lengths[i*width+j-1])
			}
		}
	}
	total := lengths[len(lengths)-1]
	if o.length {
		c.w.Int(int64(total))
		return
	}
	text, matches := walkLCS(a, b, lengths, o)
	if !o.ranges {
		c.w.Bulk(text)
		return
	}
	parts := 2
	if o.withLength {
		parts = 3
	}
	c.w.Map(2)
	c.w.BulkString("matches")
	c.w.Array(len(matches))
	for _, m := range matches {
		c.w.Array(parts)
		for _, first := range []int{m.a, m.b} {
			c.w.Array(2)
			c.w.Int(int64(first))
			c.w.Int(int64(first + m.length - 1))
		}
		if o.withLength {
			c.w.Int(int64(m.length))
		}
	}
	c.w.BulkString("len")
	c.w.Int(int64(total))
}

// walkLCS goes back through the table: the subsequence, and its runs from the last to the
// first.
func walkLCS(a, b []byte, lengths []uint32, o *lcsOptions) (text []byte, matches []match) {
	width := len(b) + 1
	left := int(lengths[len(lengths)-1])
	text = make([]byte, left)
	run := match{}
	flush := func() {
		if run.length > 0 && int64(run.length) >= o.minLength {
			matches = append(matches, run)
		}
		run = match{}
	}
	for i, j := len(a), len(b); i > 0 && j > 0 && left > 0; {
		switch {
		case a[i-1] == b[j-1]:
			left--
			text[left] = a[i-1]
			if run.length > 0 && run.a == i && run.b == j {
				run.a, run.b, run.length = i-1, j-1, run.length+1
			} else {
				flush()
				run = match{i - 1, j - 1, 1}
			}
			i, j = i-1, j-1
		case lengths[(i-1)*width+j] > lengths[i*width+j-1]:
			i--
		default:
			j--
		}
	}
	flush()
	return text, matches
}
