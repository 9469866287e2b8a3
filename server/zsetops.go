package server

import (
	"cmp"
	"math"
	"slices"

	"cached/store"
)

// Unions, intersections and differences of sorted sets. Their results are made in Go
// memory and then answered or stored, so that the destination may be a source.

type scoredMember struct {
	name  string
	score float64
}

func sortMembers(members []scoredMember) {
	slices.SortFunc(members, func(a, b scoredMember) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.name, b.name))
	})
}

// operand is one source: an entry, or nothing.
type operand struct {
	entry  store.Entry
	there  bool
	weight float64
}

func (o *operand) length() int {
	if !o.there {
		return 0
	}
	return o.entry.ZLen()
}

func (o *operand) each(visit func(name []byte, score float64)) {
	if o.there {
		o.entry.ZEach(0, o.entry.ZLen(), false, func(name []byte, score float64) bool {
			visit(name, score)
			return true
		})
	}
}

// weighted is a score times the weight; what is no number counts as 0.
func (o *operand) weighted(score float64) float64 {
	if score *= o.weight; math.IsNaN(score) {
		return 0
	}
	return score
}

type aggregate func(a, b float64) float64

func aggregateSum(a, b float64) float64 {
	if sum := a + b; !math.IsNaN(sum) {
		return sum
	}
	return 0 // of opposite infinities
}

// A score that is no number decides nothing.
func aggregateMin(a, b float64) float64 {
	if b < a {
		return b
	}
	return a
}

func aggregateMax(a, b float64) float64 {
	if b > a {
		return b
	}
	return a
}

// setOperation is a parsed request of the family.
type setOperation struct {
	operands   []operand
	aggregate  aggregate
	withScores bool
	limit      int64 // ZINTERCARD, 0: none
}

// setForm says which options a command of the family takes.
type setForm struct{ weights, scores, limit bool }

var (
	combined       = setForm{weights: true, scores: true}
	combinedStored = setForm{weights: true}
	differed       = setForm{scores: true}
	differedStored = setForm{}
	cardinality    = setForm{limit: true}
)

// parseSetOperation reads numkeys key [key ...] and the options.
func (c *call) parseSetOperation(args [][]byte, form setForm) (op setOperation, err error) {
	numkeys, err := parseInt(args[0])
	if err != nil {
		return op, err
	}
	if numkeys < 1 {
		return op, errNumkeys(c.cmd.name)
	}
	if numkeys > int64(len(args)-1) {
		return op, errSyntax
	}
	if op.operands, err = c.operands(args[1 : 1+numkeys]); err != nil {
		return op, err
	}
	op.aggregate = aggregateSum
	for rest := args[1+numkeys:]; len(rest) > 0; {
		switch {
		case form.weights && is(rest[0], "WEIGHTS") && int64(len(rest)) > numkeys:
			for i := range op.operands {
				if op.operands[i].weight, err = parseFloat(rest[1+i]); err != nil {
					return op, errWeight
				}
			}
			rest = rest[1+numkeys:]
		case form.weights && is(rest[0], "AGGREGATE") && len(rest) > 1:
			switch {
			case is(rest[1], "SUM"):
				op.aggregate = aggregateSum
			case is(rest[1], "MIN"):
				op.aggregate = aggregateMin
			case is(rest[1], "MAX"):
				op.aggregate = aggregateMax
			default:
				return op, errSyntax
			}
			rest = rest[2:]
		case form.scores && is(rest[0], "WITHSCORES"):
			op.withScores = true
			rest = rest[1:]
		case form.limit && is(rest[0], "LIMIT") && len(rest) > 1:
			if op.limit, err = parseIntRange(rest[1], 0, math.MaxInt64, replyError("ERR LIMIT can't be negative")); err != nil {
				return op, err
			}
			rest = rest[2:]
		default:
			return op, errSyntax
		}
	}
	return op, nil
}

func (c *call) operands(keys [][]byte) ([]operand, error) {
	operands := make([]operand, len(keys))
	for i, key := range keys {
		// Looking a key up may remove one that is due, which moves others' slots; the entries
		// themselves stay where they are, and they are only read.
		e, ok, err := c.find(key, store.ZSet)
		if err != nil {
			return nil, err
		}
		operands[i] = operand{entry: e, there: ok, weight: 1}
	}
	return operands, nil
}

// bySize puts the operands in the order in which Redis adds their scores up.
func bySize(operands []operand) {
	slices.SortStableFunc(operands, func(a, b operand) int { return cmp.Compare(a.length(), b.length()) })
}

func (op *setOperation) union() []scoredMember {
	bySize(op.operands)
	at := map[string]int{}
	var members []scoredMember
	for i := range op.operands {
		o := &op.operands[i]
		o.each(func(name []byte, score float64) {
			if j, ok := at[string(name)]; ok {
				members[j].score = op.aggregate(members[j].score, o.weighted(score))
				return
			}
			m := scoredMember{string(name), o.weighted(score)}
			at[m.name] = len(members)
			members = append(members, m)
		})
	}
	sortMembers(members)
	return members
}

// intersection stops at limit members, if that is not 0.
func (op *setOperation) intersection(limit int64) []scoredMember {
	bySize(op.operands)
	var members []scoredMember
	first, others := &op.operands[0], op.operands[1:]
	first.each(func(name []byte, score float64) {
		if limit > 0 && int64(len(members)) >= limit {
			return
		}
		score = first.weighted(score)
		for i := range others {
			if !others[i].there {
				return
			}
			other, ok := others[i].entry.ZScore(name)
			if !ok {
				return
			}
			score = op.aggregate(score, others[i].weight*other)
		}
		members = append(members, scoredMember{string(name), score})
	})
	sortMembers(members)
	return members
}

func (op *setOperation) difference() []scoredMember {
	var members []scoredMember
	others := op.operands[1:]
	op.operands[0].each(func(name []byte, score float64) {
		for i := range others {
			if !others[i].there {
				continue
			}
			if _, ok := others[i].entry.ZScore(name); ok {
				return
			}
		}
		members = append(members, scoredMember{string(name), score})
	})
	return members
}

func zunionCommand(c *call) error { return c.answerOperation(combined, (*setOperation).union) }
func zunionstoreCommand(c *call) error {
	return c.storeOperation(combinedStored, (*setOperation).union)
}
func zinterCommand(c *call) error      { return c.answerOperation(combined, intersect) }
func zinterstoreCommand(c *call) error { return c.storeOperation(combinedStored, intersect) }
func zdiffCommand(c *call) error       { return c.answerOperation(differed, (*setOperation).difference) }
func zdiffstoreCommand(c *call) error {
	return c.storeOperation(differedStored, (*setOperation).difference)
}

func intersect(op *setOperation) []scoredMember { return op.intersection(0) }

func (c *call) answerOperation(form setForm, compute func(*setOperation) []scoredMember) error {
	op, err := c.parseSetOperation(c.args[1:], form)
	if err != nil {
		return err
	}
	members := compute(&op)
	c.scored(len(members), op.withScores)
	for _, m := range members {
		c.member([]byte(m.name), m.score, op.withScores)
	}
	return nil
}

func (c *call) storeOperation(form setForm, compute func(*setOperation) []scoredMember) error {
	op, err := c.parseSetOperation(c.args[2:], form)
	if err != nil {
		return err
	}
	c.storeMembers(c.args[1], compute(&op))
	return nil
}

func zintercardCommand(c *call) error {
	op, err := c.parseSetOperation(c.args[1:], cardinality)
	if err != nil {
		return err
	}
	c.w.Int(int64(len(op.intersection(op.limit))))
	return nil
}
