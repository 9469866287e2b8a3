package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// report is what was measured, to be written to docs/bench.
type report struct {
	settings settings
	speed    []speedRow
	memory   []memoryRow
	facts    []fact
}

func (r *report) write() error {
	if err := os.MkdirAll(r.settings.out, 0o755); err != nil {
		return err
	}
	if len(r.speed) > 0 {
		if err := os.WriteFile(filepath.Join(r.settings.out, "cpu.svg"), []byte(r.chart()), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(r.settings.out, "README.md"), []byte(r.markdown()), 0o644)
}

func versionOf(command string, args ...string) string {
	b, _ := exec.Command(command, args...).Output()
	return strings.TrimSpace(string(b))
}

func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# cached beside Redis\n\nWritten by `make bench`. Both servers ran on this machine in the same run, in turns; figures are the\n"+
		"run with the median processor time of %d. Processor time is that of the server's process (all threads); on a\n"+
		"shared machine it swings less than requests a second.\n\n- %s, %d cores\n- %s\n- peer: %s\n\n", r.settings.rounds,
		runtime.GOOS+"/"+runtime.GOARCH, runtime.NumCPU(), versionOf(r.settings.cached, "--version")+", "+runtime.Version(),
		versionOf("redis-server", "--version"))
	if len(r.speed) > 0 {
		fmt.Fprintf(&b, "## Speed\n\n50 clients, %d random keys, 16-byte values.\n\n![Processor time an operation](cpu.svg)\n\n", r.settings.keyspace)
		b.WriteString("| load | pipeline | cached µs/op | Redis µs/op | ratio | to reach | cached op/s | Redis op/s | cached p50/p99/p99.9 ms | Redis p50/p99/p99.9 ms |\n")
		b.WriteString("|---|---|---|---|---|---|---|---|---|---|\n")
		for _, row := range r.speed {
			fmt.Fprintf(&b, "| %s | %d | %.2f | %.2f | **%.2f** | %.2f | %.0f | %.0f | %.2f / %.2f / %.2f | %.2f / %.2f / %.2f |\n", row.name, row.pipeline,
				micro(row.cached.cpu), micro(row.redis.cpu), row.ratio(), row.limit(), row.cached.perSecond, row.redis.perSecond,
				row.cached.p50, row.cached.p99, row.cached.p999, row.redis.p50, row.redis.p99, row.redis.p999)
		}
		b.WriteString("\n")
	}
	if len(r.memory) > 0 {
		b.WriteString("## Memory\n\nResident bytes an element, the whole process counted; in brackets without what the empty process takes.\n\n")
		b.WriteString("| load | cached | Redis | ratio | to reach |\n|---|---|---|---|---|\n")
		for _, row := range r.memory {
			fmt.Fprintf(&b, "| %s | %.1f (%.1f) | %.1f (%.1f) | **%.2f** | %.0f |\n", row.name, row.cached, row.cachedGrown, row.redis, row.redisGrown,
				row.cached/row.redis, row.target)
		}
		b.WriteString("\n")
	}
	if len(r.facts) > 0 {
		b.WriteString("## Steadiness\n\n| what | seen | to reach |\n|---|---|---|\n")
		for _, f := range r.facts {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", f.what, f.seen, f.target)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// chart draws the processor time of cached as a share of Redis's.
func (r *report) chart() string {
	const left, width, rowHeight = 150, 560, 22
	height := 60 + rowHeight*len(r.speed)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", left+width+70, height)
	b.WriteString(`<rect width="100%" height="100%" fill="white"/>` + "\n")
	fmt.Fprintf(&b, `<text x="10" y="22" font-size="14">Processor time an operation, Redis = 1 (shorter is better)</text>`+"\n")
	for i, row := range r.speed {
		y := 40 + i*rowHeight
		colour := "#2a7de1"
		if row.pipeline == 1 {
			colour = "#8bb8ee"
		}
		fmt.Fprintf(&b, `<text x="10" y="%d">%s, pipeline %d</text>`+"\n", y+14, row.name, row.pipeline)
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.0f" height="16" fill="%s"/>`+"\n", left, y+2, min(row.ratio(), 1.1)*width, colour)
		fmt.Fprintf(&b, `<text x="%.0f" y="%d">%.2f</text>`+"\n", left+min(row.ratio(), 1.1)*width+6, y+14, row.ratio())
	}
	fmt.Fprintf(&b, `<line x1="%d" y1="36" x2="%d" y2="%d" stroke="black"/>`+"\n</svg>\n", left+width, left+width, height-10)
	return b.String()
}
