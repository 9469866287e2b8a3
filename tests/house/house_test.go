// Package house holds the source to the rules that docs/architecture.md states.
package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// eachFile calls visit for the Go files of the project that are no tests.
func eachFile(t *testing.T, visit func(path string, file *ast.File, set *token.FileSet)) {
	t.Helper()
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(path, root+"/"))
		if d.IsDir() && (strings.HasPrefix(name, "tests") || strings.HasPrefix(d.Name(), ".") && path != root) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(set, path, nil, 0)
		if err == nil {
			visit(name, file, set)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// may lists what each package of the project may import of it; imports run one way.
var may = map[string][]string{
	"cmd/cached":    {"server"},
	"server":        {"server/resp", "store", "store/hll", "store/geohash"},
	"server/resp":   {},
	"store":         {"store/arena"},
	"store/arena":   {},
	"store/hll":     {},
	"store/geohash": {},
}

func TestImportsRunOneWay(t *testing.T) {
	eachFile(t, func(path string, file *ast.File, _ *token.FileSet) {
		folder := filepath.ToSlash(filepath.Dir(path))
		allowed, known := may[folder]
		if !known {
			t.Errorf("%s: package %s has no place in the rules", path, folder)
		}
		for _, spec := range file.Imports {
			name, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), "cached/")
			if !ours {
				continue
			}
			found := false
			for _, a := range allowed {
				found = found || a == name
			}
			if !found {
				t.Errorf("%s imports %s", path, name)
			}
		}
	})
}

// TestStoreTouchesNothing: the store does no I/O, takes no lock and reads no clock.
func TestStoreTouchesNothing(t *testing.T) {
	forbidden := map[string]bool{"os": true, "net": true, "time": true, "sync": true, "io": true, "syscall": true}
	eachFile(t, func(path string, file *ast.File, _ *token.FileSet) {
		if !strings.HasPrefix(path, "store/") {
			return
		}
		for _, spec := range file.Imports {
			if name := strings.Trim(spec.Path.Value, `"`); forbidden[name] {
				t.Errorf("%s imports %s", path, name)
			}
		}
	})
}

// TestGoroutinesAreListed holds the go statements against the list in
// docs/architecture.md, whose lines name file and number of statements.
func TestGoroutinesAreListed(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root, "docs/architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]int{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_/]+\\.go)` \\|").FindAllStringSubmatch(string(b), -1) {
		listed[m[1]]++
	}
	eachFile(t, func(path string, file *ast.File, _ *token.FileSet) {
		statements := 0
		ast.Inspect(file, func(n ast.Node) bool {
			if _, ok := n.(*ast.GoStmt); ok {
				statements++
			}
			return true
		})
		if statements != listed[path] {
			t.Errorf("%s starts %d goroutines, docs/architecture.md lists %d", path, statements, listed[path])
		}
		delete(listed, path)
	})
	for path := range listed {
		t.Errorf("docs/architecture.md lists a goroutine of %s, which is not there", path)
	}
}

// TestUnsafeStandsInOnePlace: memory that no compiler checks is made in the arena, and handed to
// the kernel in one file.
func TestUnsafeStandsInOnePlace(t *testing.T) {
	eachFile(t, func(path string, file *ast.File, _ *token.FileSet) {
		for _, spec := range file.Imports {
			if spec.Path.Value == `"unsafe"` && path != "store/arena/arena.go" && path != "server/poll_linux.go" {
				t.Errorf("%s imports unsafe", path)
			}
		}
	})
}
