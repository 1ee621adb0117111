package tui

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// formatMicros writes a time of µs in at most 7 cells: "0.2 ms", "12.9 ms", "1.20 s".
func formatMicros(us int64) string {
	switch d := float64(us); {
	case us < 0:
		return "–"
	case us < 99_950:
		return fmt.Sprintf("%.1f ms", d/1e3)
	case us < 999_500:
		return fmt.Sprintf("%.0f ms", d/1e3)
	case us < 9_995_000:
		return fmt.Sprintf("%.2f s", d/1e6)
	case us < 99_950_000:
		return fmt.Sprintf("%.1f s", d/1e6)
	default:
		return fmt.Sprintf("%.0f s", d/1e6)
	}
}

// formatBytes writes a size: "412 B", "1.2 kB", "22 MB". Like the platform's
// budgets, a kB is 1,024 bytes.
func formatBytes(n int64) string {
	size, unit := float64(n), "B"
	for _, next := range []string{"kB", "MB", "GB"} {
		if size < 1023.5 {
			break
		}
		size, unit = size/1024, next
	}
	if unit == "B" || size >= 9.95 {
		return fmt.Sprintf("%.0f %s", size, unit)
	}
	return fmt.Sprintf("%.1f %s", size, unit)
}

// formatShare writes how much of a size is used: "22 of 128 MB".
func formatShare(used, limit int64) string {
	u, l := formatBytes(used), formatBytes(limit)
	if number, ok := strings.CutSuffix(u, l[strings.IndexByte(l, ' '):]); ok {
		u = number
	}
	return u + " of " + l
}

// formatCount writes a number with separators: "1,203".
func formatCount(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// formatEstimate writes how long something will take: "a few seconds",
// "about 40 s", "about 2 min 10 s".
func formatEstimate(d time.Duration) string {
	seconds := int(d.Round(time.Second) / time.Second)
	switch {
	case seconds < 5:
		return "a few seconds"
	case seconds < 60:
		return fmt.Sprintf("about %d s", (seconds+4)/5*5)
	case seconds < 600 && seconds%60 >= 10:
		return fmt.Sprintf("about %d min %d s", seconds/60, seconds%60/10*10)
	case seconds < 600:
		return fmt.Sprintf("about %d min", seconds/60)
	default:
		return fmt.Sprintf("about %d min", (seconds+30)/60)
	}
}

// plural writes a count with its noun: "1 row", "3 rows".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return formatCount(n) + " " + noun + "s"
}
