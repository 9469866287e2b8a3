package server

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"

	"cached/store"
)

// Readers of arguments, with the errors that Redis gives for what does not parse.

func parseInt(arg []byte) (int64, error) {
	if n, ok := store.ParseInt(arg); ok {
		return n, nil
	}
	return 0, errNotInt
}

// parseIntRange parses a number within bounds, and answers otherwise what differs
// from command to command.
func parseIntRange(arg []byte, low, high int64, otherwise error) (int64, error) {
	n, ok := store.ParseInt(arg)
	if !ok || n < low || n > high {
		return 0, otherwise
	}
	return n, nil
}

// parseFloat parses a double as strtod does, without leading space, trailing bytes,
// NaN, and values that do not fit.
func parseFloat(arg []byte) (float64, error) {
	s := string(arg)
	if strings.ContainsRune(s, '_') {
		return 0, errNotFloat
	}
	f, err := strconv.ParseFloat(floatText(s), 64)
	if err != nil || math.IsNaN(f) {
		return 0, errNotFloat
	}
	if f == 0 && strings.ContainsAny(mantissa(s), "123456789") {
		return 0, errNotFloat // underflow
	}
	return f, nil
}

// floatText gives hexadecimal numbers the exponent that Go wants of them.
func floatText(s string) string {
	lowered := strings.ToLower(strings.TrimLeft(s, "+-"))
	if strings.HasPrefix(lowered, "0x") && !strings.Contains(lowered, "p") {
		return s + "p0"
	}
	return s
}

func mantissa(s string) string {
	m, _, _ := strings.Cut(strings.ToLower(s), "e")
	return m
}

// longDouble is a number in the precision in which Redis does INCRBYFLOAT: that of
// the x87, 64 bits of mantissa.
const (
	longDoubleBits    = 64
	longDoubleMaxExp  = 16384
	longDoubleMinExp  = -16381 // below, it is no normal number
	longDoubleMaxText = 5120
)

func parseLongDouble(arg []byte) (*big.Float, error) {
	s := string(arg)
	if len(s) >= longDoubleMaxText || strings.ContainsRune(s, '_') {
		return nil, errNotFloat
	}
	near, err := strconv.ParseFloat(floatText(s), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(near) {
		return nil, errNotFloat
	}
	if word := strings.ToLower(strings.TrimLeft(s, "+-")); word == "inf" || word == "infinity" {
		return new(big.Float).SetPrec(longDoubleBits).SetInf(s[0] == '-'), nil
	}
	// What a double can hold needs no look at the exponent. Beyond, it is bounded before the
	// number is made: 1e999999999 would take minutes and gigabytes.
	if (near == 0 || math.IsInf(near, 0)) && exponentOf(s) > longDoubleMaxExp {
		return nil, errNotFloat
	}
	f, _, err := big.ParseFloat(floatText(s), 0, longDoubleBits, big.ToNearestEven)
	if err != nil || f.MantExp(nil) > longDoubleMaxExp || f.Sign() != 0 && f.MantExp(nil) < longDoubleMinExp {
		return nil, errNotFloat
	}
	return f, nil
}

// exponentOf returns the size of the exponent that is written in a number.
func exponentOf(s string) int {
	s = strings.ToLower(s)
	mark := "e"
	if strings.Contains(s, "0x") {
		mark = "p"
	}
	_, text, found := strings.Cut(s, mark)
	if !found {
		return 0
	}
	exponent, err := strconv.Atoi(text)
	if err != nil {
		return math.MaxInt
	}
	return max(exponent, -exponent)
}

// addLongDouble adds and prints the sum as Redis does: 17 digits after the point, without
// the zeros at the end.
func addLongDouble(a, b *big.Float) (string, error) {
	if a.IsInf() || b.IsInf() {
		return "", errNaN
	}
	sum := new(big.Float).SetPrec(longDoubleBits).Add(a, b)
	if sum.MantExp(nil) > longDoubleMaxExp {
		return "", errNaN
	}
	return formatLongDouble(sum), nil
}

func formatLongDouble(f *big.Float) string {
	text := f.Text('f', 17)
	text = strings.TrimRight(text, "0")
	text = strings.TrimSuffix(text, ".")
	if text == "-0" {
		return "0"
	}
	return text
}

// longDouble answers a number in that form: a double in RESP3.
func (c *call) longDouble(f *big.Float) {
	if text := formatLongDouble(f); c.w.RESP3 {
		c.w.Buf = append(append(append(c.w.Buf, ','), text...), "\r\n"...)
	} else {
		c.w.BulkString(text)
	}
}

// timeUnit is the unit and the clock of an expiry argument.
type timeUnit struct {
	perMs    int64 // milliseconds in one
	absolute bool
}

var (
	seconds      = timeUnit{1000, false}
	milliseconds = timeUnit{1, false}
	secondsAt    = timeUnit{1000, true}
	msAt         = timeUnit{1, true}
)

// expiryUnit reads one of the words EX, PX, EXAT and PXAT.
func expiryUnit(arg []byte) (timeUnit, bool) {
	switch {
	case is(arg, "EX"):
		return seconds, true
	case is(arg, "PX"):
		return milliseconds, true
	case is(arg, "EXAT"):
		return secondsAt, true
	case is(arg, "PXAT"):
		return msAt, true
	}
	return timeUnit{}, false
}

// deadline turns an expiry argument into a deadline; what it may be at least is low.
func (c *call) deadline(arg []byte, unit timeUnit, low int64) (store.Deadline, error) {
	n, err := parseInt(arg)
	if err != nil {
		return 0, err
	}
	if n < low || n > math.MaxInt64/unit.perMs || n < math.MinInt64/unit.perMs {
		return 0, errExpire(c.cmd.fullName)
	}
	n *= unit.perMs
	if unit.absolute {
		return store.At(n), nil
	}
	if n > math.MaxInt64-max(c.now().Wall, c.now().Mono) {
		return 0, errExpire(c.cmd.fullName)
	}
	return c.now().After(n), nil
}

// bound of a range of scores: 1.5, (1.5, -inf.
func parseScoreBound(arg []byte) (score float64, exclusive bool, err error) {
	text := arg
	if bytes.HasPrefix(text, []byte("(")) {
		text, exclusive = text[1:], true
	}
	// Redis reads bounds with plain strtod: leading space is skipped, nothing is 0, and
	// what does not fit is infinite or 0.
	trimmed := strings.TrimLeft(string(text), " \t\n\v\f\r")
	if len(text) == 0 {
		return 0, exclusive, nil
	}
	score, err = strconv.ParseFloat(floatText(trimmed), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(score) || strings.ContainsRune(trimmed, '_') {
		return 0, false, errMinMaxFloat
	}
	return score, exclusive, nil
}
