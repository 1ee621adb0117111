package cpython

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"time"
)

// Info is what is known of a finished runtime. Its JSON form is what `pymode-tui
// runtime info --json` prints.
type Info struct {
	Python  string              `json:"python"`      // versions
	Zlib    string              `json:"zlib"`        //
	Zig     string              `json:"zig"`         //
	Wasm    FileInfo            `json:"wasm"`        // python.wasm, without names
	Names   FileInfo            `json:"names"`       // python.names: not part of what is deployed
	Stdlib  FileInfo            `json:"stdlib"`      // python313.zip
	Dynload map[string]FileInfo `json:"lib_dynload"` // the side modules of the library, by name
	Steps   []StepRun           `json:"steps"`       // how it was built
	Seconds float64             `json:"seconds"`     // the sum; steps that ran side by side count each
	Built   time.Time           `json:"built"`
}

// FileInfo is a file's size and digest.
type FileInfo struct {
	Raw    int64  `json:"raw_bytes"`
	Gzip   int64  `json:"gzip_bytes"` // as gzip -9
	SHA256 string `json:"sha256"`
}

// StepRun is how long a step of the build took.
type StepRun struct {
	Name    string  `json:"name"`
	Title   string  `json:"title"`
	Seconds float64 `json:"seconds"`
}

// assemble puts the files that make a runtime into one directory, apart from
// all that was needed on the way.
func assemble(ctx context.Context, j *job) error {
	for from, to := range map[string]string{
		j.path(stepLink, wasmFile):        wasmFile,
		j.path(stepLink, namesFile):       namesFile,
		j.path(stepStdlib, stdlibFile):    stdlibFile,
		j.path(stepStdlib, sysconfigFile): sysconfigFile,
	} {
		if err := copyFile(from, filepath.Join(j.dir, to)); err != nil {
			return err
		}
	}
	if err := copyTree(j.path(stepSideModules), filepath.Join(j.dir, dynloadDir)); err != nil {
		return err
	}
	if err := copyTree(j.path(stepPythonSource, "Include"), filepath.Join(j.dir, includeDir)); err != nil {
		return err
	}
	if err := copyFile(j.path(stepCompile, "pyconfig.h"), filepath.Join(j.dir, includeDir, "pyconfig.h")); err != nil {
		return err
	}
	info := &Info{Python: PythonVersion, Zlib: ZlibVersion, Zig: ZigVersion, Built: time.Now().UTC().Truncate(time.Second), Dynload: map[string]FileInfo{}}
	for name, to := range map[string]*FileInfo{wasmFile: &info.Wasm, namesFile: &info.Names, stdlibFile: &info.Stdlib} {
		if err := ctx.Err(); err != nil {
			return err
		}
		measured, err := measure(filepath.Join(j.dir, name))
		if err != nil {
			return err
		}
		*to = measured
	}
	for module := range sideModules() {
		name := module + sideModuleSuffix
		measured, err := measure(filepath.Join(j.dir, dynloadDir, name))
		if err != nil {
			return err
		}
		info.Dynload[name] = measured
	}
	for _, s := range j.recipe.steps {
		rec, err := readRecord(j.path(s.name))
		if err != nil || s.name == stepTests || s.name == stepAsyncify || s.name == stepWasmOpt {
			continue // finished long ago and removed since, or not part of it
		}
		info.Steps = append(info.Steps, StepRun{Name: s.name, Title: s.title, Seconds: rec.Seconds})
		info.Seconds += rec.Seconds
	}
	j.info = info
	return nil
}

func measure(path string) (FileInfo, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return FileInfo{}, err
	}
	sum := sha256.Sum256(data)
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return FileInfo{}, err
	}
	if _, err := w.Write(data); err != nil {
		return FileInfo{}, err
	}
	if err := w.Close(); err != nil {
		return FileInfo{}, err
	}
	return FileInfo{Raw: int64(len(data)), Gzip: int64(packed.Len()), SHA256: hex.EncodeToString(sum[:])}, nil
}
