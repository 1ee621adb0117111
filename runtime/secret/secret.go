// Package secret takes the values of secrets out of what is shown or kept, and puts
// them back.
//
// The value of a secret NAME becomes "[secret:NAME]" wherever it stands, also where
// it is written as JSON, a URL or base64 has it ("[secret:NAME:json]"). A mark says
// which form stood there, so that each can be put back as it was, on any machine
// whose .dev.vars knows the name. What no name is known of is [Unnamed].
package secret

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"
)

const (
	// Unnamed stands in the place of a value that has no name and can't be put back.
	Unnamed = "[secret]"

	opening = "[secret:"

	// shortest is the length in bytes from which a value is masked: shorter
	// ones would mask half of any text, and are no secrets.
	shortest = 4
)

// Mask is the secrets of one worker. It is safe for use by many goroutines. A nil
// one has no secrets.
type Mask struct {
	values []string // what to look for, the longest first: one may contain another
	hide   *strings.Replacer
	show   map[string]string // by mark
}

// New returns the mask of secrets by name.
func New(secrets map[string]string) *Mask {
	m := &Mask{show: map[string]string{}}
	marks := map[string]string{} // by what is looked for
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		value := secrets[name]
		for _, f := range formsOf(value) {
			mark := opening + name + f.mark + "]"
			m.show[mark] = f.text
			if _, known := marks[f.text]; !known && len(value) >= shortest {
				marks[f.text] = mark
				m.values = append(m.values, f.text)
			}
		}
	}
	slices.SortFunc(m.values, func(a, b string) int {
		return cmp.Or(len(b)-len(a), strings.Compare(a, b))
	})
	var pairs []string
	for _, value := range m.values {
		pairs = append(pairs, value, marks[value])
	}
	m.hide = strings.NewReplacer(pairs...)
	return m
}

// form is a value as others write it.
type form struct {
	mark string // ends the mark: ":json"
	text string
}

// formsOf are the forms of a value. Of those that are the same the first one counts.
func formsOf(value string) []form {
	encoded := []byte(value)
	forms := []form{
		{"", value},
		{":json", jsonText(value)},
		{":ascii", asciiText(value)},
		{":url", url.QueryEscape(value)},
		{":path", url.PathEscape(value)},
		{":base64", base64.StdEncoding.EncodeToString(encoded)},
		{":base64url", base64.URLEncoding.EncodeToString(encoded)},
	}
	for offset, letter := range []string{"a", "b", "c"} {
		forms = append(forms,
			form{":base64" + letter, within(base64.StdEncoding, encoded, offset)},
			form{":base64url" + letter, within(base64.URLEncoding, encoded, offset)})
	}
	return forms
}

// within is what is always the same of a value in the middle of something that is
// written as base64, where the value begins so many bytes after a group of three:
// without the characters that have bits of what stands around it. It is the value
// itself where too little is left to tell it by.
func within(encoding *base64.Encoding, value []byte, offset int) string {
	const least = 8 // characters
	text := encoding.WithPadding(base64.NoPadding).EncodeToString(append(make([]byte, offset), value...))
	first, end := (8*offset+5)/6, 8*(offset+len(value))/6
	if end-first < least {
		return string(value)
	}
	return text[first:end]
}

// jsonText is a value inside a JSON string, as JavaScript writes it.
func jsonText(value string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // a string always has a JSON form
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(b.String(), "\n"), `"`), `"`)
}

// asciiText is a value inside a JSON string, as Python's json.dumps writes it.
func asciiText(value string) string {
	var b strings.Builder
	for _, r := range jsonText(value) {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		}
	}
	return b.String()
}

// Empty reports whether there is nothing to hide.
func (m *Mask) Empty() bool { return m == nil || len(m.values) == 0 }

// Hide is s without the values of secrets.
func (m *Mask) Hide(s string) string {
	if m.Empty() {
		return s
	}
	return m.hide.Replace(s)
}

// HideBytes is Hide; it returns b itself where no secret is in it.
func (m *Mask) HideBytes(b []byte) []byte {
	if m.Empty() {
		return b
	}
	for _, value := range m.values {
		if bytes.Contains(b, []byte(value)) {
			return []byte(m.hide.Replace(string(b)))
		}
	}
	return b
}

// Show puts values back in the place of their marks. Missing are the names that
// have no value here, whose marks stay, and "" where there is an [Unnamed] one;
// each once.
func (m *Mask) Show(s string) (shown string, missing []string) {
	if !strings.Contains(s, "[secret") {
		return s, nil
	}
	note := func(name string) {
		if !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	if strings.Contains(s, Unnamed) {
		note("")
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, opening)
		b.WriteString(before)
		if !ok {
			return b.String(), missing
		}
		s = rest
		end := strings.IndexByte(rest, ']')
		name, suffix, known := "", "", false
		if end >= 0 {
			name, suffix, _ = strings.Cut(rest[:end], ":")
		}
		value := ""
		if m != nil && end >= 0 {
			value, known = m.show[opening+rest[:end]+"]"]
		}
		switch {
		case known:
			b.WriteString(value)
			s = rest[end+1:]
			continue
		case isName(name) && (suffix == "" || isForm(suffix)):
			note(name)
		}
		b.WriteString(opening)
	}
}

// ShowBytes is Show; it returns b itself where there is no mark in it.
func (m *Mask) ShowBytes(b []byte) (shown []byte, missing []string) {
	if !bytes.Contains(b, []byte("[secret")) {
		return b, nil
	}
	text, missing := m.Show(string(b))
	return []byte(text), missing
}

// isForm reports whether a mark may end so.
func isForm(name string) bool {
	return slices.ContainsFunc(formsOf(""), func(f form) bool { return f.mark == ":"+name })
}

// isName reports whether an entry of .dev.vars may be called so.
func isName(s string) bool {
	const longest = 200
	return s != "" && len(s) <= longest && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '.'
	})
}
