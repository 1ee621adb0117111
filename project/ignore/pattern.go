package ignore

import (
	"path"
	"strings"
)

// pattern is one line of a .gitignore file, as gitignore(5) describes it.
type pattern struct {
	segments []string // of the path it matches, "**" standing for any number of directories
	negated  bool     // "!": what matches belongs to the project after all
	dirOnly  bool     // "/" at the end: matches directories only
	anchored bool     // has a "/" elsewhere: matches a whole path instead of a name
}

// parse reads the patterns of a .gitignore file, in the file's order. A line
// that is no pattern matches nothing, as in git.
func parse(text string) []pattern {
	var patterns []pattern
	text = strings.TrimPrefix(text, "\ufeff")
	for line := range strings.Lines(text) {
		if p, ok := parseLine(strings.TrimRight(line, "\r\n")); ok {
			patterns = append(patterns, p)
		}
	}
	return patterns
}

// parseLine reads one line; ok is false for a blank one and for a comment.
func parseLine(line string) (p pattern, ok bool) {
	line = trimSpaces(line)
	if line == "" || line[0] == '#' {
		return pattern{}, false
	}
	if line[0] == '!' {
		p.negated, line = true, line[1:]
	}
	if rest, found := strings.CutSuffix(line, "/"); found {
		p.dirOnly, line = true, rest
	}
	p.anchored = strings.Contains(line, "/")
	for segment := range strings.SplitSeq(strings.TrimPrefix(line, "/"), "/") {
		repeated := len(p.segments) > 0 && p.segments[len(p.segments)-1] == "**"
		if segment == "**" && repeated {
			continue
		}
		// git negates a class with "!" or "^", package path with "^" only.
		p.segments = append(p.segments, strings.ReplaceAll(segment, "[!", "[^"))
	}
	return p, line != ""
}

// trimSpaces drops trailing spaces, except one that a backslash keeps.
func trimSpaces(line string) string {
	trimmed := strings.TrimRight(line, " ")
	backslashes := len(trimmed) - len(strings.TrimRight(trimmed, `\`))
	if backslashes%2 == 1 && len(trimmed) < len(line) {
		return line[:len(trimmed)+1]
	}
	return trimmed
}

// matches reports whether the pattern matches exactly this path, which is
// relative to the directory of the .gitignore file. That a directory above
// matches is the caller's to find out.
func (p *pattern) matches(rel string, dir bool) bool {
	if p.dirOnly && !dir {
		return false
	}
	if !p.anchored {
		return matchSegment(p.segments[0], path.Base(rel))
	}
	return matchSegments(p.segments, strings.Split(rel, "/"))
}

// matchSegments matches a path with a pattern. Going back to the last "**" is
// enough, as with "*" in a string, which keeps it quadratic at worst.
func matchSegments(pattern, names []string) bool {
	p, n := 0, 0
	starPattern, starName := -1, 0
	for n < len(names) {
		switch {
		case p < len(pattern) && pattern[p] == "**":
			if p == len(pattern)-1 {
				return true // "dir/**" is all that is inside, and something is
			}
			starPattern, starName = p, n
			p++
		case p < len(pattern) && matchSegment(pattern[p], names[n]):
			p++
			n++
		case starPattern >= 0:
			starName++
			p, n = starPattern+1, starName
		default:
			return false
		}
	}
	return p == len(pattern)
}

// matchSegment matches one name. Most patterns are plain names or "*.ext".
func matchSegment(pattern, name string) bool {
	if !strings.ContainsAny(pattern, `*?[\`) {
		return pattern == name
	}
	if pattern[0] == '*' && !strings.ContainsAny(pattern[1:], `*?[\`) {
		return strings.HasSuffix(name, pattern[1:])
	}
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}
