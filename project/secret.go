package project

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted is what is shown of a secret.
const redacted = "[secret]"

// Secret is a value of .dev.vars. Printing it, as itself or as part of anything
// else, with fmt, log/slog, encoding/json or a debugger's dump, shows
// "[secret]" or an address: the value is behind a pointer, which reflection
// does not follow even in unexported fields, where no method is called.
type Secret struct {
	value *string
}

// NewSecret returns a secret with the value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal returns the value. It belongs into the worker's env and nowhere else.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Equal reports whether both have the same value.
func (s Secret) Equal(other Secret) bool { return s.Reveal() == other.Reveal() }

// String implements [fmt.Stringer].
func (s Secret) String() string { return redacted }

// GoString implements [fmt.GoStringer].
func (s Secret) GoString() string { return redacted }

// Format implements [fmt.Formatter], for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText implements [encoding.TextMarshaler], and so JSON, TOML and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
