package runtime

// HasLayer reports whether the worker has an image of its packages.
func HasLayer(w *Worker) bool {
	w.layers.mu.Lock()
	defer w.layers.mu.Unlock()
	return w.layers.current != nil
}

// SetFuel sets how many loops a guest runs between two yields.
func SetFuel(c *Config, fuel uint64) { c.fuel = fuel }

// ImportLines is the digest of the lines that import.
func ImportLines(dir string, files ...string) ([32]byte, error) {
	lines, err := readImportLines(dir, files)
	return lines.digest, err
}

// Keep puts data into a folder that holds so many files and bytes.
func Keep(dir string, most int, bytes int64, name string, data []byte) {
	keptFiles{dir, "test", most, bytes}.Put(name, data)
}

// Kept gets it, and false where it is not there, or not whole.
func Kept(dir, name string) ([]byte, bool) { return keptFiles{dir, "test", 1, 1}.Get(name) }
