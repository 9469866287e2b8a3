package server

// hyperloglogCommands is the table of the commands on HyperLogLogs.
func hyperloglogCommands() []command {
	return []command{
		{name: "pfadd", handler: pfaddCommand, arity: -2, flags: write | denyOOM | fast, group: "hyperloglog", since: "2.8.9", complexity: "O(1)",
			summary: "Adds elements to a HyperLogLog.",
			keys:    []keySpec{keyAt(1, "RW insert")},
			syntax:  "key [element [element ...]]"},
		{name: "pfcount", handler: pfcountCommand, arity: -2, flags: readonly, group: "hyperloglog", since: "2.8.9", complexity: "O(1)",
			summary: "Estimates the number of distinct elements.",
			keys:    []keySpec{keyRange(1, -1, 1, "RW access")},
			syntax:  "key [key ...]"},
		{name: "pfmerge", handler: pfmergeCommand, arity: -2, flags: write | denyOOM, group: "hyperloglog", since: "2.8.9", complexity: "O(N)",
			summary: "Merges HyperLogLogs.",
			keys:    []keySpec{keyAt(1, "RW access insert"), keyRange(2, -1, 1, "RO access")},
			syntax:  "destkey sourcekey [sourcekey ...]"},
	}
}
