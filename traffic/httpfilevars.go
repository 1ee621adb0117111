package traffic

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/big"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The bounds of variables.
const (
	maxVariables     = 10_000
	maxVariable      = 1 << 20 // bytes of a value
	maxVariableDepth = 20      // values that refer to one another
	maxEnvironment   = 1 << 20 // bytes of a file
)

// The environment files of JetBrains' client.
const (
	publicEnvironment  = "http-client.env.json"
	privateEnvironment = "http-client.private.env.json"
)

var variableName = regexp.MustCompile(
	`^(?:%?[\pL_][\pL\pN_.-]*|\$[\w.]+(?:[ (].*)?|[\pL_][\pL\pN_-]*\.(?:response|request)\..*)$`)

// variables are the values that {{name}} stands for.
type variables struct {
	environment  map[string]string // chosen by its name
	environments []string          // that could have been chosen
	file         map[string]definition
	asked        map[string]bool   // by prompts
	known        map[string]string // with what they refer to put in
}

type definition struct {
	text string
	line int // from 1
}

func newVariables() *variables {
	return &variables{
		environment: map[string]string{}, file: map[string]definition{},
		asked: map[string]bool{}, known: map[string]string{},
	}
}

// define notes a variable of the file; the last definition counts.
func (v *variables) define(name, text string, line int) error {
	if len(v.file) >= maxVariables || len(text) > maxVariable {
		return &FormatError{Line: line, Message: "too many variables, or one that is too long"}
	}
	text = strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\\`, `\`).Replace(text)
	v.file[name] = definition{text, line}
	return nil
}

// ask notes a variable that a person would be asked for.
func (v *variables) ask(name string) {
	if len(v.asked) < maxVariables {
		v.asked[name] = true
	}
}

// expand puts values in for {{name}} in a text that begins in a line. The result
// has at most limit bytes.
func (v *variables) expand(text string, line, limit int) (string, error) {
	return v.expandAt(text, func(at int) int { return line + strings.Count(text[:at], "\n") }, limit)
}

// expandAt is expand with the line of each offset.
func (v *variables) expandAt(text string, lineAt func(int) int, limit int) (string, error) {
	return v.replace(text, lineAt, limit, 0)
}

func (v *variables) replace(text string, lineAt func(int) int, limit, depth int) (string, error) {
	var b strings.Builder
	at := 0
	for {
		open := strings.Index(text[at:], "{{")
		if open < 0 {
			b.WriteString(text[at:])
			break
		}
		open += at
		b.WriteString(text[at:open])
		name, ok := variableAt(text[open:])
		if !ok {
			b.WriteByte('{')
			at = open + 1
			continue
		}
		value, err := v.value(trimBlank(name), func() int { return lineAt(open) }, depth)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
		at = open + len("{{") + len(name) + len("}}")
		if b.Len() > limit {
			break
		}
	}
	if b.Len() > limit {
		return "", &FormatError{Line: lineAt(at), Message: fmt.Sprintf("with its variables put in, the text is longer than %d kB", limit>>10)}
	}
	return b.String(), nil
}

// variableAt is what stands between the braces at the beginning of text, if it
// may be a variable.
func variableAt(text string) (name string, ok bool) {
	const longest = 300 // bytes
	inner := text[2:min(len(text), longest)]
	name, _, ok = strings.Cut(inner, "}}")
	return name, ok && !strings.ContainsAny(name, "\r\n") && variableName.MatchString(trimBlank(name))
}

// value is what a variable stands for.
func (v *variables) value(name string, line func() int, depth int) (string, error) {
	if strings.HasPrefix(name, "%") {
		value, err := v.value(name[1:], line, depth)
		return escapeAll(value), err
	}
	if strings.HasPrefix(name, "$") {
		return v.dynamic(name, line)
	}
	if value, ok := v.known[name]; ok {
		return value, nil
	}
	if depth >= maxVariableDepth {
		return "", &FormatError{Line: line(), Message: "the variable " + shown(name) + " refers to itself"}
	}
	text, ok := v.environment[name]
	lineAt := func(int) int { return line() }
	if !ok {
		var d definition
		if d, ok = v.file[name]; ok {
			text, lineAt = d.text, func(int) int { return d.line }
		}
	}
	if !ok {
		return "", v.undefined(name, line())
	}
	value, err := v.replace(text, lineAt, maxVariable, depth+1)
	if err == nil {
		v.known[name] = value
	}
	return value, err
}

// escapeAll escapes all but the unreserved characters of RFC 3986.
func escapeAll(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// undefined is the error for a variable without a value.
func (v *variables) undefined(name string, line int) error {
	switch {
	case v.asked[name]:
		return fmt.Errorf("%w: the variable %s would be asked for", errSkip, shown(name))
	case strings.Contains(name, ".response."), strings.Contains(name, ".request."):
		return fmt.Errorf("%w: %s comes from another request", errSkip, shown(name))
	}
	advice := "define it: @" + name + " = value"
	if len(v.environments) > 0 {
		advice = "define it, or choose an environment: " + v.choices()
	}
	return &FormatError{Line: line, Message: "the variable " + shown(name) + " is not defined", Advice: singleLine(advice)}
}

// choices are the names of the environments, twenty at most.
func (v *variables) choices() string {
	const most = 20
	names := strings.Join(v.environments[:min(len(v.environments), most)], ", ")
	if len(v.environments) > most {
		names += ", …"
	}
	return singleLine(names)
}

// dynamic makes up the value of a variable with a $.
func (v *variables) dynamic(name string, line func() int) (string, error) {
	name, arguments, _ := strings.Cut(strings.TrimPrefix(name, "$"), " ")
	switch name {
	case "guid", "uuid", "random.uuid":
		return uuid.NewString(), nil
	case "timestamp":
		return strconv.FormatInt(time.Now().Unix(), 10), nil
	case "isoTimestamp":
		return time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), nil
	case "randomInt":
		return randomInt(strings.Fields(arguments), line)
	}
	return "", fmt.Errorf("%w: {{$%s}} can't be made up here", errSkip, strings.Trim(shown(name), `"`))
}

