package pystack

import (
	"encoding/binary"
	"errors"
	"testing"
)

// A table with an entry of each form.
func TestLineOf(t *testing.T) {
	table := []byte{
		0x80, 0x00, // RESUME: one unit, short form, line 1
		0xd8 | 1, 0x04, 0x05, // two units, one line further
		0xf0, 0x06, 0x06, 0x02, 0x03, // long form: one unit, three lines further
		0xf8,       // one unit without a line
		0xe8, 0x03, // no columns: one unit, one line back
	}
	for offset, want := range map[int64]int{0: 1, 2: 2, 4: 2, 6: 5, 8: 0, 10: 4, 12: 0, 1 << 40: 0, -4: 1} {
		if got := lineOf(table, 1, offset); got != want {
			t.Errorf("the instruction at %d is of line %d, want %d", offset, got, want)
		}
	}
}

func FuzzLineOf(f *testing.F) {
	f.Add([]byte{0xf0, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x3f}, 1, int64(0))
	f.Fuzz(func(t *testing.T, table []byte, first int, offset int64) {
		if line := lineOf(table, first%1_000_000, offset); line < 0 {
			t.Errorf("line %d", line)
		}
	})
}

// flat is a memory.
type flat []byte

func (m flat) Read(offset, n uint32) ([]byte, bool) {
	if uint64(offset)+uint64(n) > uint64(len(m)) {
		return nil, false
	}
	return m[offset : offset+n], true
}

func TestUnknownRuntimes(t *testing.T) {
	for name, m := range map[string]flat{"empty": nil, "zeros": make(flat, 4096)} {
		if _, err := Read(m, 8, func(string) bool { return true }); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzRead gives the reader a runtime whose offsets and pointers are arbitrary.
func FuzzRead(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, noise []byte) {
		m := make(flat, 16<<10)
		for i := range m {
			if len(noise) > 0 {
				m[i] = noise[i%len(noise)]
			}
		}
		copy(m[8:], "xdebugpy")
		binary.LittleEndian.PutUint64(m[16:], version<<16)
		binary.LittleEndian.PutUint64(m[24:], 0)
		for at := 32; at < 700 && len(noise) > 0; at += 8 { // offsets that stay within
			binary.LittleEndian.PutUint64(m[at:], uint64(noise[at%len(noise)]))
		}
		frames, err := Read(m, 8, func(string) bool { return true })
		if err != nil || len(frames) > MaxFrames {
			t.Errorf("%d frames, %v", len(frames), err)
		}
	})
}
