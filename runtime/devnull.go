package runtime

import (
	"io/fs"

	"github.com/tetratelabs/wazero"
	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/experimental/sysfs"
	"github.com/tetratelabs/wazero/sys"
)

// guestDev is where the guest sees devices: the one that swallows everything.
const guestDev = "/dev"

// withDevices mounts the devices behind what is mounted already.
func withDevices(config wazero.FSConfig) wazero.FSConfig {
	return config.(sysfs.FSConfig).WithSysFSMount(devices{}, guestDev)
}

// devices is a directory with the file null.
type devices struct {
	experimentalsys.UnimplementedFS
}

// OpenFile implements [experimentalsys.FS].
func (devices) OpenFile(path string, _ experimentalsys.Oflag, _ fs.FileMode) (experimentalsys.File, experimentalsys.Errno) {
	switch path {
	case "null":
		return nullFile{}, 0
	case ".", "":
		return deviceDir{}, 0
	}
	return nil, experimentalsys.ENOENT
}

// Stat implements [experimentalsys.FS].
func (devices) Stat(path string) (sys.Stat_t, experimentalsys.Errno) {
	switch path {
	case "null":
		return nullFile{}.Stat()
	case ".", "":
		return deviceDir{}.Stat()
	}
	return sys.Stat_t{}, experimentalsys.ENOENT
}

// Lstat implements [experimentalsys.FS].
func (d devices) Lstat(path string) (sys.Stat_t, experimentalsys.Errno) { return d.Stat(path) }

// nullFile is /dev/null.
type nullFile struct {
	experimentalsys.UnimplementedFile
}

// Read implements [experimentalsys.File].
func (nullFile) Read([]byte) (int, experimentalsys.Errno) { return 0, 0 }

// Pread implements [experimentalsys.File].
func (nullFile) Pread([]byte, int64) (int, experimentalsys.Errno) { return 0, 0 }

// Write implements [experimentalsys.File].
func (nullFile) Write(p []byte) (int, experimentalsys.Errno) { return len(p), 0 }

// Pwrite implements [experimentalsys.File].
func (nullFile) Pwrite(p []byte, _ int64) (int, experimentalsys.Errno) { return len(p), 0 }

// Truncate implements [experimentalsys.File].
func (nullFile) Truncate(int64) experimentalsys.Errno { return 0 }

// IsDir implements [experimentalsys.File].
func (nullFile) IsDir() (bool, experimentalsys.Errno) { return false, 0 }

// Close implements [experimentalsys.File].
func (nullFile) Close() experimentalsys.Errno { return 0 }

// Stat implements [experimentalsys.File].
func (nullFile) Stat() (sys.Stat_t, experimentalsys.Errno) {
	return sys.Stat_t{Mode: fs.ModeDevice | fs.ModeCharDevice | 0o666, Nlink: 1}, 0
}

// deviceDir is /dev.
type deviceDir struct {
	experimentalsys.UnimplementedFile
}

// IsDir implements [experimentalsys.File].
func (deviceDir) IsDir() (bool, experimentalsys.Errno) { return true, 0 }

// Stat implements [experimentalsys.File].
func (deviceDir) Stat() (sys.Stat_t, experimentalsys.Errno) {
	return sys.Stat_t{Mode: fs.ModeDir | 0o555, Nlink: 2}, 0
}

// Readdir implements [experimentalsys.File].
func (deviceDir) Readdir(int) ([]experimentalsys.Dirent, experimentalsys.Errno) { return nil, 0 }

// Close implements [experimentalsys.File].
func (deviceDir) Close() experimentalsys.Errno { return 0 }