// randomInt is a number from the first argument to below the second, or to 1000.
func randomInt(arguments []string, line func() int) (string, error) {
	low, high := int64(0), int64(1000)
	if len(arguments) > 0 {
		var err1, err2 error
		low, err1 = strconv.ParseInt(arguments[0], 10, 32)
		if high = low; len(arguments) == 2 {
			high, err2 = strconv.ParseInt(arguments[1], 10, 32)
		}
		if err := errors.Join(err1, err2); err != nil || low >= high {
			return "", &FormatError{Line: line(), Message: "$randomInt wants two whole numbers, the smaller one first"}
		}
	}
	n, err := rand.Int(rand.Reader, big.NewInt(high-low))
	if err != nil {
		return "", err
	}
	return strconv.FormatInt(low+n.Int64(), 10), nil
}

// readEnvironment reads the environment files of a directory, if there are any,
// and chooses one environment of them; "" chooses none.
func readEnvironment(dir, name string) (*variables, error) {
	v := newVariables()
	files := newFolder(dir)
	for _, file := range []string{privateEnvironment, publicEnvironment} {
		b, err := files.read(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		path := filepath.Join(dir, file)
		if err != nil {
			return nil, fmt.Errorf("reading environments: %w", err)
		}
		if len(b) > maxEnvironment {
			return nil, &FormatError{File: path, Message: fmt.Sprintf("larger than %d MB", maxEnvironment>>20)}
		}
		environments, err := parseEnvironments(b)
		if err != nil {
			return nil, inFile(err, path)
		}
		maps.Copy(v.environment, environments["$shared"])
		maps.Copy(v.environment, environments[name])
		for other := range environments {
			if !strings.HasPrefix(other, "$") {
				v.environments = append(v.environments, other)
			}
		}
	}
	slices.Sort(v.environments)
	v.environments = slices.Compact(v.environments)
	if name != "" && !slices.Contains(v.environments, name) {
		advice := "there is none: write " + publicEnvironment + " beside the file"
		if len(v.environments) > 0 {
			advice = "there are " + v.choices()
		}
		return nil, &FormatError{File: filepath.Join(dir, publicEnvironment), Message: "no environment " + shown(name), Advice: advice}
	}
	return v, nil
}

// parseEnvironments reads {"dev": {"host": "localhost"}}. Values that are neither
// text, nor a number, nor a boolean are settings of the client: left out.
func parseEnvironments(b []byte) (map[string]map[string]string, error) {
	b = []byte(strings.TrimPrefix(string(b), "\ufeff"))
	var raw map[string]map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		line := 0
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			line = 1 + strings.Count(string(b[:min(int(syntax.Offset), len(b))]), "\n")
		}
		return nil, &FormatError{Line: line, Message: "not a file of environments", Advice: `write {"dev": {"name": "value"}}`, Err: err}
	}
	environments := map[string]map[string]string{}
	for name, values := range raw {
		environments[name] = map[string]string{}
		for key, value := range values {
			var text string
			if json.Unmarshal(value, &text) == nil && len(text) <= maxVariable {
				environments[name][key] = text
			} else if len(value) > 0 && value[0] != '{' && value[0] != '[' && value[0] != '"' && string(value) != "null" {
				environments[name][key] = string(value)
			}
		}
	}
	return environments, nil
}
