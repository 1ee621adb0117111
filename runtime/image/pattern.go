package image

// Pattern says which pages of a memory an instance has touched. Instances of
// one image that do alike touch nearly the same pages, and the first touch of
// each costs a page fault, several µs on a virtual machine: more, together,
// than a short request takes to run. [Memory.Prefault] has them beforehand.
type Pattern struct {
	written, read []run
}

// run is a range of pages of the operating system's, as byte offsets.
type run struct{ start, end int64 }

// maxPattern bounds how many pages a pattern has of a kind: what an instance
// touches beyond is its work, and not worth having for one that may not do it.
const maxPattern = 2048

// IsEmpty reports whether there is nothing to prefault.
func (p Pattern) IsEmpty() bool { return len(p.written) == 0 && len(p.read) == 0 }

// appendPage adds a page to the last run, or a run.
func appendPage(runs []run, start, size int64) []run {
	if n := len(runs); n > 0 && runs[n-1].end == start {
		runs[n-1].end += size
		return runs
	}
	return append(runs, run{start, start + size})
}
