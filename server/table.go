package server

// allCommands makes the table of all groups. It is made for each server, because the
// rows carry its statistics.
func allCommands() *commandTable {
	return newCommandTable(connectionCommands(), genericCommands(), stringCommands(), bitmapCommands(), hashCommands(),
		sortedSetCommands(), geoCommands(), hyperloglogCommands(), serverCommands())
}
