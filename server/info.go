package server

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"cached/store"
)

// infoSections are the sections of INFO in their order. Those that are not shown unless
// they are asked for are marked.
var infoSections = []struct {
	name    string
	onlyAll bool
	write   func(*Server, *infoWriter)
}{
	{"server", false, (*Server).infoServer},
	{"clients", false, (*Server).infoClients},
	{"memory", false, (*Server).infoMemory},
	{"stats", false, (*Server).infoStats},
	{"cpu", false, (*Server).infoCPU},
	{"commandstats", true, (*Server).infoCommandStats},
	{"keyspace", false, (*Server).infoKeyspace},
}

// infoWriter writes the fields of INFO.
type infoWriter struct{ strings.Builder }

func (w *infoWriter) field(name string, value any) { fmt.Fprintf(w, "%s:%v\r\n", name, value) }

func infoCommand(c *call) error {
	wanted := map[string]bool{}
	for _, arg := range c.args[1:] {
		wanted[strings.ToLower(string(arg))] = true
	}
	all := wanted["all"] || wanted["everything"]
	standard := len(wanted) == 0 || wanted["default"]
	var w infoWriter
	for _, section := range infoSections {
		if !all && !wanted[section.name] && !(standard && !section.onlyAll) {
			continue
		}
		if w.Len() > 0 {
			w.WriteString("\r\n")
		}
		title := strings.ToUpper(section.name[:1]) + section.name[1:]
		if section.name == "cpu" {
			title = "CPU"
		}
		fmt.Fprintf(&w, "# %s\r\n", title)
		section.write(c.srv, &w)
	}
	c.w.Verbatim("txt", w.String())
	return nil
}

func (s *Server) infoServer(w *infoWriter) {
	uptime := int64(s.now / time.Second)
	w.field("redis_version", redisVersion)
	w.field("cached_version", Version)
	w.field("redis_mode", "standalone")
	w.field("os", runtime.GOOS+" "+runtime.GOARCH)
	w.field("arch_bits", strconv.IntSize)
	w.field("multiplexing_api", "epoll")
	w.field("go_version", runtime.Version())
	w.field("process_id", os.Getpid())
	w.field("run_id", s.runID)
	w.field("tcp_port", s.config.Port)
	w.field("server_time_usec", time.Now().UnixMicro())
	w.field("uptime_in_seconds", uptime)
	w.field("uptime_in_days", uptime/86400)
	executable, _ := os.Executable()
	w.field("executable", executable)
}

func (s *Server) infoClients(w *infoWriter) {
	longestIn, longestOut := 0, 0
	for _, c := range s.clients.byID {
		longestIn, longestOut = max(longestIn, len(c.in)), max(longestOut, c.pending())
	}
	w.field("connected_clients", len(s.clients.byID))
	w.field("maxclients", s.config.MaxClients)
	w.field("client_recent_max_input_buffer", longestIn)
	w.field("client_recent_max_output_buffer", longestOut)
	w.field("blocked_clients", 0)
}

func (s *Server) infoMemory(w *infoWriter) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	used := s.store.UsedBytes() + m.HeapAlloc
	rss := residentBytes()
	w.field("used_memory", used)
	w.field("used_memory_human", human(used))
	w.field("used_memory_rss", rss)
	w.field("used_memory_rss_human", human(rss))
	w.field("used_memory_dataset", s.store.UsedBytes())
	w.field("used_memory_go_heap", m.HeapAlloc)
	w.field("go_gc_cycles", m.NumGC)
	w.field("go_gc_pause_total_usec", m.PauseTotalNs/1000)
	w.field("mem_fragmentation_ratio", fmt.Sprintf("%.2f", float64(rss)/float64(max(used, 1))))
	w.field("maxmemory_policy", s.config.MaxMemoryPolicy)
	w.field("mem_allocator", "arena")
	w.field("lazyfree_pending_objects", s.store.Garbage())
}

func (s *Server) infoStats(w *infoWriter) {
	st := &s.stats
	w.field("total_connections_received", st.connections)
	w.field("total_commands_processed", st.commands)
	w.field("instantaneous_ops_per_sec", int64(st.opsPerSecond.mean()))
	w.field("total_net_input_bytes", st.netIn)
	w.field("total_net_output_bytes", st.netOut)
	w.field("instantaneous_input_kbps", fmt.Sprintf("%.2f", st.inPerSecond.mean()/1024))
	w.field("instantaneous_output_kbps", fmt.Sprintf("%.2f", st.outPerSecond.mean()/1024))
	w.field("rejected_connections", st.rejectedConnections)
	w.field("expired_keys", s.store.Expired)
	w.field("expired_subkeys", s.store.ExpiredFields)
	w.field("keyspace_hits", st.hits)
	w.field("keyspace_misses", st.misses)
	w.field("total_error_replies", st.errors)
	w.field("longest_command_usec", st.longestCommand.Microseconds())
	w.field("longest_housekeeping_usec", st.longestHousekeeping.Microseconds())
	w.field("client_output_buffer_limit_disconnections", st.outputLimitCloses)
}

func (s *Server) infoCPU(w *infoWriter) {
	system, user := processorTime()
	w.field("used_cpu_sys", fmt.Sprintf("%.6f", system.Seconds()))
	w.field("used_cpu_user", fmt.Sprintf("%.6f", user.Seconds()))
}

func (s *Server) infoCommandStats(w *infoWriter) {
	for _, row := range s.commands.all() {
		st := &row.stats
		if st.calls == 0 && st.rejected == 0 {
			continue
		}
		each := 0.0
		if st.calls > 0 {
			each = float64(st.time.Microseconds()) / float64(st.calls)
		}
		fmt.Fprintf(w, "cmdstat_%s:calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d\r\n",
			row.fullName, st.calls, st.time.Microseconds(), each, st.rejected, st.failed)
	}
}

func (s *Server) infoKeyspace(w *infoWriter) {
	for i := range store.NumDBs {
		db := s.store.DB(i)
		if db.Len() == 0 {
			continue
		}
		volatile, meanTTL := db.Volatile()
		fmt.Fprintf(w, "db%d:keys=%d,expires=%d,avg_ttl=%d,subexpiry=%d\r\n", i, db.Len(), volatile, meanTTL, db.VolatileFields())
	}
}

// all returns every row and every subcommand.
func (t *commandTable) all() []*command {
	list := slices.Clone(t.rows)
	for _, row := range t.rows {
		for i := range row.subs {
			list = append(list, &row.subs[i])
		}
	}
	return list
}

// human prints bytes as Redis does.
func human(bytes uint64) string {
	units := []string{"B", "K", "M", "G", "T", "P"}
	value, unit := float64(bytes), 0
	for value >= 1024 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%dB", bytes)
	}
	return fmt.Sprintf("%.2f%s", value, units[unit])
}
