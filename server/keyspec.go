package server

import "strconv"

// keySpec says where a command has keys, as COMMAND INFO tells: a place to begin at
// (an index or after a word) and a range or a count of keys from there on.
type keySpec struct {
	flags   string
	begin   int    // index; with a keyword: where to start looking for it, negative from the end
	keyword string // "": begin is the first key's index
	unknown bool   // cannot be told without knowing the command
	counted bool   // the argument at begin is the number of keys, which follow
	last    int    // range: relative to the first key, negative from the end
	step    int
}

func keyAt(index int, flags string) keySpec { return keySpec{flags: flags, begin: index, step: 1} }

func keyRange(index, last, step int, flags string) keySpec {
	return keySpec{flags: flags, begin: index, last: last, step: step}
}

func keyCount(index int, flags string) keySpec {
	return keySpec{flags: flags, begin: index, counted: true, step: 1}
}

// keyPairs is keyCount for keys that are each followed by a value.
func keyPairs(index int, flags string) keySpec {
	return keySpec{flags: flags, begin: index, counted: true, step: 2}
}

func keyAfter(word string, from int, flags string) keySpec {
	return keySpec{flags: flags, begin: from, keyword: word, step: 1}
}

func keyUnknown(flags string) keySpec { return keySpec{flags: flags, unknown: true} }

// find returns the indexes of the keys in a request; ok is false when the
// arguments are not what the command takes.
func (k *keySpec) find(args [][]byte) (keys []int, ok bool) {
	first := k.begin
	switch {
	case k.unknown:
		return k.findStore(args), true
	case k.keyword != "":
		if first = findWord(args, k.keyword, k.begin); first < 0 {
			return nil, true
		}
	}
	if k.counted {
		if first >= len(args) {
			return nil, false
		}
		count, err := strconv.Atoi(string(args[first]))
		if err != nil || count < 1 || count > (len(args)-first-1)/k.step {
			return nil, false
		}
		for i := range count {
			keys = append(keys, first+1+i*k.step)
		}
		return keys, true
	}
	last := first + k.last
	if k.last < 0 {
		last = len(args) + k.last
	}
	for i := first; i <= last; i += k.step {
		if i >= len(args) {
			return nil, false
		}
		keys = append(keys, i)
	}
	return keys, true
}

// findWord returns the index after a word, -1: it is not there.
func findWord(args [][]byte, word string, from int) int {
	step := 1
	if from < 0 {
		from, step = len(args)+from, -1
	}
	for i := from; i > 0 && i < len(args); i += step {
		if is(args[i], word) && i+1 < len(args) {
			return i + 1
		}
	}
	return -1
}

// findStore finds the destination of SORT: the only key that no rule describes.
func (k *keySpec) findStore(args [][]byte) []int {
	if at := findWord(args, "STORE", 2); at > 0 && k.flags[:2] == "OW" {
		return []int{at}
	}
	return nil
}

// keysOf returns the indexes of all keys of a request, with the flags of each.
func (cmd *command) keysOf(args [][]byte) (keys []int, keyFlags []string, ok bool) {
	for i := range cmd.keys {
		found, ok := cmd.keys[i].find(args)
		if !ok {
			return nil, nil, false
		}
		for _, key := range found {
			keys = append(keys, key)
			keyFlags = append(keyFlags, cmd.keys[i].flags)
		}
	}
	return keys, keyFlags, true
}

// legacyRange is the first key, last key and step that clients from before Redis 7
// know.
func (cmd *command) legacyRange() (first, last, step int) {
	for i := range cmd.keys {
		k := &cmd.keys[i]
		if k.unknown || k.counted || k.keyword != "" {
			continue
		}
		end := k.last
		if end >= 0 {
			end += k.begin
		}
		switch {
		case first == 0:
			first, last, step = k.begin, end, k.step
		case last == k.begin-1 && k.step == 1:
			last = end
		}
	}
	return first, last, step
}
