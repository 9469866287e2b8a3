//go:build !arenadebug

package arena

// Without the build tag arenadebug, blocks are not watched.
const debug = false

func poison([]byte)      {}
func checkPoison([]byte) {}
