// Package geohash turns places into the integers that Redis stores as scores:
// 26 bits of longitude and 26 of latitude, interleaved, so that places near each
// other share a prefix. Latitudes end at 85.05112878, where Web Mercator does.
package geohash

import "math"

// Limits of what can be stored, in degrees.
const (
	LongitudeMax = 180.0
	LatitudeMax  = 85.05112878

	// MaxStep is the number of bits for each coordinate.
	MaxStep = 26

	earthRadius = 6372797.560856 // metres, as in Redis
	mercatorMax = 20037726.37
)

// Cell is a rectangle of the earth: the first Step bits of both coordinates.
type Cell struct {
	Bits uint64
	Step int
}

// Area is a rectangle in degrees.
type Area struct{ MinLon, MaxLon, MinLat, MaxLat float64 }

// Point is a place in degrees.
type Point struct{ Lon, Lat float64 }

// Valid reports whether a place can be stored.
func (p Point) Valid() bool {
	return p.Lon >= -LongitudeMax && p.Lon <= LongitudeMax && p.Lat >= -LatitudeMax && p.Lat <= LatitudeMax
}

// Encode returns the cell of a place.
func Encode(p Point, step int) Cell {
	return encode(p, step, LatitudeMax)
}

func encode(p Point, step int, latitudeMax float64) Cell {
	lat := (p.Lat + latitudeMax) / (2 * latitudeMax)
	lon := (p.Lon + LongitudeMax) / (2 * LongitudeMax)
	scale := float64(uint64(1) << step)
	return Cell{interleave(uint32(lat*scale), uint32(lon*scale)), step}
}

// Decode returns the rectangle of a cell.
func (c Cell) Decode() Area {
	lat, lon := deinterleave(c.Bits)
	scale := float64(uint64(1) << c.Step)
	edge := func(limit float64, i uint32) float64 { return -limit + float64(i)/scale*(2*limit) }
	return Area{
		MinLat: edge(LatitudeMax, lat), MaxLat: edge(LatitudeMax, lat+1),
		MinLon: edge(LongitudeMax, lon), MaxLon: edge(LongitudeMax, lon+1),
	}
}

// Centre returns the place in the middle of a cell.
func (c Cell) Centre() Point {
	a := c.Decode()
	return Point{
		Lon: min(max((a.MinLon+a.MaxLon)/2, -LongitudeMax), LongitudeMax),
		Lat: min(max((a.MinLat+a.MaxLat)/2, -LatitudeMax), LatitudeMax),
	}
}

// FromScore returns the cell that a score stands for. A score that is no place's
// (ZADD stores any) is converted as a C compiler's code does on amd64, so that it is found
// where Redis finds it.
func FromScore(score float64) Cell {
	if score < 1<<63 {
		return Cell{truncate(score), MaxStep}
	}
	return Cell{truncate(score-1<<63) ^ 1<<63, MaxStep}
}

// truncate is the instruction CVTTSD2SI.
func truncate(f float64) uint64 {
	if f >= -1<<63 && f < 1<<63 {
		return uint64(int64(f))
	}
	return 1 << 63
}

// Range returns the scores of the places in a cell: from low up to, not including, high.
func (c Cell) Range() (low, high uint64) {
	shift := 2 * (MaxStep - c.Step)
	return c.Bits << shift, (c.Bits + 1) << shift
}

// Text returns the standard geohash of a place: 11 characters of base 32, the last
// always 0, as Redis answers it. Standard geohashes reach to the poles.
func Text(p Point) string {
	const alphabet = "0123456789bcdefghjkmnpqrstuvwxyz"
	cell := encode(p, MaxStep, 90)
	var text [11]byte
	for i := range 10 {
		text[i] = alphabet[cell.Bits>>(52-(i+1)*5)&31]
	}
	text[10] = '0'
	return string(text[:])
}

// interleave puts the bits of a at the even places and those of b at the odd ones.
func interleave(a, b uint32) uint64 { return spread(a) | spread(b)<<1 }

func deinterleave(bits uint64) (a, b uint32) { return squash(bits), squash(bits >> 1) }

func spread(v uint32) uint64 {
	x := uint64(v)
	x = (x | x<<16) & 0x0000FFFF0000FFFF
	x = (x | x<<8) & 0x00FF00FF00FF00FF
	x = (x | x<<4) & 0x0F0F0F0F0F0F0F0F
	x = (x | x<<2) & 0x3333333333333333
	return (x | x<<1) & 0x5555555555555555
}

func squash(x uint64) uint32 {
	x &= 0x5555555555555555
	x = (x | x>>1) & 0x3333333333333333
	x = (x | x>>2) & 0x0F0F0F0F0F0F0F0F
	x = (x | x>>4) & 0x00FF00FF00FF00FF
	x = (x | x>>8) & 0x0000FFFF0000FFFF
	return uint32(x | x>>16)
}

