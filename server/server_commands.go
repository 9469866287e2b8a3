package server

import (
	"fmt"
	"strings"
	"time"
)

func timeCommand(c *call) error {
	now := time.Now()
	c.w.Array(2)
	c.w.BulkString(fmt.Sprint(now.Unix()))
	c.w.BulkString(fmt.Sprint(now.Nanosecond() / 1000))
	return nil
}

func shutdownCommand(c *call) error {
	save, noSave := false, false
	for _, arg := range c.args[1:] {
		save, noSave = save || is(arg, "SAVE"), noSave || is(arg, "NOSAVE")
		switch {
		case save && noSave:
			return errSyntax
		case is(arg, "ABORT"):
			if len(c.args) > 2 {
				return errSyntax
			}
			return replyError("ERR No shutdown in progress.")
		case !is(arg, "NOSAVE") && !is(arg, "SAVE") && !is(arg, "NOW") && !is(arg, "FORCE"):
			return errSyntax
		}
	}
	c.srv.log.Info("User requested shutdown...")
	c.srv.stopping = true
	return nil
}

// lolwutCommand draws the shape of the table: a Sierpinski triangle, which is what
// doubling in place looks like.
func lolwutCommand(c *call) error {
	var b strings.Builder
	const rows = 16
	for y := range rows {
		b.WriteString(strings.Repeat(" ", rows-1-y))
		for x := range y + 1 {
			if x&(y-x) == 0 {
				b.WriteString("* ")
			} else {
				b.WriteString("  ")
			}
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "\nRedis ver. %s, cached ver. %s\n", redisVersion, Version)
	c.w.Verbatim("txt", b.String())
	return nil
}

func configGetCommand(c *call) error {
	var names, values []string
	for i := range directives {
		d := &directives[i]
		for _, name := range []string{d.name, d.alias} {
			if name != "" && matchesAny(c.args[2:], name) {
				names = append(names, name)
				values = append(values, d.value.get(&c.srv.config))
			}
		}
	}
	c.w.Map(len(names))
	for i := range names {
		c.w.BulkString(names[i])
		c.w.BulkString(values[i])
	}
	return nil
}

func matchesAny(patterns [][]byte, name string) bool {
	for _, pattern := range patterns {
		if matchGlob(pattern, []byte(name), true) {
			return true
		}
	}
	return false
}

// configSetCommand sets directives all or nothing: they are tried on a copy.
func configSetCommand(c *call) error {
	if len(c.args)%2 != 0 {
		return errArity("config|set")
	}
	config := c.srv.config
	seen := map[*directive]bool{}
	for i := 2; i < len(c.args); i += 2 {
		name, text := c.args[i], string(c.args[i+1])
		d := findDirective(string(name))
		failed := func(why string) error {
			return errf("ERR CONFIG SET failed (possibly related to argument '%s') - %s", name, why)
		}
		switch {
		case d == nil:
			return errf("ERR Unknown option or number of arguments for CONFIG SET - '%s'", name)
		case d.immutable:
			return failed("can't set immutable config")
		case seen[d]:
			return failed("duplicate parameter")
		}
		seen[d] = true
		if err := d.value.set(&config, text); err != nil {
			return failed(err.Error())
		}
	}
	c.srv.config = config
	c.srv.applyConfig()
	c.w.OK()
	return nil
}

func configResetstatCommand(c *call) error {
	c.srv.stats = stats{}
	c.srv.store.Expired, c.srv.store.ExpiredFields = 0, 0
	for _, row := range c.srv.commands.all() {
		row.stats = commandStats{}
	}
	c.w.OK()
	return nil
}

func configHelpCommand(c *call) error { return c.help("config") }
