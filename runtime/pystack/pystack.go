// Package pystack reads the Python stack of a guest from outside: which line runs,
// where the interpreter itself can't say, because it was stopped in the middle
// of a C function.
//
// CPython 3.13 lays at the beginning of _PyRuntime a table of where in its
// structures the fields are that a debugger needs (_Py_DebugOffsets in
// Include/internal/pycore_runtime.h). By it the way leads from the runtime to the
// thread, its frames, their code objects and the tables of lines.
//
// The memory is a guest's, and is not trusted: whatever it holds, reading ends,
// and no more than MaxFrames frames with short names come of it.
package pystack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"unicode/utf16"
)

// Symbol is the name under which python.wasm exports the address of its runtime.
const Symbol = "_PyRuntime"

// The bounds of what is read.
const (
	MaxFrames = 64      // that are returned: the innermost
	maxSteps  = 100_000 // frames that are looked at
	maxText   = 512     // characters of a name
	maxTable  = 1 << 20 // bytes of a table of lines
)

// ErrUnknown means that the memory does not hold a runtime of the version known.
var ErrUnknown = errors.New("no Python runtime of a known version")

// Memory is a guest's linear memory.
type Memory interface {
	// Read returns n bytes; not ok where they are out of range.
	Read(offset, n uint32) (b []byte, ok bool)
}

// Frame is one call.
type Frame struct {
	File     string // as the code object has it
	Function string
	Line     int // from 1; 0 where the table has none
}

const version = 0x030d // 3.13, in the upper half of PY_VERSION_HEX

// offsets is _Py_DebugOffsets.
type offsets struct {
	Cookie                [8]byte
	Version, FreeThreaded uint64
	Runtime               struct{ Size, Finalizing, InterpretersHead uint64 }
	Interpreter           struct {
		Size, ID, Next, ThreadsHead, GC, Modules, Sysdict, Builtins, GIL, GILState, Enabled, Locked, Holder uint64
	}
	Thread  struct{ Size, Prev, Next, Interp, CurrentFrame, ThreadID, NativeID, Datastack, Status uint64 }
	Frame   struct{ Size, Previous, Executable, InstrPtr, LocalsPlus, Owner uint64 }
	Code    struct{ Size, Filename, Name, Qualname, Linetable, FirstLine, ArgCount, Names, Kinds, Code uint64 }
	Object  struct{ Size, Type uint64 }
	Type    struct{ Size, Name, Repr, Flags uint64 }
	Tuple   struct{ Size, Item, Length uint64 }
	List    struct{ Size, Item, Length uint64 }
	Dict    struct{ Size, Keys, Values uint64 }
	Float   struct{ Size, Value uint64 }
	Long    struct{ Size, Tag, Digit uint64 }
	Bytes   struct{ Size, Length, Value uint64 }
	Unicode struct{ Size, State, Length, ASCIISize uint64 }
}

// ownedByC marks a frame that stands for a call from C, and has no code.
const ownedByC = 3

// Read returns the frames of the main thread for which keep is true, by their
// files, the innermost last. Runtime is the address of _PyRuntime.
func Read(memory Memory, runtime uint32, keep func(file string) bool) ([]Frame, error) {
	r := reader{memory: memory}
	head, ok := memory.Read(runtime, uint32(binary.Size(r.at)))
	if !ok {
		return nil, ErrUnknown
	}
	if err := binary.Read(bytes.NewReader(head), binary.LittleEndian, &r.at); err != nil {
		return nil, err
	}
	if string(r.at.Cookie[:]) != "xdebugpy" || r.at.Version>>16 != version || r.at.FreeThreaded != 0 {
		return nil, ErrUnknown
	}
	interpreter := r.pointer(runtime, r.at.Runtime.InterpretersHead)
	thread := r.pointer(interpreter, r.at.Interpreter.ThreadsHead)
	frame := r.pointer(thread, r.at.Thread.CurrentFrame)
	var frames []Frame
	for range maxSteps {
		if frame == 0 || r.failed || len(frames) == MaxFrames {
			break
		}
		if owner := r.bytes(frame, r.at.Frame.Owner, 1); len(owner) == 1 && owner[0] != ownedByC {
			if f := r.frame(frame); keep(f.File) && !r.failed {
				frames = append(frames, f)
			}
		}
		frame = r.pointer(frame, r.at.Frame.Previous)
	}
	slices.Reverse(frames)
	return frames, nil
}

// reader follows pointers. Once it has failed, it reads only zeros.
type reader struct {
	memory Memory
	at     offsets
	failed bool
}

func (r *reader) bytes(address uint32, offset uint64, n uint32) []byte {
	if at := uint64(address) + offset; address != 0 && offset < 1<<20 && at < 1<<32 && !r.failed {
		if b, ok := r.memory.Read(uint32(at), n); ok {
			return b
		}
	}
	r.failed = true
	return nil
}

func (r *reader) pointer(address uint32, offset uint64) uint32 {
	if b := r.bytes(address, offset, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) frame(frame uint32) Frame {
	code := r.pointer(frame, r.at.Frame.Executable)
	f := Frame{
		File:     r.text(r.pointer(code, r.at.Code.Filename)),
		Function: r.text(r.pointer(code, r.at.Code.Name)),
	}
	// The instruction that runs, in bytes from the first one.
	at := int64(r.pointer(frame, r.at.Frame.InstrPtr)) - int64(code) - int64(r.at.Code.Code)
	table := r.pointer(code, r.at.Code.Linetable)
	size := min(r.pointer(table, r.at.Bytes.Length), maxTable)
	f.Line = lineOf(r.bytes(table, r.at.Bytes.Value, size), int(int32(r.pointer(code, r.at.Code.FirstLine))), at)
	return f
}

// text reads a str.
func (r *reader) text(object uint32) string {
	state, length := r.pointer(object, r.at.Unicode.State), min(r.pointer(object, r.at.Unicode.Length), maxText)
	kind, compact, ascii := state>>2&7, state>>5&1 == 1, state>>6&1 == 1
	data := r.at.Unicode.ASCIISize
	switch {
	case !compact:
		return ""
	case ascii:
		return strings.ToValidUTF8(string(r.bytes(object, data, length)), "\ufffd")
	}
	data += 8 // the length and the address of its UTF-8 form
	b := r.bytes(object, data, length*kind)
	var out strings.Builder
	switch kind {
	case 1:
		for _, c := range b {
			out.WriteRune(rune(c))
		}
	case 2:
		units := make([]uint16, 0, length)
		for c := range slices.Chunk(b, 2) {
			units = append(units, binary.LittleEndian.Uint16(c))
		}
		return string(utf16.Decode(units))
	case 4:
		for c := range slices.Chunk(b, 4) {
			out.WriteRune(rune(binary.LittleEndian.Uint32(c)))
		}
	}
	return out.String()
}
