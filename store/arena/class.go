package arena

import "encoding/binary"

// Size classes: 8-byte steps to 128, then eight a doubling to 8 KiB. A block
// is at most an eighth larger than what was asked for.

const (
	maxSmall   = 8192
	numClasses = 16 + 6*8
)

var (
	classSize [numClasses]uint16
	classFor  [maxSmall/8 + 1]uint8 // class of a size in 8-byte steps
)

func init() {
	n := 0
	for size := 8; size <= 128; size += 8 {
		classSize[n] = uint16(size)
		n++
	}
	for base := 128; base < maxSmall; base *= 2 {
		for i := 1; i <= 8; i++ {
			classSize[n] = uint16(base + i*base/8)
			n++
		}
	}
	class := 0
	for steps := 1; steps < len(classFor); steps++ {
		if int(classSize[class]) < steps*8 {
			class++
		}
		classFor[steps] = uint8(class)
	}
}

func classOf(size int) uint8 { return classFor[(size+7)>>3] }

func leUint32(b []byte) uint32     { return binary.LittleEndian.Uint32(b) }
func putUint32(b []byte, v uint32) { binary.LittleEndian.PutUint32(b, v) }
