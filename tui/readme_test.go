package tui

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestREADMEHasTheKeys compares README's table with the bindings. With -update it
// writes the table.
func TestREADMEHasTheKeys(t *testing.T) {
	const file, begin, end = "../README.md", "<!-- keys -->\n\n", "\n<!-- /keys -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	table, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no %s", file, strings.TrimSpace(begin))
	}
	want := keyTable()
	if table == want {
		return
	}
	if update := flag.Lookup("update"); update == nil || update.Value.String() != "true" {
		t.Fatalf("%s: the keys are not those of the console (make golden writes them):\n%s", file, want)
	}
	if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// keyTable is the bindings as a table of Markdown, a row a scope.
func keyTable() string {
	var b strings.Builder
	b.WriteString("| where | keys |\n|---|---|\n")
	k := newKeymap()
	for _, s := range k.scopes() {
		var keys []string
		for _, binding := range s.bindings {
			h := binding.Help()
			names := "`" + strings.Join(strings.Fields(h.Key), "` `") + "`"
			keys = append(keys, strings.ReplaceAll(names, "` `…` `", "…")+" "+h.Desc)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", s.name, strings.Join(keys, " · "))
	}
	return b.String()
}
