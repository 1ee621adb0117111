package packages

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

//go:embed recipes/*.toml driver/*.py driver/*.cpp driver/*.h driver/*.c
var embedded embed.FS

// refusedFile lists packages that can't work: a table a package, with reason and alternative.
const refusedFile = "unsupported.toml"

// recipe is the help that a package needs, recipes/NAME.toml.
type recipe struct {
	Build       bool                `toml:"build"`            // from source, even where there is a wheel of Python alone
	Reason      string              `toml:"reason"`           // why the package can't work: "it needs threads"; else empty
	Alternative string              `toml:"alternative"`      // what to use then, a sentence
	Env         map[string]string   `toml:"env"`              // of the build
	CFlags      []string            `toml:"cflags"`           // for C and C++
	CXXFlags    []string            `toml:"cxxflags"`         // for C++, after those; {driver} is the folder of driver/
	Requires    []string            `toml:"requires"`         // build requirements that the package forgets
	Settings    map[string][]string `toml:"config_settings"`  // for the build backend
	Meson       map[string]string   `toml:"meson_properties"` // of the guest, for a package that is built by meson
	Patches     []string            `toml:"patches"`          // unified diffs, which must match where they say
	Replace     []replacement       `toml:"replace"`          // in files, in whatever line
	Minutes     int                 `toml:"minutes"`          // that a build takes on 2 cores, where that is many
	Keep        []string            `toml:"keep"`             // paths in site-packages that are not shaken off
	Drop        []string            `toml:"drop"`             // paths that are, besides tests and type stubs
	Libraries   []library           `toml:"library"`

	text string // all of it, for the digest of what is built
}

// replacement is a change that fits more versions of a package than a patch. In one
// that does not have the text, nothing is changed.
type replacement struct {
	File string `toml:"file"` // relative to the source distribution's folder
	Text string `toml:"text"` // replaced wherever it stands
	With string `toml:"with"`
}

// library is C that is built first, as a static library. The source comes out of a
// source distribution in the index.
type library struct {
	Name    string   `toml:"name"` // "yaml" for libyaml.a
	Package string   `toml:"package"`
	Version string   `toml:"version"`
	File    string   `toml:"file"`
	SHA256  string   `toml:"sha256"`
	Sources []string `toml:"sources"` // relative to the distribution's folder
	Headers []string `toml:"headers"`
	CFlags  []string `toml:"cflags"`
}

// source is the library's distribution, as the cache and the index know it.
func (l *library) source() Package {
	return Package{Name: Normalize(l.Package), Version: l.Version, Kind: KindSource, File: l.File, SHA256: l.SHA256}
}

// loadRecipes reads the recipes by normalised name.
func loadRecipes() (map[string]*recipe, error) { return readRecipes(embedded, "recipes") }

func readRecipes(files fs.FS, folder string) (map[string]*recipe, error) {
	names, err := fs.Glob(files, path.Join(folder, "*.toml"))
	if err != nil {
		return nil, err
	}
	recipes := map[string]*recipe{}
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		dec := toml.NewDecoder(bytes.NewReader(data))
		dec.DisallowUnknownFields()
		if path.Base(name) == refusedFile {
			refused := map[string]*recipe{}
			if err := dec.Decode(&refused); err != nil {
				return nil, fmt.Errorf("recipe %s: %w", name, err)
			}
			for n, r := range refused {
				if recipes[n] != nil || n != Normalize(n) || r.Reason == "" {
					return nil, fmt.Errorf("recipe %s: the entry %s has no reason or is there twice", name, n)
				}
				recipes[n] = r
			}
			continue
		}
		r := &recipe{text: string(data)}
		if err := dec.Decode(r); err != nil {
			return nil, fmt.Errorf("recipe %s: %w", name, err)
		}
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("recipe %s: %w", name, err)
		}
		n := strings.TrimSuffix(path.Base(name), ".toml")
		if n != Normalize(n) || recipes[n] != nil {
			return nil, fmt.Errorf("recipe %s: not the normalised name of a package, or there twice", name)
		}
		recipes[n] = r
	}
	return recipes, nil
}

func (r *recipe) check() error {
	for _, c := range r.Replace {
		if !fs.ValidPath(c.File) || c.Text == "" {
			return fmt.Errorf("a replacement in %q lacks a field", c.File)
		}
	}
	for _, l := range r.Libraries {
		if l.Name == "" || l.Package == "" || l.Version == "" || l.File != path.Base(l.File) || !isDigest(l.SHA256) || len(l.Sources) == 0 {
			return fmt.Errorf("the library %q lacks a field", l.Name)
		}
		for _, file := range append(l.Sources[:len(l.Sources):len(l.Sources)], l.Headers...) {
			if !fs.ValidPath(file) {
				return fmt.Errorf("the library %q has no file %q", l.Name, file)
			}
		}
	}
	return nil
}
