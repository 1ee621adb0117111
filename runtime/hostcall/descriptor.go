package hostcall

import (
	"encoding/binary"
	"io/fs"
	"reflect"

	"github.com/tetratelabs/wazero/api"
	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
)

// opDuplicate is the general call behind the guest's dup and dup2. Its data is two
// i32, a descriptor and the number that the copy is to have, or -1 for the lowest
// that is free. The result's data is that number, or a negated error of WASI's.
const opDuplicate = "fd.dup"

// WASI's numbers for what can go wrong.
const (
	wasiBadDescriptor = 8
	wasiTooManyFiles  = 33
)

// maxDescriptors bounds what a guest that only duplicates makes the host keep.
const maxDescriptors = 4096

// duplicate gives an open file of the guest a second descriptor.
func duplicate(m api.Module, host Host, data []byte) []byte {
	copied := int32(-wasiBadDescriptor)
	if len(data) == 8 {
		from, to := int32(binary.LittleEndian.Uint32(data)), int32(binary.LittleEndian.Uint32(data[4:]))
		copied = tableOf(m).duplicate(from, to, host.DescriptorsShared)
	}
	return binary.LittleEndian.AppendUint32(nil, uint32(copied))
}

// descriptorTable is wazero's table of a guest's open files. wazero keeps it to
// itself, and WASI has no call to duplicate a descriptor; but the type's methods
// speak of public types only, with one exception, so they are found by name.
type descriptorTable struct {
	opener fileOpener
	lookup reflect.Value // func(fd int32) (*FileEntry, bool)
}

type fileOpener interface {
	OpenFile(files experimentalsys.FS, path string, flag experimentalsys.Oflag, perm fs.FileMode) (int32, experimentalsys.Errno)
	CloseFile(fd int32) experimentalsys.Errno
	Renumber(from, to int32) experimentalsys.Errno
}

func tableOf(m api.Module) (t descriptorTable) {
	system := reflect.Indirect(reflect.ValueOf(m)).FieldByName("Sys")
	if !system.IsValid() || system.IsNil() {
		return t
	}
	files := system.MethodByName("FS").Call(nil)[0]
	t.opener, _ = reflect.TypeAssert[fileOpener](files)
	t.lookup = files.MethodByName("LookupFile")
	return t
}

// entry is the table's entry of a descriptor: a struct with File, FS and Name.
func (t descriptorTable) entry(fd int32) (reflect.Value, bool) {
	found := t.lookup.Call([]reflect.Value{reflect.ValueOf(fd)})
	if !found[1].Bool() {
		return reflect.Value{}, false
	}
	return found[0].Elem(), true
}

// duplicate returns the new descriptor, or a negated error of WASI's. shared is
// told of one descriptor more, and later of each that is closed again.
func (t descriptorTable) duplicate(from, to int32, shared func(change int)) int32 {
	if t.opener == nil || !t.lookup.IsValid() || to >= maxDescriptors {
		return -wasiBadDescriptor
	}
	original, ok := t.entry(from)
	if !ok {
		return -wasiBadDescriptor
	}
	if from == to {
		return to
	}
	file, holders := share(original, shared)
	if replaced, ok := t.entry(to); ok {
		// Not wazero's Renumber, which refuses the standard streams.
		_ = replaced.FieldByName("File").Interface().(experimentalsys.File).Close()
		holders.add()
		copyEntry(replaced, original)
		return to
	}
	copied, errno := t.opener.OpenFile(oneFile{file: file}, "", 0, 0)
	if errno != 0 {
		return -wasiTooManyFiles
	}
	holders.add()
	if copied >= maxDescriptors {
		_ = t.opener.CloseFile(copied)
		return -wasiTooManyFiles
	}
	if entry, ok := t.entry(copied); ok {
		copyEntry(entry, original)
	}
	if to < 0 || to == copied {
		return copied
	}
	if errno := t.opener.Renumber(copied, to); errno != 0 {
		_ = t.opener.CloseFile(copied)
		return -wasiBadDescriptor
	}
	return to
}

// copyEntry makes an entry another descriptor of the same file. FS and Name are
// what a path below a directory is looked up in.
func copyEntry(to, from reflect.Value) {
	for _, field := range []string{"File", "FS", "Name"} {
		to.FieldByName(field).Set(from.FieldByName(field))
	}
}

// share makes the file of an entry one that several descriptors can have.
func share(entry reflect.Value, shared func(change int)) (experimentalsys.File, *sharing) {
	field := entry.FieldByName("File")
	file := field.Interface().(experimentalsys.File)
	if already, ok := file.(interface{ holders() *sharing }); ok {
		return file, already.holders()
	}
	s := &sharing{shared: shared, descriptors: 1}
	file = s.wrap(file)
	field.Set(reflect.ValueOf(file))
	return file, s
}

// oneFile opens one file, whatever it is asked for.
type oneFile struct {
	experimentalsys.UnimplementedFS
	file experimentalsys.File
}

// OpenFile implements [experimentalsys.FS].
func (o oneFile) OpenFile(string, experimentalsys.Oflag, fs.FileMode) (experimentalsys.File, experimentalsys.Errno) {
	return o.file, 0
}

// sharing is how many descriptors one file has. An instance has one goroutine at a
// time, so nothing is locked.
type sharing struct {
	descriptors int
	shared      func(change int)
}

func (s *sharing) holders() *sharing { return s }

func (s *sharing) add() {
	s.descriptors++
	s.shared(+1)
}

// wrap returns the file such that only its last descriptor's Close closes it.
// What can be polled stays so.
func (s *sharing) wrap(file experimentalsys.File) experimentalsys.File {
	if pollable, ok := file.(experimentalsys.PollableFile); ok {
		return &sharedPollable{pollable, s}
	}
	return &sharedFile{file, s}
}

// close takes off one descriptor, and reports whether it was the last one.
func (s *sharing) close() bool {
	s.descriptors--
	if s.descriptors > 0 {
		s.shared(-1)
	}
	return s.descriptors == 0
}

type (
	sharedFile struct {
		experimentalsys.File
		*sharing
	}
	sharedPollable struct {
		experimentalsys.PollableFile
		*sharing
	}
)

// Close implements [experimentalsys.File].
func (f *sharedFile) Close() experimentalsys.Errno {
	if f.close() {
		return f.File.Close()
	}
	return 0
}

// Close implements [experimentalsys.File].
func (f *sharedPollable) Close() experimentalsys.Errno {
	if f.close() {
		return f.PollableFile.Close()
	}
	return 0
}
