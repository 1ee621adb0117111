package project

import (
	"fmt"
	"math"
	"time"
)

// config is what one config file says.
type config struct {
	source
	name         string
	main         string
	mainAt       *value // for errors about main; nil where the file names none
	vars         map[string]any
	bindings     []Binding
	dependencies []string
	findLinks    []string
	limits       Limits
	ai           AI
	replay       Replay
	warnings     []string
}

// at is the name of a key in an error or a warning: "main in [tool.pymode]".
func at(key, section string) string {
	if section == "" {
		return key
	}
	return key + " in " + section
}

// readPyproject reads what a pyproject.toml says: [project] and [tool.pymode].
// projectName is [project] name, which other files may overrule.
func readPyproject(file string, root *table) (c *config, projectName string, err error) {
	c = &config{source: source{file}, vars: map[string]any{}}
	meta, err := c.table(root.get("project"), "[project]")
	if err != nil {
		return nil, "", err
	}
	if projectName, err = c.text(meta.get("name"), "name in [project]"); err != nil {
		return nil, "", err
	}
	if c.dependencies, err = c.strings(meta.get("dependencies"), "dependencies in [project]", `write dependencies = ["markupsafe"]`); err != nil {
		return nil, "", err
	}
	tool, err := c.table(root.get("tool"), "[tool]")
	if err != nil {
		return nil, "", err
	}
	settings, err := c.table(tool.get("pymode"), "[tool.pymode]")
	if err != nil || settings == nil {
		return c, projectName, err
	}
	if err := c.readSettings(settings, "[tool.pymode]"); err != nil {
		return nil, "", err
	}
	if c.findLinks, err = c.strings(settings.get("find-links"), "find-links in [tool.pymode]", `write find-links = ["wheels"]`); err != nil {
		return nil, "", err
	}
	if err := c.readReplay(settings.get("replay"), "[tool.pymode]"); err != nil {
		return nil, "", err
	}
	c.warnUnknown(settings)
	return c, projectName, nil
}

// readWrangler reads a wrangler.toml, wrangler.json or wrangler.jsonc.
func readWrangler(file string, root *table) (*config, error) {
	c := &config{source: source{file}, vars: map[string]any{}}
	if err := c.readSettings(root, ""); err != nil {
		return nil, err
	}
	for _, key := range root.names {
		if unsupported(key) {
			c.warn(root.values[key], "%s can't be had here: the worker finds nothing of it in its env", key)
		}
	}
	return c, nil
}

func (c *config) warn(v *value, format string, args ...any) {
	c.warnings = append(c.warnings, fmt.Sprintf("%s:%d: ", c.file, v.line)+fmt.Sprintf(format, args...))
}

// warnUnknown warns of keys in [tool.pymode] that nothing reads: a typing
// mistake there would go unnoticed. wrangler's files have many more keys.
func (c *config) warnUnknown(settings *table) {
	known := map[string]bool{"name": true, "main": true, "vars": true, "limits": true, "replay": true, "find-links": true}
	for _, form := range bindingForms() {
		known[form.key] = true
	}
	for _, key := range settings.names {
		if !known[key] {
			c.warn(settings.values[key], "nothing reads %s in [tool.pymode]", key)
		}
	}
}

