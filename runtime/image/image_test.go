package image

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"testing"
)

const limit = 4 * PageSize

// take makes an image of n pages whose memory fill has written to.
func take(t testing.TB, d *Draft, n int64, fill func([]byte)) *Image {
	t.Helper()
	m, err := d.Memory()
	if err != nil {
		t.Fatal(err)
	}
	fill(m.Reallocate(uint64(n * PageSize)))
	m.Free()
	i, err := d.Freeze(n * PageSize)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	return i
}

func base(t testing.TB) *Image {
	t.Helper()
	d, err := NewDraft(limit)
	if err != nil {
		t.Fatal(err)
	}
	return take(t, d, 2, func(b []byte) { copy(b[5000:], "base") })
}

// contents maps the image and returns a copy of what an instance would see.
func contents(t *testing.T, i *Image) []byte {
	t.Helper()
	m, err := i.Memory(limit)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Free()
	return bytes.Clone(m.Reallocate(uint64(i.Size())))
}

func TestInstancesDoNotSeeEachOther(t *testing.T) {
	i := base(t)
	a, err := i.Memory(limit)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Free()
	copy(a.Reallocate(uint64(i.Size()))[5000:], "mine")
	if got := string(contents(t, i)[5000:5004]); got != "base" {
		t.Errorf("another instance reads %q", got)
	}
}

func TestGrowth(t *testing.T) {
	m, err := base(t).Memory(limit)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Free()
	grown := m.Reallocate(limit)
	if len(grown) != limit || grown[limit-1] != 0 || string(grown[5000:5004]) != "base" {
		t.Error("growing to the limit changed the memory")
	}
	if m.Reallocate(limit+1) != nil {
		t.Error("grew beyond the limit")
	}
}

func TestForkKeepsTheBase(t *testing.T) {
	i := base(t)
	d, err := i.Fork(limit)
	if err != nil {
		t.Fatal(err)
	}
	worker := take(t, d, 3, func(b []byte) {
		if string(b[5000:5004]) != "base" {
			t.Errorf("the fork starts with %q", b[5000:5004])
		}
		copy(b[5000:], "work")
		b[3*PageSize-1] = 7
	})
	if got := contents(t, worker); string(got[5000:5004]) != "work" || got[3*PageSize-1] != 7 {
		t.Error("the fork's image lost what was written")
	}
	if got := string(contents(t, i)[5000:5004]); got != "base" {
		t.Errorf("the base became %q", got)
	}
}

func TestMemoryOutlivesClose(t *testing.T) {
	d, err := NewDraft(limit)
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Memory()
	if err != nil {
		t.Fatal(err)
	}
	m.Free()
	i, err := d.Freeze(PageSize)
	if err != nil {
		t.Fatal(err)
	}
	running, err := i.Memory(limit)
	if err != nil {
		t.Fatal(err)
	}
	i.Close()
	running.Reallocate(PageSize)[0] = 1
	running.Free()
	if _, err := i.Memory(limit); err == nil {
		t.Error("a closed image was mapped")
	}
}

func TestSaveAndOpen(t *testing.T) {
	i, key := base(t), [32]byte{1}
	path := filepath.Join(t.TempDir(), "base.img")
	if _, err := Open(path, key); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("before it is saved: %v", err)
	}
	if err := i.Save(path, key); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path, key)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if !bytes.Equal(contents(t, i), contents(t, again)) {
		t.Error("the image on disk differs")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".image-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestOpenDamaged(t *testing.T) {
	for name, damage := range map[string]func(b []byte) []byte{
		"empty":            func([]byte) []byte { return nil },
		"cut in header":    func(b []byte) []byte { return b[:20] },
		"cut in contents":  func(b []byte) []byte { return b[:len(b)-1] },
		"longer":           func(b []byte) []byte { return append(b, 0) },
		"another magic":    func(b []byte) []byte { b[0]++; return b },
		"another key":      func(b []byte) []byte { b[8]++; return b },
		"a bit flipped":    func(b []byte) []byte { b[headerSize+5000] ^= 1; return b },
		"a bit set in bss": func(b []byte) []byte { b[headerSize+PageSize+9] ^= 1; return b },
		"negative size":    func(b []byte) []byte { b[47] = 0x80; return b },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "base.img")
			if err := base(t).Save(path, [32]byte{1}); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damage(b), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(path, [32]byte{1}); !errors.Is(err, ErrCorrupt) {
				t.Errorf("got %v, want ErrCorrupt", err)
			}
		})
	}
}

func TestFreezeChecksTheSize(t *testing.T) {
	for _, size := range []int64{-PageSize, 0, 1, PageSize + 1, limit + PageSize} {
		d, err := NewDraft(limit)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Freeze(size); err == nil {
			t.Errorf("froze %d bytes", size)
		}
		d.Discard()
	}
}

func TestResetRestoresEveryByte(t *testing.T) {
	i := base(t)
	want := contents(t, i)
	m, err := i.Memory(limit)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Free()
	b := m.Reallocate(uint64(i.Size()))
	for round := range 3 {
		for n := range 200 {
			b[(n*n*977+round*4001)%len(b)] += byte(n + 1)
		}
		if !m.Reset() {
			if runtime.GOOS == "linux" {
				t.Fatal("no reset")
			}
			return // the others map anew
		}
		if !bytes.Equal(b, want) {
			t.Fatalf("round %d: the memory differs from its image", round)
		}
	}
	if got := contents(t, i); !bytes.Equal(got, want) {
		t.Error("the image has changed")
	}
}

func TestResetRefuses(t *testing.T) {
	i := base(t)
	m, err := i.Memory(limit)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Free()
	m.Reallocate(uint64(i.Size()) + PageSize)
	if m.Reset() {
		t.Error("reset a memory that has grown")
	}
	d, err := NewDraft(limit)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Discard()
	shared, err := d.Memory()
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Free()
	if shared.Reset() {
		t.Error("reset a draft")
	}
}

func TestPrefault(t *testing.T) {
	i := base(t)
	touch := func(m *Memory) {
		b := m.Reallocate(uint64(i.Size()))
		b[0], b[70000] = 1, b[5000]
	}
	first, err := i.Memory(limit)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Free()
	touch(first)
	pattern := first.Touched()
	if pattern.IsEmpty() {
		if runtime.GOOS == "linux" {
			t.Fatal("no pattern")
		}
		return
	}
	second, err := i.Memory(limit)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Free()
	second.Prefault(pattern)
	if got := second.Touched(); !reflect.DeepEqual(got.written, pattern.written) {
		t.Errorf("prefaulted %v, want %v", got.written, pattern.written)
	}
	if got := second.Reallocate(uint64(i.Size())); !bytes.Equal(got, contents(t, i)) {
		t.Error("prefaulting changed the memory")
	}
}

func BenchmarkReset(b *testing.B) {
	d, err := NewDraft(64 << 20)
	if err != nil {
		b.Fatal(err)
	}
	const pages = 600
	i := take(b, d, pages, func(m []byte) { m[0] = 1 })
	m, err := i.Memory(64 << 20)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Free()
	used := m.Reallocate(pages * PageSize)
	for b.Loop() {
		for n := 0; n < len(used); n += len(used) / 130 {
			used[n]++
		}
		if !m.Reset() {
			b.Fatal("no reset")
		}
	}
}
