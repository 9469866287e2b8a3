package server

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"cached/store"
	"cached/store/geohash"
)

// geoUnits are the metres in one of each unit.
var geoUnits = []struct {
	name   string
	metres float64
}{{"M", 1}, {"KM", 1000}, {"FT", 0.3048}, {"MI", 1609.34}}

func parseGeoUnit(arg []byte) (metres float64, err error) {
	for _, u := range geoUnits {
		if is(arg, u.name) {
			return u.metres, nil
		}
	}
	return 0, replyError("ERR unsupported unit provided. please use M, KM, FT, MI")
}

func parsePoint(lon, lat []byte) (p geohash.Point, err error) {
	if p.Lon, err = parseFloat(lon); err != nil {
		return p, err
	}
	if p.Lat, err = parseFloat(lat); err != nil {
		return p, err
	}
	if !p.Valid() {
		text := fmt.Sprintf("%f,%f", p.Lon, p.Lat)
		text = strings.NewReplacer("+Inf", "inf", "-Inf", "-inf").Replace(text)
		return p, replyError("ERR invalid longitude,latitude pair " + text)
	}
	return p, nil
}

func geoaddCommand(c *call) error {
	var o zaddOptions
	triples := c.args[2:]
options:
	for len(triples) > 0 {
		switch arg := triples[0]; {
		case is(arg, "NX"):
			o.nx = true
		case is(arg, "XX"):
			o.xx = true
		case is(arg, "CH"):
			o.ch = true
		default:
			break options
		}
		triples = triples[1:]
	}
	if len(triples)%3 != 0 || o.nx && o.xx {
		return errSyntax
	}
	pairs := make([][]byte, 0, len(triples)/3*2)
	for i := 0; i < len(triples); i += 3 {
		p, err := parsePoint(triples[i], triples[i+1])
		if err != nil {
			return err
		}
		score := strconv.AppendUint(nil, geohash.Encode(p, geohash.MaxStep).Bits, 10)
		pairs = append(pairs, score, triples[i+2])
	}
	return c.zadd(o, pairs)
}

// place returns where a member is.
func place(e *store.Entry, name []byte) (geohash.Point, bool) {
	score, ok := e.ZScore(name)
	return geohash.FromScore(score).Centre(), ok
}

func geodistCommand(c *call) error {
	unit := 1.0
	var err error
	switch {
	case len(c.args) == 5:
		if unit, err = parseGeoUnit(c.args[4]); err != nil {
			return err
		}
	case len(c.args) > 5:
		return errSyntax
	}
	e, ok, err := c.find(c.args[1], store.ZSet)
	if err != nil {
		return err
	}
	if ok {
		a, okA := place(&e, c.args[2])
		b, okB := place(&e, c.args[3])
		if okA && okB {
			c.distance(geohash.Distance(a, b) / unit)
			return nil
		}
	}
	c.w.Null()
	return nil
}

func (c *call) distance(d float64) { c.w.Bulk(strconv.AppendFloat(nil, d, 'f', 4, 64)) }

func (c *call) coordinates(p geohash.Point) {
	c.w.Array(2)
	for _, f := range []float64{p.Lon, p.Lat} {
		c.longDouble(new(big.Float).SetPrec(longDoubleBits).SetFloat64(f))
	}
}

func geohashCommand(c *call) error {
	return c.eachPlace(func(p geohash.Point) { c.w.BulkString(geohash.Text(p)) }, c.w.Null)
}

func geoposCommand(c *call) error { return c.eachPlace(c.coordinates, c.w.NullArray) }

func (c *call) eachPlace(answer func(geohash.Point), absent func()) error {
	e, ok, err := c.find(c.args[1], store.ZSet)
	if err != nil {
		return err
	}
	c.w.Array(len(c.args) - 2)
	for _, name := range c.args[2:] {
		p, found := geohash.Point{}, false
		if ok {
			p, found = place(&e, name)
		}
		if found {
			answer(p)
		} else {
			absent()
		}
	}
	return nil
}

// geoQuery is a parsed request of the GEORADIUS and GEOSEARCH families.
type geoQuery struct {
	shape    geohash.Shape
	unit     float64 // metres
	located  bool    // FROMMEMBER or FROMLONLAT was given
	shaped   bool    // BYRADIUS or BYBOX was given
	withDist bool
	withHash bool
	withPos  bool
	count    int64
	any      bool
	order    int // 1: nearest first, -1: farthest first, 0: as found

	store     []byte // destination key, nil: answer
	storeDist bool
}

