package server

// bitmapCommands is the table of the commands on bits of strings.
func bitmapCommands() []command {
	return []command{
		{name: "bitcount", handler: bitcountCommand, arity: -2, flags: readonly, group: "bitmap", since: "2.6.0", complexity: "O(N)",
			summary: "Counts the bits that are set.",
			keys:    []keySpec{keyAt(1, "RO access")},
			syntax:  "key [start end [BYTE|BIT]]"},
		{name: "bitfield", handler: bitfieldCommand, arity: -2, flags: write | denyOOM, group: "bitmap", since: "3.2.0", complexity: "O(1)",
			summary: "Reads and changes integers of any width within a string.",
			keys:    []keySpec{keyAt(1, "RW access update variable_flags")},
			syntax:  "key [<GET encoding offset|[OVERFLOW <WRAP|SAT|FAIL>] <SET encoding offset value|INCRBY encoding offset increment>> [<GET encoding offset|[OVERFLOW <WRAP|SAT|FAIL>] <SET encoding offset value|INCRBY encoding offset increment>> ...]]"},
		{name: "bitfield_ro", handler: bitfieldRoCommand, arity: -2, flags: readonly | fast, group: "bitmap", since: "6.0.0", complexity: "O(1)",
			summary: "Reads integers of any width within a string.",
			keys:    []keySpec{keyAt(1, "RO access")},
			syntax:  "key [GET encoding offset [GET encoding offset ...]]"},
		{name: "bitop", handler: bitopCommand, arity: -4, flags: write | denyOOM, group: "bitmap", since: "2.6.0", complexity: "O(N)",
			summary: "Combines strings bit by bit.",
			keys:    []keySpec{keyAt(2, "OW update"), keyRange(3, -1, 1, "RO access")},
			syntax:  "operation destkey key [key ...]"},
		{name: "bitpos", handler: bitposCommand, arity: -3, flags: readonly, group: "bitmap", since: "2.8.7", complexity: "O(N)",
			summary: "Finds the first bit that is set or clear.",
			keys:    []keySpec{keyAt(1, "RO access")},
			syntax:  "key bit [start [end [BYTE|BIT]]]"},
		{name: "getbit", handler: getbitCommand, arity: 3, flags: readonly | fast, group: "bitmap", since: "2.2.0", complexity: "O(1)",
			summary: "Answers a bit of a string.",
			keys:    []keySpec{keyAt(1, "RO access")},
			syntax:  "key offset"},
		{name: "setbit", handler: setbitCommand, arity: 4, flags: write | denyOOM, group: "bitmap", since: "2.2.0", complexity: "O(1)",
			summary: "Sets or clears a bit of a string.",
			keys:    []keySpec{keyAt(1, "RW access update")},
			syntax:  "key offset value"},
	}
}
