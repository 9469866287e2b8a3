package server

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"cached/store"
)

// SORT and SORT_RO of sorted sets, the only type here that they apply to.

type sortOptions struct {
	by            []byte // pattern, nil: the element itself
	unsorted      bool   // BY a pattern without a star
	gets          [][]byte
	offset, count int64
	descending    bool
	alpha         bool
	store         []byte
}

func parseSortOptions(args [][]byte, readOnly bool) (o sortOptions, err error) {
	o.count = -1
	for i := 0; i < len(args); i++ {
		left := len(args) - i - 1
		switch {
		case is(args[i], "ASC"):
			o.descending = false
		case is(args[i], "DESC"):
			o.descending = true
		case is(args[i], "ALPHA"):
			o.alpha = true
		case is(args[i], "LIMIT") && left >= 2:
			if o.offset, err = parseInt(args[i+1]); err != nil {
				return o, err
			}
			if o.count, err = parseInt(args[i+2]); err != nil {
				return o, err
			}
			i += 2
		case is(args[i], "STORE") && left >= 1 && !readOnly:
			o.store = args[i+1]
			i++
		case is(args[i], "BY") && left >= 1:
			o.by = args[i+1]
			o.unsorted = o.unsorted || !bytes.ContainsRune(o.by, '*')
			i++
		case is(args[i], "GET") && left >= 1:
			o.gets = append(o.gets, args[i+1])
			i++
		default:
			return o, errSyntax
		}
	}
	return o, nil
}

func sortCommand(c *call) error   { return c.sort(false) }
func sortRoCommand(c *call) error { return c.sort(true) }

// sortElement is an element with what it is sorted by.
type sortElement struct {
	name   []byte
	score  float64
	weight []byte // nil: the key that BY names is not there
}

func (c *call) sort(readOnly bool) error {
	o, err := parseSortOptions(c.args[2:], readOnly)
	if err != nil {
		return err
	}
	e, ok := c.db.Find(c.args[1])
	if ok && e.Type() != store.ZSet {
		return errWrongType
	}
	var elements []sortElement
	if ok {
		e.ZEach(0, e.ZLen(), false, func(name []byte, _ float64) bool {
			elements = append(elements, sortElement{name: append([]byte{}, name...)})
			return true
		})
	}
	if err := c.order(elements, &o); err != nil {
		return err
	}
	elements = o.limit(elements)
	if o.store != nil {
		return c.storeSorted(o.store, elements)
	}
	c.w.Array(len(elements) * max(len(o.gets), 1))
	for i := range elements {
		if len(o.gets) == 0 {
			c.w.Bulk(elements[i].name)
		}
		for _, pattern := range o.gets {
			if value := c.byPattern(pattern, elements[i].name); value != nil {
				c.w.Bulk(value)
			} else {
				c.w.Null()
			}
		}
	}
	return nil
}

// storeSorted is SORT ... STORE. Its result is a list, a type that this version does not
// have: only an empty result, which removes the key, can be stored.
func (c *call) storeSorted(key []byte, elements []sortElement) error {
	if len(elements) > 0 {
		return replyError("ERR SORT with STORE makes a list, which this version of cached does not serve")
	}
	c.db.Delete(key)
	c.w.Int(0)
	return nil
}

// order sorts the elements, which come in the order of the sorted set.
func (c *call) order(elements []sortElement, o *sortOptions) error {
	if o.unsorted {
		if o.descending {
			slices.Reverse(elements)
		}
		return nil
	}
	for i := range elements {
		e := &elements[i]
		e.weight = e.name
		if o.by != nil {
			e.weight = c.byPattern(o.by, e.name)
		}
		if o.alpha || e.weight == nil {
			continue
		}
		var err error
		if e.score, err = parseSortWeight(e.weight); err != nil {
			return err
		}
	}
	slices.SortStableFunc(elements, func(a, b sortElement) int {
		order := 0
		switch {
		case !o.alpha:
			order = cmp.Or(cmp.Compare(a.score, b.score), bytes.Compare(a.name, b.name))
		case (a.weight == nil) != (b.weight == nil):
			order = 1
			if a.weight == nil {
				order = -1
			}
		default:
			order = bytes.Compare(a.weight, b.weight)
		}
		if o.descending {
			return -order
		}
		return order
	})
	return nil
}

// parseSortWeight reads a number with plain strtod, as Redis does here: leading space is
// skipped, a NUL ends it, nothing is 0, and what is no normal number is refused.
func parseSortWeight(weight []byte) (float64, error) {
	text, _, _ := bytes.Cut(weight, []byte{0})
	if text = bytes.TrimLeft(text, " \t\n\v\f\r"); len(text) == 0 {
		return 0, nil
	}
	score, err := parseFloat(text)
	if err != nil || score != 0 && math.Abs(score) < 0x1p-1022 {
		return 0, replyError("ERR One or more scores can't be converted into double")
	}
	return score, nil
}

func (o *sortOptions) limit(elements []sortElement) []sortElement {
	length := int64(len(elements))
	start := min(max(o.offset, 0), length)
	end := length
	if o.count >= 0 {
		end = start + min(o.count, length-start)
	}
	return elements[start:end]
}

// byPattern returns the value of the key, or of the field of the hash (key->field),
// that a pattern names for an element; nil: there is none. # is the element.
func (c *call) byPattern(pattern, element []byte) []byte {
	if string(pattern) == "#" {
		return element
	}
	star := bytes.IndexByte(pattern, '*')
	if star < 0 {
		return nil
	}
	keyPattern, field := pattern, []byte(nil)
	if arrow := bytes.Index(pattern[star:], []byte("->")); arrow >= 0 && star+arrow+2 < len(pattern) {
		keyPattern, field = pattern[:star+arrow], pattern[star+arrow+2:]
	}
	key := slices.Concat(keyPattern[:star], element, keyPattern[star+1:])
	e, ok := c.db.Find(key)
	if !ok {
		return nil
	}
	var value []byte
	if field != nil {
		if e.Type() != store.Hash {
			return nil
		}
		if value, _, ok = e.HashGet(field, &c.buf); !ok {
			return nil
		}
	} else {
		if e.Type() != store.String {
			return nil
		}
		value = e.Value(&c.buf)
	}
	return append([]byte{}, value...)
}
