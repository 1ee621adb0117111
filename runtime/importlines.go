package runtime

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// importLines are the lines of Python files that import, as far as a look at the
// text tells: those with the word in them, indented as they are, and where one ends
// within a parenthesis those up to its end. While they are the same, so is what the
// files import, but for code that decides that by something else.
type importLines struct {
	files  []string // of the project
	digest [32]byte
}

// importLines are those of the files that the import has read.
func (p *projectFiles) importLines() importLines {
	p.mu.Lock()
	var files []string
	for name := range p.opened {
		if strings.HasSuffix(name, ".py") {
			files = append(files, name)
		}
	}
	p.mu.Unlock()
	slices.Sort(files)
	lines, _ := importLinesIn(p.root, files) // what can't be read is in the digest
	return lines
}

// readImportLines are those of files in a directory.
func readImportLines(dir string, files []string) (importLines, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return importLines{}, err
	}
	defer func() { _ = root.Close() }()
	return importLinesIn(root, files)
}

func importLinesIn(root *os.Root, files []string) (importLines, error) {
	h := sha256.New()
	var failed error
	for _, name := range files {
		text, err := readStart(root, name)
		if err != nil {
			failed = err
		}
		_, _ = fmt.Fprintf(h, "%q %v\n", name, err == nil)
		within := false
		for line := range bytes.Lines(text) {
			if !within && !bytes.Contains(line, []byte("import")) {
				continue
			}
			_, _ = h.Write(line)
			within = !bytes.Contains(line, []byte(")")) && (within || bytes.Contains(line, []byte("(")))
		}
	}
	return importLines{files, [32]byte(h.Sum(nil))}, failed
}

// readStart reads a file, at most maxHashed bytes of it.
func readStart(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxHashed))
}
