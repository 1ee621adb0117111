package runtime

// HasLayer reports whether the worker has an image of its packages.
func HasLayer(w *Worker) bool {
	w.layers.mu.Lock()
	defer w.layers.mu.Unlock()
	return w.layers.current != nil
}

// SetFuel sets how many loops a guest runs between two yields.
func SetFuel(c *Config, fuel uint64) { c.fuel = fuel }
