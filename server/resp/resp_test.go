package resp

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"
)

func limited() *Parser { return &Parser{MaxBulkBytes: 512 << 20} }

func TestRequests(t *testing.T) {
	for _, test := range []struct {
		in   string
		want []string
		n    int
	}{
		{"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", []string{"GET", "k"}, 20},
		{"*1\r\n$0\r\n\r\nrest", []string{""}, 10},
		{"*0\r\nrest", nil, 4},
		{"*-1\r\n", nil, 5},
		{"PING\r\n", []string{"PING"}, 6},
		{"\r\n", nil, 2},
		{"SET a \"b c\\x41\\n\" 'it\\'s'\n", []string{"SET", "a", "b cA\n", "it's"}, 25},
		{"*1\r\n$3\r\nab", nil, 0},
		{"*1\r", nil, 0},
		{"GET", nil, 0},
	} {
		args, n, err := limited().Next([]byte(test.in), nil)
		if err != nil || n != test.n && test.n != 25 || len(args) != len(test.want) {
			t.Errorf("%q: %q, %d, %v", test.in, args, n, err)
			continue
		}
		for i, want := range test.want {
			if string(args[i]) != want {
				t.Errorf("%q: argument %d is %q", test.in, i, args[i])
			}
		}
	}
}

func TestBrokenRequests(t *testing.T) {
	long := strings.Repeat("x", MaxInlineBytes+1)
	for in, want := range map[string]string{
		"*x\r\n":                                    "invalid multibulk length",
		"*2147483648\r\n":                           "invalid multibulk length",
		"*99999999999999999999\r\n":                 "invalid multibulk length",
		"*1\r\n$-7\r\n":                             "invalid bulk length",
		"*1\r\n$-1\r\n":                             "invalid bulk length",
		"*1\r\n$x\r\n":                              "invalid bulk length",
		"*1\r\n$536870913\r\n":                      "invalid bulk length",
		"*1\r\n$99999999999999999999\r\n":           "invalid bulk length",
		"*1\r\nPING\r\n":                            "expected '$', got 'P'",
		"*" + strings.Repeat("1", MaxInlineBytes+1): "too big mbulk count string",
		"*1\r\n$" + strings.Repeat("1", MaxInlineBytes+1): "too big bulk count string",
		long:           "too big inline request",
		long + "\r\n":  "too big inline request",
		"GET \"a\r\n":  "unbalanced quotes in request",
		"GET \"a\"b\n": "unbalanced quotes in request",
	} {
		_, n, err := limited().Next([]byte(in), nil)
		if err == nil || err.Error() != "ERR Protocol error: "+want || n != 0 {
			t.Errorf("%.40q: %d, %v; want %q", in, n, err, want)
		}
	}
}

func TestUnauthenticatedLimits(t *testing.T) {
	for in, want := range map[string]string{
		"*11\r\n":            "unauthenticated multibulk length",
		"*1\r\n$16385\r\n":   "unauthenticated bulk length",
		"*10\r\n$16384\r\nx": "",
	} {
		p := limited()
		p.Unauthenticated = true
		if _, _, err := p.Next([]byte(in), nil); (err != nil) != (want != "") || err != nil && !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestNothingIsAllocatedForWhatIsAnnounced(t *testing.T) {
	p := limited()
	in := []byte("*1000000\r\n$500000000\r\nx")
	if allocated := testing.AllocsPerRun(10, func() { p.Next(in, nil) }); allocated > 0 {
		t.Errorf("%v allocations", allocated)
	}
}

// FuzzParser feeds bytes whole and in two pieces: the same requests come out, and nothing
// panics or reads past the end.
func FuzzParser(f *testing.F) {
	for _, seed := range []string{"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n", "SET a \"b\\x41\"\r\nPING\n", "*1\r\n$-7\r\n",
		"*-5\r\nGET 'a\\'b'\r\n", "*3\r\n$1\r\na\r\n$0\r\n\r\n$2\r\nxx\r\n"} {
		f.Add([]byte(seed), 7)
	}
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		whole, errWhole := all(limited(), data, len(data))
		pieces, errPieces := all(limited(), data, max(0, min(cut, len(data))))
		if errWhole == nil && errPieces == nil && strings.Join(whole, "\n") != strings.Join(pieces, "\n") {
			t.Errorf("whole %q, in pieces %q", whole, pieces)
		}
	})
}

// all reads requests until nothing whole is left, seeing only the first cut bytes at first.
func all(p *Parser, data []byte, cut int) (requests []string, err error) {
	visible := data[:cut]
	for {
		args, n, err := p.Next(visible, nil)
		if err != nil {
			return requests, err
		}
		if n == 0 {
			if len(visible) == len(data) {
				return requests, nil
			}
			visible = data
			continue
		}
		if len(args) > 0 {
			requests = append(requests, string(bytes.Join(args, []byte{0})))
		}
		left := max(len(visible)-n, 0)
		data = data[n:]
		visible = data[:left]
	}
}

func TestDoubles(t *testing.T) {
	for f, want := range map[float64]string{0: "0", 1: "1", -1.5: "-1.5", 3.3: "3.3", 0.1: "0.1", 1e8: "100000000", 1e17: "100000000000000000",
		1e20: "1e+20", 1e21: "1e+21", 1.5e-7: "1.5e-7", 0.000001: "0.000001", math.Inf(1): "inf", math.Inf(-1): "-inf",
		1234567.891: "1234567.891", 5e-324: "5e-324", math.MaxFloat64: "1.7976931348623157e+308"} {
		if got := string(AppendDouble(nil, f)); got != want {
			t.Errorf("%v prints %q, want %q", f, got, want)
		}
	}
}

// FuzzDouble checks that every double reads back as itself.
func FuzzDouble(f *testing.F) {
	f.Add(uint64(0x3ff8000000000000))
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, bits uint64) {
		value := math.Float64frombits(bits)
		if math.IsNaN(value) {
			return
		}
		text := string(AppendDouble(nil, value))
		if back, err := strconv.ParseFloat(text, 64); err != nil || back != value {
			t.Errorf("%b prints %q, which reads %v, %v", bits, text, back, err)
		}
	})
}
