package server

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"cached/store"
)

// FuzzGlob compares the matcher with a regular expression of the same meaning, where
// there is one, and sees that it ends in time whatever the pattern.
func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{{"h?llo", "hello"}, {"h[a-e]llo", "hello"}, {"h[^e]llo", "hallo"}, {"*a*a*a*a*b", strings.Repeat("a", 60)},
		{`\*x`, "*x"}, {"[", "["}, {"a[", "a"}, {"[a-", "b"}, {"", ""}, {"**", "x"}} {
		f.Add([]byte(seed[0]), []byte(seed[1]), false)
	}
	f.Fuzz(func(t *testing.T, pattern, s []byte, fold bool) {
		got := matchGlob(pattern, s, fold)
		if strings.ContainsAny(string(pattern), "[]\\^") || fold {
			return
		}
		expression := "(?s)^" + strings.NewReplacer(`\*`, "[\\x00-\\xff]*", `\?`, "[\\x00-\\xff]").Replace(regexp.QuoteMeta(latin(pattern))) + "$"
		if want := regexp.MustCompile(expression).MatchString(latin(s)); got != want {
			t.Errorf("%q on %q: %v, want %v", pattern, s, got, want)
		}
	})
}

// latin turns bytes into the characters of the same numbers.
func latin(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// FuzzNumbers compares the number parsers with Go's.
func FuzzNumbers(f *testing.F) {
	for _, seed := range []string{"0", "-0", "01", "+1", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e400", "0x10",
		" 1", "1_0", "inf", "nan", "1e999999999", "1e-999999999", "0x1p99999999"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		n, ok := store.ParseInt(text)
		want, err := strconv.ParseInt(string(text), 10, 64)
		if canonical := err == nil && strconv.FormatInt(want, 10) == string(text); ok != canonical || ok && n != want {
			t.Errorf("%q parses as %d, %v", text, n, ok)
		}
		if x, err := parseFloat(text); err == nil && math.IsNaN(x) {
			t.Errorf("%q is a number that is none", text)
		}
		if x, err := parseLongDouble(text); err == nil && !x.IsInf() {
			if sum, err := addLongDouble(x, new(big.Float).SetInt64(1)); err == nil && len(sum) > 6000 {
				t.Errorf("%q makes a text of %d bytes", text, len(sum))
			}
		}
		parseScoreBound(text)
		parseMemory(string(text))
	})
}

func TestSyntaxOfEveryCommandParses(t *testing.T) {
	for _, cmd := range allCommands().all() {
		if cmd.summary == "" || cmd.since == "" || cmd.group == "" {
			t.Errorf("%s is not documented", cmd.fullName)
		}
		if cmd.syntax != "" && len(parseSyntax(cmd.syntax)) == 0 {
			t.Errorf("%s: no arguments in %q", cmd.fullName, cmd.syntax)
		}
		if cmd.handler == nil && cmd.subs == nil {
			t.Errorf("%s does nothing", cmd.fullName)
		}
		if cmd.flags&write != 0 && cmd.flags&readonly != 0 {
			t.Errorf("%s both writes and does not", cmd.fullName)
		}
	}
}

func TestEveryDirectiveTakesItsDefault(t *testing.T) {
	for _, d := range Directives() {
		config := DefaultConfig()
		if err := config.Set(d.Name, d.Default); err != nil {
			t.Errorf("%v", err)
		}
		if got, _ := config.Get(d.Name); got != d.Default || d.Summary == "" {
			t.Errorf("%s: %q became %q", d.Name, d.Default, got)
		}
	}
}
