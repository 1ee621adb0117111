package runtime

// SetFuel sets how many loops a guest runs between two yields.
func SetFuel(c *Config, fuel uint64) { c.fuel = fuel }
