package packages

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExportedWheels builds once and installs elsewhere what was built, where
// nothing may be.
func TestExportedWheels(t *testing.T) {
	opts := syncOptions(t, "markupsafe", "six")
	opts.Export = filepath.Join(t.TempDir(), "wheels")
	report := mustSync(t, opts)
	if len(report.Exported) != 1 || !strings.HasSuffix(report.Exported[0], "-cp313-cp313-pymode_1_wasm32.whl") {
		t.Fatalf("exported: %v", report.Exported)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(opts.Export)))
	t.Cleanup(server.Close)
	elsewhere := func(places ...string) Options {
		other := opts
		other.store, other.Site, other.Export = t.TempDir(), filepath.Join(t.TempDir(), "site-packages"), ""
		other.Frozen, other.NoBuild, other.FindLinks = true, true, places
		other.Building = func(names []string) { t.Errorf("builds %v", names) }
		return other
	}
	for _, places := range [][]string{{opts.Export}, {t.TempDir(), opts.Export}, {server.URL}, {server.URL + "/nothing/", server.URL + "/"}} {
		other := elsewhere(places...)
		again := mustSync(t, other)
		if n := checkModules(t, other); n != 1 || again.Packages[0].Built {
			t.Errorf("%v: %d side modules, %+v", places, n, again.Packages[0])
		}
	}
	if _, err := Sync(t.Context(), elsewhere(t.TempDir())); !errors.Is(err, ErrFrozen) || !strings.Contains(err.Error(), "markupsafe") {
		t.Errorf("from an empty folder: %v", err)
	}

	// What was built from another source is refused, and so is what is no wheel.
	l, err := ReadLock(opts.Lock)
	if err != nil {
		t.Fatal(err)
	}
	other := elsewhere(opts.Export)
	other.Lock = filepath.Join(t.TempDir(), LockFile)
	l.Packages[0].SHA256 = strings.Repeat("0", 64)
	if err := l.write(other.Lock); err != nil {
		t.Fatal(err)
	}
	if _, err := Sync(t.Context(), other); !errors.Is(err, ErrDigest) {
		t.Errorf("built from another source: %v", err)
	}
	if err := os.WriteFile(filepath.Join(opts.Export, report.Exported[0]), []byte("no archive"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Sync(t.Context(), elsewhere(opts.Export)); !errors.Is(err, ErrDigest) {
		t.Errorf("no archive: %v", err)
	}
}

// TestExportedWheelIsValid lets the machine's own tools read what is handed on.
func TestExportedWheelIsValid(t *testing.T) {
	opts := syncOptions(t, "markupsafe")
	opts.Export = t.TempDir()
	report := mustSync(t, opts)
	python, err := findPython(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const check = `
import base64, csv, hashlib, io, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
record = next(n for n in z.namelist() if n.endswith("/RECORD"))
rows = {row[0]: row[1:] for row in csv.reader(io.StringIO(z.read(record).decode()))}
assert set(rows) == set(z.namelist()), set(rows) ^ set(z.namelist())
for name, (digest, size) in rows.items():
    if name != record:
        data = z.read(name)
        want = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
        assert digest == "sha256=" + want and int(size) == len(data), name
tags = [line for line in z.read(record.replace("RECORD", "WHEEL")).decode().splitlines() if line.startswith("Tag:")]
assert tags == ["Tag: cp313-cp313-pymode_1_wasm32"], tags
`
	path := filepath.Join(opts.Export, report.Exported[0])
	if _, err := (command{path: python.path, args: []string{"-c", check, path}, env: plainEnv()}).run(t.Context()); err != nil {
		t.Errorf("%v: %s", err, lastLine(err))
	}
}