// geoForm is which command of the two families a query is.
type geoForm struct {
	search, stored   bool // GEOSEARCH, GEOSEARCHSTORE
	member, readOnly bool // GEORADIUSBYMEMBER, _RO
}

func georadiusCommand(c *call) error   { return c.geo(geoForm{}) }
func georadiusRoCommand(c *call) error { return c.geo(geoForm{readOnly: true}) }
func georadiusbymemberCommand(c *call) error {
	return c.geo(geoForm{member: true})
}
func georadiusbymemberRoCommand(c *call) error {
	return c.geo(geoForm{member: true, readOnly: true})
}
func geosearchCommand(c *call) error      { return c.geo(geoForm{search: true}) }
func geosearchstoreCommand(c *call) error { return c.geo(geoForm{search: true, stored: true}) }

const errNoPlace = replyError("ERR could not decode requested zset member")

func (c *call) geo(form geoForm) error {
	source := c.args[1]
	if form.stored {
		source = c.args[2]
	}
	e, ok, err := c.find(source, store.ZSet)
	if err != nil {
		return err
	}
	q := geoQuery{unit: 1}
	rest, err := c.geoCentre(&q, form, &e, ok)
	if err != nil {
		return err
	}
	if err := c.geoOptions(&q, form, rest, &e, ok); err != nil {
		return err
	}
	var found []geoMatch
	if ok {
		found = q.search(&e)
	}
	if q.store != nil {
		c.storeMembers(q.store, q.scored(found))
		return nil
	}
	c.answerGeo(&q, found)
	return nil
}

// geoCentre reads what stands at fixed places and returns the options after it.
func (c *call) geoCentre(q *geoQuery, form geoForm, e *store.Entry, ok bool) (rest [][]byte, err error) {
	switch {
	case form.stored:
		q.store = c.args[1]
		return c.args[3:], nil
	case form.search:
		return c.args[2:], nil
	case form.member:
		if !ok {
			return c.args[5:], nil
		}
		if q.shape.Centre, ok = place(e, c.args[2]); !ok {
			return nil, errNoPlace
		}
		return c.args[5:], q.radius(c.args[3:5])
	}
	if q.shape.Centre, err = parsePoint(c.args[2], c.args[3]); err != nil {
		return nil, err
	}
	return c.args[6:], q.radius(c.args[4:6])
}

func (q *geoQuery) radius(args [][]byte) (err error) {
	if q.shape.Radius, err = parseFloat(args[0]); err != nil {
		return replyError("ERR need numeric radius")
	}
	if q.shape.Radius < 0 {
		return replyError("ERR radius cannot be negative")
	}
	if q.unit, err = parseGeoUnit(args[1]); err != nil {
		return err
	}
	q.shape.Radius *= q.unit
	return nil
}

func (q *geoQuery) box(args [][]byte) (err error) {
	if q.shape.Width, err = parseFloat(args[0]); err != nil {
		return replyError("ERR need numeric width")
	}
	if q.shape.Height, err = parseFloat(args[1]); err != nil {
		return replyError("ERR need numeric height")
	}
	if q.shape.Width < 0 || q.shape.Height < 0 {
		return replyError("ERR height or width cannot be negative")
	}
	if q.unit, err = parseGeoUnit(args[2]); err != nil {
		return err
	}
	q.shape.Box = true
	q.shape.Width *= q.unit
	q.shape.Height *= q.unit
	return nil
}