// strings reads a list of strings.
func (c *config) strings(v *value, what, hint string) (texts []string, err error) {
	if v == nil {
		return nil, nil
	}
	list, ok := v.data.([]*value)
	if !ok {
		return nil, c.wrong(v, hint, "%s must be a list of strings, not %s", what, v.kind())
	}
	for _, item := range list {
		text, ok := item.data.(string)
		if !ok {
			return nil, c.wrong(item, "", "%s must be a list of strings, and one is %s", what, item.kind())
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// readSettings reads what [tool.pymode] and wrangler's files have in common.
func (c *config) readSettings(settings *table, section string) (err error) {
	if c.name, err = c.text(settings.get("name"), at("name", section)); err != nil {
		return err
	}
	c.mainAt = settings.get("main")
	if c.main, err = c.text(c.mainAt, at("main", section)); err != nil {
		return err
	}
	vars, err := c.table(settings.get("vars"), at("vars", section))
	if err != nil {
		return err
	}
	if vars != nil {
		for _, name := range vars.names {
			c.vars[name] = vars.values[name].plain()
		}
	}
	for _, form := range bindingForms() {
		if err := c.readBindings(settings.get(form.key), form, section); err != nil {
			return err
		}
	}
	return c.readLimits(settings.get("limits"), section)
}

// maxCPU is the most CPU time that the platform gives a request.
const maxCPU = 5 * time.Minute

func (c *config) readLimits(v *value, section string) error {
	limits, err := c.table(v, at("limits", section))
	if err != nil {
		return err
	}
	if cpu := limits.get("cpu_ms"); cpu != nil {
		ms, ok := cpu.data.(int64)
		if !ok || ms <= 0 {
			return c.wrong(cpu, "", "%s must be a positive integer, in milliseconds", at("limits.cpu_ms", section))
		}
		if ms > maxCPU.Milliseconds() {
			return c.wrong(cpu, "the platform gives a request 30,000 ms, or up to 300,000 where the config asks for it",
				"%s must be at most %d, and is %d", at("limits.cpu_ms", section), maxCPU.Milliseconds(), ms)
		}
		c.limits.CPU = time.Duration(ms) * time.Millisecond
	}
	if subrequests := limits.get("subrequests"); subrequests != nil {
		n, ok := subrequests.data.(int64)
		if !ok || n <= 0 || n > math.MaxInt32 {
			return c.wrong(subrequests, "", "%s must be a positive integer", at("limits.subrequests", section))
		}
		c.limits.Subrequests = int(n)
	}
	return nil
}

// readBindings reads the bindings of one kind. Their forms are
//
//	[[kv_namespaces]]       [kv_namespaces]      kv_namespaces = ["CACHE_KV"]
//	binding = "CACHE_KV"    CACHE_KV = "1f2e"
//	id = "1f2e"
//
// and for AI, of which there is one: ai = "AI", or [ai] binding = "AI"; see readAI.
func (c *config) readBindings(v *value, form bindingForm, section string) error {
	if v == nil {
		return nil
	}
	switch data := v.data.(type) {
	case []*value:
		for _, item := range data {
			if err := c.readItem(item, form, section); err != nil {
				return err
			}
		}
		return nil
	case *table:
		if form.kind == KindAI {
			return c.readAI(v, data, section)
		}
		if data.get("binding") != nil && isField(data, form) {
			return c.readItem(v, form, section)
		}
		for _, name := range data.names {
			if err := c.readNamed(name, data.values[name], form, section); err != nil {
				return err
			}
		}
		return nil
	case string:
		if form.kind == KindAI {
			return c.bind(v, Binding{Name: data, Kind: form.kind})
		}
	}
	return c.wrong(v, bindingHint(form), "%s must be a table or a list of tables, not %s", at(form.key, section), v.kind())
}

// isField reports whether a table is one binding written out and not a table of
// bindings, one of which happens to be called "binding".
func isField(t *table, form bindingForm) bool {
	if len(t.names) == 1 {
		return false
	}
	for _, target := range form.targets {
		if t.get(target) != nil {
			return true
		}
	}
	return false
}

// readItem reads one element of a list of bindings.
func (c *config) readItem(v *value, form bindingForm, section string) error {
	switch data := v.data.(type) {
	case string:
		return c.bind(v, Binding{Name: data, Kind: form.kind})
	case *table:
		name, err := c.text(data.get("binding"), "binding in "+at(form.key, section))
		if err != nil {
			return err
		}
		if name == "" {
			return c.wrong(v, bindingHint(form), "an entry of %s has no binding, which is its name in env", at(form.key, section))
		}
		return c.readFields(name, v, data, form, section)
	}
	return c.wrong(v, bindingHint(form), "an entry of %s must be a table, not %s", at(form.key, section), v.kind())
}

// readNamed reads one entry of a table of bindings.
func (c *config) readNamed(name string, v *value, form bindingForm, section string) error {
	switch data := v.data.(type) {
	case string:
		return c.bind(v, Binding{Name: name, Kind: form.kind, Target: data})
	case *table:
		return c.readFields(name, v, data, form, section)
	}
	return c.wrong(v, bindingHint(form), "%s in %s must be a string, not %s", name, at(form.key, section), v.kind())
}

// readFields reads a binding that is written out as a table.
func (c *config) readFields(name string, v *value, fields *table, form bindingForm, section string) (err error) {
	b := Binding{Name: name, Kind: form.kind}
	for _, target := range form.targets {
		text, err := c.text(fields.get(target), target+" in "+at(form.key, section))
		if err != nil {
			return err
		}
		if b.Target == "" {
			b.Target = text
		}
	}
	if form.id != "" {
		b.ID, _ = c.text(fields.get(form.id), form.id) // its type is checked above: it is a target too
	}
	if form.kind == KindD1 {
		if b.Migrations, err = c.text(fields.get("migrations_dir"), "migrations_dir in "+at(form.key, section)); err != nil {
			return err
		}
	}
	if form.kind == KindService {
		if b.Entrypoint, err = c.text(fields.get("entrypoint"), "entrypoint in "+at(form.key, section)); err != nil {
			return err
		}
	}
	return c.bind(v, b)
}

// bind adds a binding, whose name must be an attribute of env and the only one.
func (c *config) bind(v *value, b Binding) error {
	if !isIdentifier(b.Name) {
		return c.wrong(v, "a worker reads it as env.NAME: letters, digits and _, like CACHE_KV", "%q can't be the name of a binding", b.Name)
	}
	for _, other := range c.bindings {
		if other.Name == b.Name {
			return c.wrong(v, "", "%s is bound twice, to %s and to %s", b.Name, other.Kind, b.Kind)
		}
	}
	c.bindings = append(c.bindings, b)
	return nil
}

// isIdentifier reports whether env.NAME is Python.
func isIdentifier(name string) bool {
	for i, c := range name {
		letter := c == '_' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// bindingHint shows how a binding is written.
func bindingHint(form bindingForm) string {
	if form.kind == KindAI {
		return `write ai = { binding = "AI" }`
	}
	return fmt.Sprintf(`write [[%s]] with binding = "NAME" and %s = "…"`, form.key, form.targets[0])
}
