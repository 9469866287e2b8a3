package server

import "fmt"

// replyError is an error that a client is told: the code, then Redis's text.
type replyError string

func (e replyError) Error() string { return string(e) }

// The errors of more than one command. Those of a single command stand with it.
const (
	errSyntax        = replyError("ERR syntax error")
	errWrongType     = replyError("WRONGTYPE Operation against a key holding the wrong kind of value")
	errNotInt        = replyError("ERR value is not an integer or out of range")
	errNotPositive   = replyError("ERR value is out of range, must be positive")
	errOutOfRange    = replyError("ERR value is out of range")
	errCountRange    = replyError("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
	errNotFloat      = replyError("ERR value is not a valid float")
	errNoKey         = replyError("ERR no such key")
	errOverflow      = replyError("ERR increment or decrement would overflow")
	errNaN           = replyError("ERR increment would produce NaN or Infinity")
	errNoAuth        = replyError("NOAUTH Authentication required.")
	errWrongPass     = replyError("WRONGPASS invalid username-password pair or user is disabled.")
	errTooLong       = replyError("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
	errDBIndex       = replyError("ERR DB index is out of range")
	errIntRange      = replyError("ERR value is out of range, value must between -2147483648 and 2147483647")
	errInvalidCursor = replyError("ERR invalid cursor")
	errMinMaxFloat   = replyError("ERR min or max is not a float")
	errMinMaxLex     = replyError("ERR min or max not valid string range item")
	errTimeoutInt    = replyError("ERR timeout is not an integer or out of range")
	errTimeoutSign   = replyError("ERR timeout is negative")
	errWeight        = replyError("ERR weight value is not a float")
	errMaxClients    = replyError("ERR max number of clients reached")
	errProtected     = replyError("DENIED cached is running in protected mode because protected mode is enabled and no " +
		"password is set for the default user. In this mode connections are only accepted from the loopback " +
		"interface. Set a password with requirepass, or protected-mode no, to accept connections from elsewhere.")
)

func errf(format string, args ...any) error { return replyError(fmt.Sprintf(format, args...)) }

func errArity(name string) error {
	return errf("ERR wrong number of arguments for '%s' command", name)
}

func errExpire(command string) error {
	return errf("ERR invalid expire time in '%s' command", command)
}

func errNumkeys(command string) error {
	return errf("ERR at least 1 input key is needed for '%s' command", command)
}
