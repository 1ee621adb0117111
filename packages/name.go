package packages

import (
	"regexp"
	"slices"
	"strings"
)

// Normalize returns a package's name in the one form that index, wheels and lock
// file agree on: "Ruamel.YAML_clib" is "ruamel-yaml-clib".
func Normalize(name string) string {
	parts := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	return strings.Join(parts, "-")
}

// requirementName returns the name that a requirement starts with: "a" of
// "A [x] >=1; python_version > '3'". ok is false where there is none.
func requirementName(requirement string) (name string, ok bool) {
	requirement = strings.TrimSpace(requirement)
	end := strings.IndexFunc(requirement, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && r != '-' && r != '_' && r != '.'
	})
	if end < 0 {
		end = len(requirement)
	}
	name = Normalize(requirement[:end])
	return name, name != "" && validRequirement(requirement)
}

// validRequirement catches typing mistakes before anything is started; the
// resolver knows the rest of the grammar.
func validRequirement(requirement string) bool {
	const (
		name    = `[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\s*(?:\[[^\]]*\])?\s*`
		version = `\s*(?:===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9.*+!_-]+\s*`
		list    = version + `(?:,` + version + `)*,?\s*`
	)
	return regexp.MustCompile(`^` + name + `(?:(?:` + list + `|\(` + list + `\)\s*)?(?:;.*)?|@\s*\S.*)$`).MatchString(requirement)
}

// sortedRequirements is the form in which two lists are compared: order and
// spaces don't matter.
func sortedRequirements(list []string) []string {
	out := make([]string, 0, len(list))
	for _, r := range list {
		out = append(out, strings.Join(strings.Fields(r), " "))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
