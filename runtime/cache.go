package runtime

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tetratelabs/wazero"

	"pymode-tui/runtime/cpython"
	"pymode-tui/runtime/image"
	"pymode-tui/runtime/skeleton"
	"pymode-tui/runtime/wasmbin"
)

// The folders of compiled code, and of what belongs to one interpreter.
const (
	compiledDir = "compiled"
	imagesDir   = "images"
)

// openCache makes the directories of the cache, and opens that of compiled code.
func (e *Engine) openCache() (err error) {
	if e.memory {
		e.cache = wazero.NewCompilationCache()
		return nil
	}
	for _, dir := range []string{compiledDir, imagesDir} {
		if err := os.MkdirAll(filepath.Join(e.config.CacheDir, dir), 0o755); err != nil {
			return fmt.Errorf("cache directory: %w", err)
		}
	}
	if e.cache, err = wazero.NewCompilationCacheWithDir(filepath.Join(e.config.CacheDir, compiledDir)); err != nil {
		return fmt.Errorf("cache of compiled code: %w", err)
	}
	return nil
}

// cannotWrite reports whether err is for want of space or permission.
func cannotWrite(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) ||
		errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission)
}

func (e *Engine) key() [32]byte {
	return sha256.Sum256([]byte("base\x00" + imageVersion + "\x00" + e.config.Digest))
}

// cached is the path of a file that belongs to this engine's interpreter.
func (e *Engine) cached(suffix string) string {
	key := e.key()
	return filepath.Join(e.config.CacheDir, imagesDir, hex.EncodeToString(key[:8])+suffix)
}

// A checked file ends with the CRC of what stands before it.
const crcSize = 4

// readChecked reads what writeChecked wrote. Any error means to write it again.
func readChecked(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	n := len(b) - crcSize
	if n < 0 || binary.LittleEndian.Uint32(b[n:]) != checksum(b[:n]) {
		return nil, image.ErrCorrupt
	}
	return b[:n], nil
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// writeChecked writes a file that readChecked reads, whole or not at all.
func writeChecked(path string, data []byte) error {
	return writeFile(path, binary.LittleEndian.AppendUint32(data[:len(data):len(data)], checksum(data)))
}

// readCode reads what writeCode wrote.
func readCode(path string) (code skeleton.Code, err error) {
	b, err := readChecked(path)
	if err == nil {
		err = gob.NewDecoder(bytes.NewReader(b)).Decode(&code)
	}
	return code, err
}

func writeCode(path string, code skeleton.Code) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(code); err != nil {
		return err
	}
	return writeChecked(path, b.Bytes())
}

// makeGuest makes the module of instances that start from an image: without data, and
// with copies that count.
func (e *Engine) makeGuest() ([]byte, error) {
	module, err := os.ReadFile(e.config.Wasm)
	if err != nil {
		return nil, err
	}
	parsed, err := wasmbin.Parse(module)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.config.Wasm, err)
	}
	if len(parsed.Memories) != 1 {
		return nil, fmt.Errorf("%s: %d memories, want 1", e.config.Wasm, len(parsed.Memories))
	}
	if module, err = wasmbin.WithoutData(module, uint32(parsed.Memories[0].Min)); err != nil {
		return nil, fmt.Errorf("%s: %w", e.config.Wasm, err)
	}
	if module, _, err = wasmbin.AddBulkChecks(module, cpython.FuelExport, ""); err != nil {
		return nil, fmt.Errorf("%s: %w", e.config.Wasm, err)
	}
	return module, nil
}

// writeFile writes a file whole or not at all.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".write-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return os.Rename(f.Name(), path)
}
