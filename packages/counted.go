package packages

import (
	"regexp"
	"strconv"
)

// How build programs say how far they are: ninja, and setuptools through
// build_wheel.py; and cargo, over and over in the same line.
var (
	ninjaCount = regexp.MustCompile(`^\[(\d{1,6})/(\d{1,6})\] `)
	cargoCount = regexp.MustCompile(`^\s*Building \[[=> ]*\] (\d{1,6})/(\d{1,6})`)
)

// countedBy returns how far a build is, from 0 to 1, where a line of its output
// says it.
func countedBy(line string) (fraction float64, ok bool) {
	share, match := 0.95, ninjaCount.FindStringSubmatch(line) // linking and packing are left
	if match == nil {
		// cargo's last crate is the package itself, optimised with all others.
		share, match = 0.6, cargoCount.FindStringSubmatch(line)
	}
	if match == nil {
		return 0, false
	}
	done, _ := strconv.Atoi(match[1]) // digits
	total, _ := strconv.Atoi(match[2])
	if total == 0 || done > total {
		return 0, false
	}
	return share * float64(done) / float64(total), true
}

// isCount reports whether a line is cargo's count, which is for the screen and not
// for an error's message.
func isCount(line string) bool { return cargoCount.MatchString(line) }
