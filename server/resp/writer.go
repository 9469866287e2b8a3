package resp

import (
	"math"
	"strconv"

	"github.com/tidwall/redcon"
)

// Writer appends replies to Buf, in the protocol of one client. What RESP2 has
// no type for is sent as Redis sends it there: maps and sets as arrays, doubles as bulk
// strings.
type Writer struct {
	Buf   []byte
	RESP3 bool

	// MaxBytes is the length of Buf from which on strings are left out, 0: none. Over then
	// says that the replies are not whole, and that the connection has to be closed.
	MaxBytes int
	Over     bool
}

// full reports whether no more strings are to be written.
func (w *Writer) full() bool {
	w.Over = w.Over || w.MaxBytes > 0 && len(w.Buf) >= w.MaxBytes
	return w.Over
}

// Bulk writes a string.
func (w *Writer) Bulk(s []byte) {
	switch n := len(s); {
	case w.full():
	case n < 10: // most fields and many values: no need to format the length
		w.Buf = append(append(append(w.Buf, '$', '0'+byte(n), '\r', '\n'), s...), '\r', '\n')
	case n < 100:
		w.Buf = append(append(append(w.Buf, '$', '0'+byte(n/10), '0'+byte(n%10), '\r', '\n'), s...), '\r', '\n')
	default:
		w.Buf = redcon.AppendBulk(w.Buf, s)
	}
}

// BulkString writes a string.
func (w *Writer) BulkString(s string) {
	if !w.full() {
		w.Buf = redcon.AppendBulkString(w.Buf, s)
	}
}

// Int writes an integer.
func (w *Writer) Int(n int64) { w.Buf = redcon.AppendInt(w.Buf, n) }

// Status writes a simple string such as OK.
func (w *Writer) Status(s string) { w.Buf = redcon.AppendString(w.Buf, s) }

// OK writes the status OK.
func (w *Writer) OK() { w.Buf = append(w.Buf, "+OK\r\n"...) }

// Error writes an error; text begins with its code. Line ends in it become spaces.
func (w *Writer) Error(text string) {
	w.Buf = append(w.Buf, '-')
	at := len(w.Buf)
	w.Buf = append(w.Buf, text...)
	for i, c := range w.Buf[at:] {
		if c == '\r' || c == '\n' {
			w.Buf[at+i] = ' '
		}
	}
	w.Buf = append(w.Buf, '\r', '\n')
}

// Null writes the absence of a value.
func (w *Writer) Null() {
	if w.RESP3 {
		w.Buf = append(w.Buf, "_\r\n"...)
	} else {
		w.Buf = redcon.AppendNull(w.Buf)
	}
}

// NullArray writes the absence of an array.
func (w *Writer) NullArray() {
	if w.RESP3 {
		w.Buf = append(w.Buf, "_\r\n"...)
	} else {
		w.Buf = append(w.Buf, "*-1\r\n"...)
	}
}

// Array announces n elements.
func (w *Writer) Array(n int) { w.Buf = redcon.AppendArray(w.Buf, n) }

// Map announces n pairs.
func (w *Writer) Map(n int) {
	if w.RESP3 {
		w.head('%', n)
	} else {
		w.Array(2 * n)
	}
}

// Set announces n distinct elements.
func (w *Writer) Set(n int) {
	if w.RESP3 {
		w.head('~', n)
	} else {
		w.Array(n)
	}
}

func (w *Writer) head(kind byte, n int) {
	w.Buf = strconv.AppendInt(append(w.Buf, kind), int64(n), 10)
	w.Buf = append(w.Buf, '\r', '\n')
}

// Double writes a floating-point number.
func (w *Writer) Double(f float64) {
	var room [32]byte
	text := AppendDouble(room[:0], f)
	if w.RESP3 {
		w.Buf = append(append(append(w.Buf, ','), text...), '\r', '\n')
	} else {
		w.Bulk(text)
	}
}