// move returns the cell a step away in each direction, around the edge of the world.
func (c Cell) move(east, north int) Cell {
	lat, lon := deinterleave(c.Bits)
	mask := uint32(1)<<c.Step - 1
	// A coordinate that does not move stays as it is: that of the eastern edge, 180
	// degrees, has one bit more.
	if east != 0 {
		lon = (lon + uint32(east)) & mask
	}
	if north != 0 {
		lat = (lat + uint32(north)) & mask
	}
	return Cell{interleave(lat, lon), c.Step}
}

func radians(degrees float64) float64 { return degrees * (math.Pi / 180) }
func degrees(radians float64) float64 { return radians / (math.Pi / 180) }

// Distance returns the metres between two places along a great circle (haversine).
func Distance(a, b Point) float64 {
	v := math.Sin((radians(b.Lon) - radians(a.Lon)) / 2)
	if v == 0 {
		return latitudeDistance(a.Lat, b.Lat)
	}
	lat1, lat2 := radians(a.Lat), radians(b.Lat)
	u := math.Sin((lat2 - lat1) / 2)
	return 2 * earthRadius * math.Asin(min(math.Sqrt(u*u+math.Cos(lat1)*math.Cos(lat2)*v*v), 1))
}

func latitudeDistance(a, b float64) float64 { return earthRadius * math.Abs(radians(b)-radians(a)) }

// Shape is a circle or a box around a place; lengths are in metres.
type Shape struct {
	Centre        Point
	Box           bool
	Radius        float64
	Width, Height float64
}

// Contains returns the distance of a place from the centre, and whether the place is
// within the shape.
func (s *Shape) Contains(p Point) (distance float64, ok bool) {
	if s.Box {
		if latitudeDistance(p.Lat, s.Centre.Lat) > s.Height/2 ||
			Distance(p, Point{s.Centre.Lon, p.Lat}) > s.Width/2 {
			return 0, false
		}
		return Distance(s.Centre, p), true
	}
	distance = Distance(s.Centre, p)
	return distance, distance <= s.Radius
}

func (s *Shape) bounds() Area {
	height, width := s.Radius, s.Radius
	if s.Box {
		height, width = s.Height/2, s.Width/2
	}
	latDelta := degrees(height / earthRadius)
	lat := s.Centre.Lat + latDelta
	if s.Centre.Lat < 0 {
		lat = s.Centre.Lat - latDelta
	}
	lonDelta := degrees(width / earthRadius / math.Cos(radians(lat)))
	return Area{MinLon: s.Centre.Lon - lonDelta, MaxLon: s.Centre.Lon + lonDelta,
		MinLat: s.Centre.Lat - latDelta, MaxLat: s.Centre.Lat + latDelta}
}

// estimateStep is the finest step at which nine cells cover a circle.
func estimateStep(radius, lat float64) int {
	if radius == 0 {
		return MaxStep
	}
	step := 1
	for radius < mercatorMax {
		radius *= 2
		step++
	}
	step -= 2
	if lat > 66 || lat < -66 {
		step--
		if lat > 80 || lat < -80 {
			step--
		}
	}
	return min(max(step, 1), MaxStep)
}

// Cover returns the cells, at most nine, that hold every place of a shape, in the
// order in which Redis looks at them.
func (s *Shape) Cover() []Cell {
	radius := s.Radius
	if s.Box {
		radius = math.Sqrt(s.Width/2*(s.Width/2) + s.Height/2*(s.Height/2))
	}
	bounds := s.bounds()
	step := estimateStep(radius, s.Centre.Lat)
	cell := Encode(s.Centre, step)
	if step > 1 && (cell.move(0, 1).Decode().MaxLat < bounds.MaxLat || cell.move(0, -1).Decode().MinLat > bounds.MinLat ||
		cell.move(1, 0).Decode().MaxLon < bounds.MaxLon || cell.move(-1, 0).Decode().MinLon > bounds.MinLon) {
		step--
		cell = Encode(s.Centre, step)
	}
	area := cell.Decode()
	var cells []Cell
	for _, d := range [9]struct{ east, north int }{{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}} {
		if step >= 2 && (d.north < 0 && area.MinLat < bounds.MinLat || d.north > 0 && area.MaxLat > bounds.MaxLat ||
			d.east < 0 && area.MinLon < bounds.MinLon || d.east > 0 && area.MaxLon > bounds.MaxLon) {
			continue
		}
		next := cell.move(d.east, d.north)
		// With a huge shape, neighbours are the same cell.
		if len(cells) == 0 || cells[len(cells)-1] != next {
			cells = append(cells, next)
		}
	}
	return cells
}
