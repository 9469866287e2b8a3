package server

import (
	"slices"
	"strings"
)

// COMMAND and its subcommands: the table, told to clients.

// aclOrder is the order in which Redis names the categories.
var aclOrder = []string{"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog",
	"geo", "stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting"}

// aclOfGroup is the category that a group implies.
var aclOfGroup = map[string]string{"string": "string", "hash": "hash", "sorted-set": "sortedset", "bitmap": "bitmap",
	"hyperloglog": "hyperloglog", "geo": "geo", "generic": "keyspace", "connection": "connection"}

// categories returns the ACL categories of a command.
func (cmd *command) categories() []string {
	in := map[string]bool{}
	if cmd.acl != nil {
		for _, category := range cmd.acl {
			in[category] = true
		}
	} else if cmd.handler != nil {
		in[aclOfGroup[cmd.group]] = true
	}
	for flag, names := range map[flags][]string{write: {"write"}, readonly: {"read"}, fast: {"fast"},
		admin: {"admin", "dangerous"}, pubsubFlag: {"pubsub"}, blocking: {"blocking"}} {
		for _, name := range names {
			if cmd.flags&flag != 0 {
				in[name] = true
			}
		}
	}
	if cmd.flags&fast == 0 {
		in["slow"] = true
	}
	var names []string
	for _, name := range aclOrder {
		if in[name] {
			names = append(names, name)
		}
	}
	return names
}

func commandCommand(c *call) error {
	c.w.Array(len(c.srv.commands.rows))
	for _, cmd := range c.srv.commands.rows {
		c.commandInfo(cmd)
	}
	return nil
}

func commandCountCommand(c *call) error {
	c.w.Int(int64(len(c.srv.commands.rows)))
	return nil
}

// named returns the command of a name, in whatever case, subcommands as container|sub;
// nil: there is none.
func (t *commandTable) named(arg []byte) *command {
	name, sub, isSub := strings.Cut(strings.ToLower(string(arg)), "|")
	cmd := t.byName[name]
	if cmd != nil && isSub {
		return cmd.bySub[sub]
	}
	return cmd
}

func commandInfoCommand(c *call) error {
	if len(c.args) == 2 {
		return commandCommand(c)
	}
	c.w.Array(len(c.args) - 2)
	for _, arg := range c.args[2:] {
		if cmd := c.srv.commands.named(arg); cmd != nil {
			c.commandInfo(cmd)
		} else {
			c.w.Null()
		}
	}
	return nil
}

func (c *call) statuses(names []string, prefix string) {
	c.w.Set(len(names))
	for _, name := range names {
		c.w.Status(prefix + name)
	}
}

func (c *call) commandInfo(cmd *command) {
	first, last, step := cmd.legacyRange()
	c.w.Array(10)
	c.w.BulkString(cmd.fullName)
	c.w.Int(int64(cmd.arity))
	c.statuses(cmd.flags.names(), "")
	c.w.Int(int64(first))
	c.w.Int(int64(last))
	c.w.Int(int64(step))
	c.statuses(cmd.categories(), "@")
	c.bulks(cmd.tips)
	c.w.Set(len(cmd.keys))
	for i := range cmd.keys {
		c.keySpec(&cmd.keys[i])
	}
	c.w.Set(len(cmd.subs))
	for i := range cmd.subs {
		c.commandInfo(&cmd.subs[i])
	}
}

func (c *call) bulks(list []string) {
	c.w.Set(len(list))
	for _, s := range list {
		c.w.BulkString(s)
	}
}

func (c *call) keySpec(k *keySpec) {
	pairs := func(typ string, spec ...any) {
		c.w.Map(2)
		c.w.BulkString("type")
		c.w.BulkString(typ)
		c.w.BulkString("spec")
		c.w.Map(len(spec) / 2)
		for _, v := range spec {
			switch v := v.(type) {
			case string:
				c.w.BulkString(v)
			case int:
				c.w.Int(int64(v))
			}
		}
	}
	c.w.Map(3)
	c.w.BulkString("flags")
	c.statuses(strings.Fields(k.flags), "")
	c.w.BulkString("begin_search")
	switch {
	case k.unknown:
		pairs("unknown")
	case k.keyword != "":
		pairs("keyword", "keyword", k.keyword, "startfrom", k.begin)
	default:
		pairs("index", "index", k.begin)
	}
	c.w.BulkString("find_keys")
	switch {
	case k.unknown:
		pairs("unknown")
	case k.counted:
		pairs("keynum", "keynumidx", 0, "firstkey", 1, "keystep", k.step)
	default:
		pairs("range", "lastkey", k.last, "keystep", k.step, "limit", 0)
	}
}

