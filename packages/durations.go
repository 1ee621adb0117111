package packages

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"time"
)

// unknownDuration is what a build is expected to take that nobody knows: most
// packages with C in them take 5 to 40 s.
const unknownDuration = 20 * time.Second

// durationsFile has how long builds took on this machine: seconds by the name of
// the package, the last build of each.
func (c cache) durationsFile() string { return c.path("durations.json") }

// durations reads what was remembered; nothing where that is not there or damaged,
// since it is for estimates only.
func (c cache) durations() map[string]float64 {
	seconds := map[string]float64{}
	if data, err := os.ReadFile(c.durationsFile()); err != nil || json.Unmarshal(data, &seconds) != nil {
		return map[string]float64{}
	}
	return seconds
}

// remember keeps how long a build took. Of two processes that do so at once, one
// may be forgotten.
func (c cache) remember(name string, took time.Duration) error {
	seconds := c.durations()
	seconds[name] = math.Round(took.Seconds()*10) / 10
	data, err := json.MarshalIndent(seconds, "", "  ")
	if err != nil {
		return err
	}
	return WriteFile(c.durationsFile(), append(data, '\n'))
}

// expect is how long the build of a package will take, and whether that is
// remembered of this machine.
func (s *syncer) expect(p Package) (took time.Duration, remembered bool) {
	const day = 24 * 60 * 60
	if seconds := s.durations()[p.Name]; seconds > 0 && seconds < day {
		return time.Duration(seconds * float64(time.Second)), true
	}
	if r := s.recipes[p.Name]; r != nil && r.Minutes > 0 {
		return time.Duration(r.Minutes) * time.Minute, false
	}
	return unknownDuration, false
}

// about writes a duration as one says it: "30 s", "4 min".
func about(d time.Duration) string {
	if d < 90*time.Second {
		return fmt.Sprintf("%d s", max(5, 5*int(math.Round(d.Seconds()/5))))
	}
	return fmt.Sprintf("%d min", int(math.Round(d.Minutes())))
}
