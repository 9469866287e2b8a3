package server

import "strings"

// COMMAND DOCS describes arguments as trees. They are made from the syntax in a command's
// row, which is in the notation of the Redis documentation:
//
//	name          an argument
//	WORD          a word to be given as it is; a name after it is its operand
//	[x]           x may be left out
//	<x|y>, [x|y]  one of several
//	x [x ...]     x any number of times

// argument is one node of the tree.
type argument struct {
	name, typ, token string
	optional         bool
	multiple         bool
	multipleToken    bool
	args             []argument
}

// syntaxReader reads a syntax word by word.
type syntaxReader struct{ words []string }

// parseSyntax returns the arguments that a syntax describes.
func parseSyntax(syntax string) []argument {
	var spaced strings.Builder
	for _, r := range syntax {
		if strings.ContainsRune("[]<>|", r) {
			spaced.WriteRune(' ')
			spaced.WriteRune(r)
			spaced.WriteRune(' ')
		} else {
			spaced.WriteRune(r)
		}
	}
	r := syntaxReader{strings.Fields(spaced.String())}
	return r.sequence()
}

func (r *syntaxReader) peek() string {
	if len(r.words) == 0 {
		return ""
	}
	return r.words[0]
}

func (r *syntaxReader) next() string {
	word := r.words[0]
	r.words = r.words[1:]
	return word
}

// sequence reads arguments up to the end of the group or branch.
func (r *syntaxReader) sequence() []argument {
	var args []argument
	for {
		switch word := r.peek(); word {
		case "", "]", ">", "|":
			return args
		case "[", "<":
			r.next()
			branches, repeats := r.branches()
			r.next()
			if repeats {
				args = repeat(args, branches[0])
				continue
			}
			group := oneOf(branches)
			group.optional = word == "["
			args = append(args, group)
		default:
			args = append(args, r.word()...)
		}
	}
}

// branches reads what stands between brackets; repeats is whether it ends with dots.
func (r *syntaxReader) branches() (branches [][]argument, repeats bool) {
	for {
		branches = append(branches, r.sequence())
		last := &branches[len(branches)-1]
		if n := len(*last); n > 0 && (*last)[n-1].name == "..." {
			*last = (*last)[:n-1]
			repeats = true
		}
		if r.peek() != "|" {
			return branches, repeats
		}
		r.next()
	}
}

// word reads a word with its operands, or a name.
func (r *syntaxReader) word() []argument {
	word := r.next()
	if !isToken(word) {
		return []argument{{name: word, typ: typeOf(word)}}
	}
	var operands []argument
	for isName(r.peek()) {
		name := r.next()
		operands = append(operands, argument{name: name, typ: typeOf(name)})
	}
	name := strings.ToLower(word)
	switch len(operands) {
	case 0:
		if r.peek() == "<" {
			r.next()
			branches, _ := r.branches()
			r.next()
			group := oneOf(branches)
			group.name, group.token = name, word
			return []argument{group}
		}
		return []argument{{name: name, typ: "pure-token", token: word}}
	case 1:
		operands[0].token = word
		return operands
	}
	return []argument{{name: name, typ: "block", token: word, args: operands}}
}

func isToken(word string) bool { return word != "" && word == strings.ToUpper(word) && word != "..." }

func isName(word string) bool {
	return word != "" && !strings.ContainsAny(word, "[]<>|.") && !isToken(word)
}

// repeat marks the last of args that unit repeats as multiple; several together become
// a block.
func repeat(args, unit []argument) []argument {
	from := max(len(args)-len(unit), 0)
	if len(unit) != 1 {
		block := argument{name: "data", typ: "block", multiple: true, args: append([]argument(nil), args[from:]...)}
		return append(args[:from], block)
	}
	last := &args[len(args)-1]
	last.multiple = true
	last.multipleToken = last.token != "" && unit[0].token != ""
	return args
}

func oneOf(branches [][]argument) argument {
	if len(branches) == 1 && len(branches[0]) == 1 {
		return branches[0][0]
	}
	if len(branches) == 1 {
		return argument{name: branches[0][0].name, typ: "block", args: branches[0]}
	}
	group := argument{typ: "oneof"}
	var names []string
	for _, branch := range branches {
		one := oneOf([][]argument{branch})
		names = append(names, one.name)
		group.args = append(group.args, one)
	}
	group.name = strings.Join(names, "-")
	return group
}

// typeOf tells the type of an argument from its name.
func typeOf(name string) string {
	switch name {
	case "key", "newkey", "destkey", "sourcekey", "source", "destination", "key1", "key2", "dst", "src":
		return "key"
	case "pattern":
		return "pattern"
	case "longitude", "latitude", "radius", "width", "height", "score":
		return "double"
	case "seconds", "milliseconds", "count", "numkeys", "numfields", "offset", "cursor", "index", "index1", "index2",
		"db", "destination-db", "limit", "len", "bit", "client-id", "timeout", "protover", "weight", "decrement":
		return "integer"
	}
	if strings.HasPrefix(name, "unix-time") {
		return "unix-time"
	}
	return "string"
}