func commandListCommand(c *call) error {
	keep := func(*command) bool { return true }
	switch args := c.args[2:]; {
	case len(args) == 0:
	case len(args) == 3 && is(args[0], "FILTERBY") && is(args[1], "MODULE"):
		keep = func(*command) bool { return false }
	case len(args) == 3 && is(args[0], "FILTERBY") && is(args[1], "ACLCAT"):
		category := strings.ToLower(string(args[2]))
		keep = func(cmd *command) bool { return slices.Contains(cmd.categories(), category) }
	case len(args) == 3 && is(args[0], "FILTERBY") && is(args[1], "PATTERN"):
		keep = func(cmd *command) bool { return matchGlob(args[2], []byte(cmd.fullName), true) }
	default:
		return errSyntax
	}
	var names []string
	for _, cmd := range c.srv.commands.rows {
		if keep(cmd) {
			names = append(names, cmd.fullName)
		}
		for i := range cmd.subs {
			if sub := &cmd.subs[i]; keep(sub) {
				names = append(names, sub.fullName)
			}
		}
	}
	c.w.Array(len(names))
	for _, name := range names {
		c.w.BulkString(name)
	}
	return nil
}

func commandGetkeysCommand(c *call) error {
	keys, _, err := c.keysOfCommand()
	if err != nil {
		return err
	}
	c.w.Array(len(keys))
	for _, key := range keys {
		c.w.Bulk(c.args[2:][key])
	}
	return nil
}

func commandGetkeysandflagsCommand(c *call) error {
	keys, keyFlags, err := c.keysOfCommand()
	if err != nil {
		return err
	}
	c.w.Array(len(keys))
	for i, key := range keys {
		c.w.Array(2)
		c.w.Bulk(c.args[2:][key])
		c.statuses(strings.Fields(keyFlags[i]), "")
	}
	return nil
}

func (c *call) keysOfCommand() (keys []int, keyFlags []string, err error) {
	args := c.args[2:]
	cmd, err := c.srv.commands.lookup(args)
	switch {
	case cmd == nil:
		return nil, nil, replyError("ERR Invalid command specified")
	case len(cmd.keys) == 0:
		return nil, nil, replyError("ERR The command has no key arguments")
	case err != nil:
		return nil, nil, replyError("ERR Invalid number of arguments specified for command")
	}
	keys, keyFlags, ok := cmd.keysOf(args)
	if !ok {
		return nil, nil, replyError("ERR Invalid arguments specified for command")
	}
	if len(keys) == 0 {
		return nil, nil, replyError("ERR The command has no key arguments")
	}
	return keys, keyFlags, nil
}

func commandDocsCommand(c *call) error {
	cmds := c.srv.commands.rows
	if len(c.args) > 2 {
		cmds = nil
		for _, arg := range c.args[2:] {
			if cmd := c.srv.commands.named(arg); cmd != nil {
				cmds = append(cmds, cmd)
			}
		}
	}
	c.w.Map(len(cmds))
	for _, cmd := range cmds {
		c.w.BulkString(cmd.fullName)
		c.commandDocs(cmd)
	}
	return nil
}

func (c *call) commandDocs(cmd *command) {
	fields := [][2]string{{"summary", cmd.summary}, {"since", cmd.since}, {"group", cmd.group}, {"complexity", cmd.complexity}}
	fields = slices.DeleteFunc(fields, func(f [2]string) bool { return f[1] == "" })
	args := parseSyntax(cmd.syntax)
	n := len(fields)
	if len(args) > 0 {
		n++
	}
	if len(cmd.subs) > 0 {
		n++
	}
	c.w.Map(n)
	for _, f := range fields {
		c.w.BulkString(f[0])
		c.w.BulkString(f[1])
	}
	if len(args) > 0 {
		c.w.BulkString("arguments")
		keys := 0
		c.arguments(args, cmd, &keys)
	}
	if len(cmd.subs) > 0 {
		c.w.BulkString("subcommands")
		c.w.Map(len(cmd.subs))
		for i := range cmd.subs {
			c.w.BulkString(cmd.subs[i].fullName)
			c.commandDocs(&cmd.subs[i])
		}
	}
}

// arguments tells a list of arguments; keys counts those that are keys.
func (c *call) arguments(args []argument, cmd *command, keys *int) {
	c.w.Array(len(args))
	for i := range args {
		a := &args[i]
		mark, n := c.w.Deferred(), 2
		c.w.BulkString("name")
		c.w.BulkString(a.name)
		c.w.BulkString("type")
		c.w.BulkString(a.typ)
		if a.typ == "key" && *keys < len(cmd.keys) {
			c.w.BulkString("key_spec_index")
			c.w.Int(int64(*keys))
			*keys++
			n++
		}
		if a.token != "" {
			c.w.BulkString("token")
			c.w.BulkString(a.token)
			n++
		}
		var names []string
		for _, f := range []struct {
			on   bool
			name string
		}{{a.optional, "optional"}, {a.multiple, "multiple"}, {a.multipleToken, "multiple_token"}} {
			if f.on {
				names = append(names, f.name)
			}
		}
		if names != nil {
			c.w.BulkString("flags")
			c.statuses(names, "")
			n++
		}
		if len(a.args) > 0 {
			c.w.BulkString("arguments")
			c.arguments(a.args, cmd, keys)
			n++
		}
		c.w.MapAt(mark, n)
	}
}

func commandHelpCommand(c *call) error { return c.help("command") }
