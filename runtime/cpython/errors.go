package cpython

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// MissingToolError says that this machine lacks something that the build needs.
type MissingToolError struct {
	Tool string // what is missing: "a C compiler"
	How  string // how to get it: a command or a sentence
}

func (e *MissingToolError) Error() string { return "building the runtime needs " + e.Tool }

// Hint says how to get the tool.
func (e *MissingToolError) Hint() string { return e.How }

// DigestError says that a source archive is not the one that is pinned.
type DigestError struct {
	File string
	Got  string   // SHA-256, hexadecimal
	Want []string // any of these
}

func (e *DigestError) Error() string {
	return fmt.Sprintf("%s has the SHA-256 %s, expected %s", e.File, e.Got, strings.Join(e.Want, " or "))
}

// StepError says which step of a build failed, and where to read on.
type StepError struct {
	Step string   // its title: "compile CPython"
	Err  error    // why
	Tail []string // the last lines of its output
	Log  string   // path of the whole output
}

func (e *StepError) Error() string { return e.Step + ": " + e.Err.Error() }

func (e *StepError) Unwrap() error { return e.Err }

// Hint names the log, or what to do where that is known.
func (e *StepError) Hint() string {
	var inner interface{ Hint() string }
	if errors.As(e.Err, &inner) {
		return inner.Hint()
	}
	return "the whole log: " + e.Log
}

// DiskFullError says that the disk of the cache is full.
type DiskFullError struct {
	Dir  string // the cache folder
	Free uint64 // bytes; 0 where it can't be told
}

func (e *DiskFullError) Error() string {
	return fmt.Sprintf("no space left on the disk that holds %s (%s free)", e.Dir, FormatBytes(int64(e.Free)))
}

// Unwrap makes errors.Is(err, syscall.ENOSPC) true.
func (e *DiskFullError) Unwrap() error { return syscall.ENOSPC }

// Hint says how much is needed.
func (e *DiskFullError) Hint() string {
	return "a first build needs about " + FormatBytes(diskNeeded) + "; `pymode-tui runtime clean` frees what earlier builds left"
}

// diskNeeded is what a whole build occupies, in bytes: measured, rounded up.
const diskNeeded = 1_300_000_000

// diskFull tells from an error or from what a tool printed whether the disk is
// full: compilers and tar only say so in words.
func diskFull(err error, tail []string) bool {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return true
	}
	for _, line := range tail {
		for _, words := range []string{"No space left on device", "NoSpaceLeft", "Disk quota exceeded"} {
			if bytes.Contains([]byte(line), []byte(words)) {
				return true
			}
		}
	}
	return false
}

// FormatBytes writes a size for people, in powers of ten: "7.1 MB".
func FormatBytes(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1_000_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	default:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
}