func (c *call) geoOptions(q *geoQuery, form geoForm, args [][]byte, e *store.Entry, ok bool) (err error) {
	fromMember, fromPoint, byRadius, byBox := false, false, false, false
	for i := 0; i < len(args); i++ {
		arg, left := args[i], len(args)-i-1
		switch {
		case is(arg, "WITHDIST"):
			q.withDist = true
		case is(arg, "WITHHASH"):
			q.withHash = true
		case is(arg, "WITHCOORD"):
			q.withPos = true
		case is(arg, "ANY"):
			q.any = true
		case is(arg, "ASC"):
			q.order = 1
		case is(arg, "DESC"):
			q.order = -1
		case is(arg, "COUNT") && left > 0:
			if q.count, err = parseInt(args[i+1]); err != nil {
				return err
			}
			if q.count <= 0 {
				return replyError("ERR COUNT must be > 0")
			}
			i++
		case !form.search && !form.readOnly && (is(arg, "STORE") || is(arg, "STOREDIST")) && left > 0:
			q.store, q.storeDist = args[i+1], is(arg, "STOREDIST")
			i++
		case form.search && is(arg, "FROMMEMBER") && left > 0 && !fromPoint:
			fromMember = true
			if ok {
				var found bool
				if q.shape.Centre, found = place(e, args[i+1]); !found {
					return errNoPlace
				}
			}
			i++
		case form.search && is(arg, "FROMLONLAT") && left > 1 && !fromMember:
			fromPoint = true
			if q.shape.Centre, err = parsePoint(args[i+1], args[i+2]); err != nil {
				return err
			}
			i += 2
		case form.search && is(arg, "BYRADIUS") && left > 1 && !byBox:
			byRadius = true
			if err = q.radius(args[i+1 : i+3]); err != nil {
				return err
			}
			i += 2
		case form.search && is(arg, "BYBOX") && left > 2 && !byRadius:
			byBox = true
			if err = q.box(args[i+1 : i+4]); err != nil {
				return err
			}
			i += 3
		case form.stored && is(arg, "STOREDIST"):
			q.storeDist = true
		default:
			return errSyntax
		}
	}
	q.located, q.shaped = fromMember || fromPoint, byRadius || byBox
	return c.checkGeo(q, form)
}

func (c *call) checkGeo(q *geoQuery, form geoForm) error {
	what := "STORE option in GEORADIUS"
	if form.stored {
		what = "GEOSEARCHSTORE"
	}
	switch {
	case q.store != nil && (q.withDist || q.withHash || q.withPos):
		return errf("ERR %s is not compatible with WITHDIST, WITHHASH and WITHCOORD options", what)
	case form.search && !q.located:
		return errf("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for %s", c.args[0])
	case form.search && !q.shaped:
		return errf("ERR exactly one of BYRADIUS and BYBOX can be specified for %s", c.args[0])
	case q.any && q.count == 0:
		return replyError("ERR the ANY argument requires COUNT argument")
	}
	if q.count != 0 && q.order == 0 && !q.any {
		q.order = 1 // the nearest are meant
	}
	return nil
}

// geoMatch is a member within the shape.
type geoMatch struct {
	name     string
	score    float64
	place    geohash.Point
	distance float64 // in metres
}

func (q *geoQuery) search(e *store.Entry) []geoMatch {
	var found []geoMatch
	for _, cell := range q.shape.Cover() {
		low, high := cell.Range()
		from := e.ZBefore(&store.Bound{Score: float64(low), Side: -1})
		to := e.ZBefore(&store.Bound{Score: float64(high), Side: -1})
		e.ZEach(from, to-from, false, func(name []byte, score float64) bool {
			p := geohash.FromScore(score).Centre()
			if distance, ok := q.shape.Contains(p); ok {
				found = append(found, geoMatch{string(name), score, p, distance})
			}
			return !q.any || int64(len(found)) < q.count
		})
		if q.any && int64(len(found)) >= q.count {
			break
		}
	}
	if q.order != 0 {
		slices.SortStableFunc(found, func(a, b geoMatch) int { return q.order * cmp.Compare(a.distance, b.distance) })
	}
	if q.count > 0 && int64(len(found)) > q.count {
		found = found[:q.count]
	}
	return found
}

func (q *geoQuery) scored(found []geoMatch) []scoredMember {
	members := make([]scoredMember, len(found))
	for i, m := range found {
		members[i] = scoredMember{m.name, m.score}
		if q.storeDist {
			members[i].score = m.distance / q.unit
		}
	}
	return members
}

func (c *call) answerGeo(q *geoQuery, found []geoMatch) {
	parts := 1
	for _, with := range []bool{q.withDist, q.withHash, q.withPos} {
		if with {
			parts++
		}
	}
	c.w.Array(len(found))
	for i := range found {
		m := &found[i]
		if parts > 1 {
			c.w.Array(parts)
		}
		c.w.BulkString(m.name)
		if q.withDist {
			c.distance(m.distance / q.unit)
		}
		if q.withHash {
			c.w.Int(int64(m.score))
		}
		if q.withPos {
			c.coordinates(m.place)
		}
	}
}