// Verbatim writes a text for people; format is three letters, such as txt.
func (w *Writer) Verbatim(format, text string) {
	if !w.RESP3 {
		w.BulkString(text)
		return
	}
	w.head('=', len(text)+4)
	w.Buf = append(append(append(append(w.Buf, format...), ':'), text...), '\r', '\n')
}

// Deferred returns a mark at which ArrayAt later writes how many elements follow.
func (w *Writer) Deferred() int { return len(w.Buf) }

// ArrayAt announces n elements at a mark, before all that was written since. It moves
// what was written, so it is for replies whose length is not known before.
func (w *Writer) ArrayAt(mark, n int) { w.insert(mark, '*', n) }

func (w *Writer) insert(mark int, kind byte, n int) {
	var room [24]byte
	head := strconv.AppendInt(append(room[:0], kind), int64(n), 10)
	head = append(head, '\r', '\n')
	end := len(w.Buf)
	w.Buf = append(w.Buf, head...)
	copy(w.Buf[mark+len(head):], w.Buf[mark:end])
	copy(w.Buf[mark:], head)
}

// AppendDouble appends the shortest text that reads back as f, in the form in
// which Redis 7.2 prints it: whole numbers and small exponents without one.
func AppendDouble(b []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(b, "inf"...)
	case math.IsInf(f, -1):
		return append(b, "-inf"...)
	case math.IsNaN(f):
		return append(b, "nan"...)
	}
	if n := int64(f); math.Abs(f) <= math.MaxInt64/2 && float64(n) == f && n != 0 {
		return strconv.AppendInt(b, n, 10)
	}
	if math.Signbit(f) {
		b = append(b, '-')
		f = -f
	}
	if f == 0 {
		return append(b, '0')
	}
	var room [32]byte
	// d.ddde±xx: the digits and the exponent of the last one.
	text := strconv.AppendFloat(room[:0], f, 'e', -1, 64)
	var digits [20]byte
	n, i := 0, 0
	for ; text[i] != 'e'; i++ {
		if text[i] != '.' {
			digits[n] = text[i]
			n++
		}
	}
	exponent, _ := strconv.Atoi(string(text[i+1:]))
	last := exponent - (n - 1)
	magnitude := max(exponent, -exponent)
	switch {
	case last >= 0 && magnitude < n+7:
		b = append(b, digits[:n]...)
		for range last {
			b = append(b, '0')
		}
	case last < 0 && (last > -7 || magnitude < 4):
		if whole := n + last; whole > 0 {
			b = append(append(append(b, digits[:whole]...), '.'), digits[whole:n]...)
		} else {
			b = append(b, '0', '.')
			for range -whole {
				b = append(b, '0')
			}
			b = append(b, digits[:n]...)
		}
	default:
		b = append(b, digits[0])
		if n > 1 {
			b = append(append(b, '.'), digits[1:n]...)
		}
		b = append(b, 'e')
		if exponent < 0 {
			b = append(b, '-')
		} else {
			b = append(b, '+')
		}
		b = strconv.AppendInt(b, int64(magnitude), 10)
	}
	return b
}

// BulkAt writes a string at a mark, before all that was written since.
func (w *Writer) BulkAt(mark int, s string) {
	end := len(w.Buf)
	w.BulkString(s)
	head := append([]byte(nil), w.Buf[end:]...) // none if the writer is full
	copy(w.Buf[mark+len(head):], w.Buf[mark:end])
	copy(w.Buf[mark:], head)
}

// MapAt is ArrayAt for a map of n pairs.
func (w *Writer) MapAt(mark, n int) {
	if w.RESP3 {
		w.insert(mark, '%', n)
	} else {
		w.insert(mark, '*', 2*n)
	}
}

// DoubleText writes a floating-point number as a string in both protocols.
func (w *Writer) DoubleText(f float64) {
	var room [32]byte
	w.Bulk(AppendDouble(room[:0], f))
}
