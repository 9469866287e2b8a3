// Package resp is the wire: requests in, replies out, in RESP2 and RESP3.
package resp

import (
	"bytes"

	"github.com/tidwall/redcon"
)

// Limits on what a request may be.
const (
	MaxInlineBytes = 64 << 10 // an inline request, or a line that announces a length
	MaxArgs        = 1 << 20  // arguments of a request

	// What a client that has yet to authenticate may send, as in Redis.
	maxArgsUnauthenticated = 10
	maxBulkUnauthenticated = 16 << 10
)

// ProtocolError is a request that cannot be understood: the client gets the text
// and is closed, because nobody knows where the next request begins.
type ProtocolError string

func (e ProtocolError) Error() string { return "ERR Protocol error: " + string(e) }

// Parser reads requests from a buffer, without copying and without allocating for
// what has only been announced. It keeps its place in a request that has not
// arrived whole, so a large request that comes in many pieces is read once.
// The zero value is ready for a first request.
type Parser struct {
	// MaxBulkBytes is the longest argument that is accepted (proto-max-bulk-len).
	MaxBulkBytes int
	// Unauthenticated is whether only what AUTH needs is accepted.
	Unauthenticated bool

	begun bool   // the header of a request has been read
	left  int    // arguments yet to come
	bulk  int    // length of the argument whose header was read, -1: none was
	pos   int    // bytes of the request that have been read
	ends  []span // the arguments so far
}

type span struct{ start, end int }

// Next reads one request from the start of buf, which on each call begins with
// the same request until it has been found whole. It appends the arguments, which
// alias buf (none for an empty line), and returns the bytes that the request takes,
// 0 when it has not arrived whole. An error is a ProtocolError.
func (p *Parser) Next(buf []byte, args [][]byte) (all [][]byte, n int, err error) {
	if !p.begun {
		if len(buf) == 0 {
			return args, 0, nil
		}
		if buf[0] != '*' {
			return p.inline(buf, args)
		}
		count, next, err := number(buf, 1, "too big mbulk count string", "invalid multibulk length")
		switch {
		case err != nil || next == 0:
			return args, 0, err
		case count > MaxArgs:
			return args, 0, ProtocolError("invalid multibulk length")
		case count > maxArgsUnauthenticated && p.Unauthenticated:
			return args, 0, ProtocolError("unauthenticated multibulk length")
		case count <= 0:
			return args, next, nil
		}
		p.begun, p.left, p.bulk, p.pos = true, count, -1, next
		p.ends = p.ends[:0]
	}
	for p.left > 0 {
		done, err := p.argument(buf)
		if err != nil || !done {
			return args, 0, err
		}
	}
	for _, s := range p.ends {
		args = append(args, buf[s.start:s.end:s.end])
	}
	p.begun = false
	return args, p.pos, nil
}

func (p *Parser) argument(buf []byte) (done bool, err error) {
	if p.bulk < 0 {
		if p.pos >= len(buf) {
			return false, nil
		}
		if buf[p.pos] != '$' {
			// Redis looks for the end of the line before it looks at its first byte.
			if bytes.IndexByte(buf[p.pos:], '\r') < 0 {
				if len(buf)-p.pos > MaxInlineBytes {
					return false, ProtocolError("too big bulk count string")
				}
				return false, nil
			}
			return false, ProtocolError("expected '$', got '" + string(buf[p.pos:p.pos+1]) + "'")
		}
		size, next, err := number(buf, p.pos+1, "too big bulk count string", "invalid bulk length")
		switch {
		case err != nil || next == 0:
			return false, err
		case size < 0 || size > p.MaxBulkBytes:
			return false, ProtocolError("invalid bulk length")
		case size > maxBulkUnauthenticated && p.Unauthenticated:
			return false, ProtocolError("unauthenticated bulk length")
		}
		p.bulk, p.pos = size, next
	}
	if len(buf)-p.pos < p.bulk+2 {
		return false, nil
	}
	p.ends = append(p.ends, span{p.pos, p.pos + p.bulk})
	p.pos += p.bulk + 2
	p.bulk = -1
	p.left--
	return true, nil
}

