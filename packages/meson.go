package packages

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mesonBackend is meson-python's name in a pyproject.toml.
const mesonBackend = "mesonpy"

// crossFile writes what meson wants to know of the guest, since it can't run
// programs for it here, and returns the path. Properties are those that a
// package's meson.build asks for, from its recipe.
func (t *toolchain) crossFile(b *build) (string, error) {
	var text strings.Builder
	section := func(name string, values map[string]string, value func(string) string) {
		fmt.Fprintf(&text, "[%s]\n", name)
		for _, key := range slices.Sorted(maps.Keys(values)) {
			fmt.Fprintf(&text, "%s = %s\n", key, value(values[key]))
		}
		text.WriteString("\n")
	}
	section("binaries", map[string]string{
		"c": t.tool("cc"), "cpp": t.tool("c++"), "ar": t.tool("ar"), "ranlib": "true",
		"python": t.python.path, "pkg-config": "false", "cmake": "false",
	}, mesonString)
	properties := map[string]string{"needs_exe_wrapper": "true", "skip_sanity_check": "true"}
	maps.Copy(properties, b.recipe.Meson)
	section("properties", properties, mesonValue)
	section("host_machine", map[string]string{"system": "wasi", "cpu_family": "wasm32", "cpu": "wasm32", "endian": "little"}, mesonString)
	path := filepath.Join(b.dir, "cross.ini")
	return path, os.WriteFile(path, []byte(text.String()), 0o644)
}

// mesonValue is a string, or a boolean.
func mesonValue(text string) string {
	if text == "true" || text == "false" {
		return text
	}
	return mesonString(text)
}

func mesonString(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

// configSettings are those for the build backend: the recipe's, and for
// meson-python what makes it build for the guest.
func (s *syncer) configSettings(b *build, system *buildSystem) (map[string][]string, error) {
	settings := maps.Clone(b.recipe.Settings)
	if system.Backend != mesonBackend {
		return settings, nil
	}
	file, err := b.tools.crossFile(b)
	if err != nil {
		return nil, err
	}
	if settings == nil {
		settings = map[string][]string{}
	}
	settings["setup-args"] = append([]string{"--cross-file=" + file}, settings["setup-args"]...)
	settings["compile-args"] = append([]string{fmt.Sprintf("-j%d", s.opts.Jobs)}, settings["compile-args"]...)
	return settings, nil
}