// number reads a decimal number and the CRLF after it. next is where the line ends, 0 if it
// has not arrived. As in Redis, the byte after the CR is not looked at.
func number(buf []byte, at int, tooLong, invalid ProtocolError) (value, next int, err error) {
	negative := false
	i := at
	if i < len(buf) && buf[i] == '-' {
		negative = true
		i++
	}
	digits := i
	for i < len(buf) && buf[i]-'0' <= 9 && i-digits <= 10 {
		value = value*10 + int(buf[i]-'0')
		i++
	}
	if i < len(buf) && buf[i] == '\r' {
		if i+1 == len(buf) {
			return 0, 0, nil
		}
		if i == digits || i-digits > 10 || buf[digits] == '0' && (i-digits > 1 || negative) {
			return 0, 0, invalid
		}
		if negative {
			value = -value
		}
		return value, i + 2, nil
	}
	// Not a number, or not whole: that depends on whether the line has ended.
	end := bytes.IndexByte(buf[at:], '\r')
	switch {
	case end < 0 && len(buf)-at > MaxInlineBytes:
		return 0, 0, tooLong
	case end < 0 || at+end+1 == len(buf):
		return 0, 0, nil
	}
	return 0, 0, invalid
}

// inline reads a request typed as a line of words.
func (p *Parser) inline(buf []byte, args [][]byte) (all [][]byte, n int, err error) {
	end := bytes.IndexByte(buf, '\n')
	if end < 0 {
		if len(buf) > MaxInlineBytes {
			return args, 0, ProtocolError("too big inline request")
		}
		return args, 0, nil
	}
	line := bytes.TrimSuffix(buf[:end], []byte("\r"))
	if len(line) > MaxInlineBytes {
		return args, 0, ProtocolError("too big inline request")
	}
	words, ok := SplitArgs(line)
	if !ok {
		return args, 0, ProtocolError("unbalanced quotes in request")
	}
	return append(args, words...), end + 1, nil
}

// SplitArgs splits a line into words as Redis does for inline requests and its
// configuration: "..." with \n, \r, \t, \b, \a, \xHH and escaped bytes, '...' with \'
// only. ok is false when quotes are not balanced or not followed by a space.
func SplitArgs(line []byte) (args [][]byte, ok bool) {
	for i := 0; ; {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		if i == len(line) || line[i] == 0 {
			return args, true
		}
		word, next, ok := splitWord(line, i)
		if !ok {
			return nil, false
		}
		args = append(args, word)
		i = next
	}
}

func splitWord(line []byte, i int) (word []byte, next int, ok bool) {
	word = []byte{}
	for i < len(line) && !isSpace(line[i]) && line[i] != 0 {
		switch c := line[i]; c {
		case '"', '\'':
			closed := false
			for i++; i < len(line) && !closed; {
				var b byte
				switch {
				case line[i] == c:
					closed = true
					i++
					continue
				case line[i] == '\\' && c == '"' && i+3 < len(line) && line[i+1] == 'x' && isHex(line[i+2]) && isHex(line[i+3]):
					b = unhex(line[i+2])<<4 | unhex(line[i+3])
					i += 4
				case line[i] == '\\' && c == '"' && i+1 < len(line):
					b = unescape(line[i+1])
					i += 2
				case line[i] == '\\' && c == '\'' && i+1 < len(line) && line[i+1] == '\'':
					b = '\''
					i += 2
				default:
					b = line[i]
					i++
				}
				word = append(word, b)
			}
			if !closed || i < len(line) && !isSpace(line[i]) {
				return nil, 0, false
			}
			return word, i, true
		default:
			word = append(word, c)
			i++
		}
	}
	return word, i, true
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'a':
		return '\a'
	}
	return c
}

// AppendRequest appends a request in the form in which a client sends it.
func AppendRequest(b []byte, args ...[]byte) []byte {
	b = redcon.AppendArray(b, len(args))
	for _, arg := range args {
		b = redcon.AppendBulk(b, arg)
	}
	return b
}

// Detach returns a parser that keeps p's place in a request, and readies p for
// another.
func (p *Parser) Detach() *Parser {
	own := *p
	*p = Parser{}
	return &own
}

// Reset readies the parser for another request.
func (p *Parser) Reset() { p.begun = false }
