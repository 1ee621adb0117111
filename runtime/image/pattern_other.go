//go:build !linux

package image

// Touched returns no pattern: only Linux tells.
func (m *Memory) Touched() Pattern { return Pattern{} }

// Prefault does nothing: there is never a pattern.
func (m *Memory) Prefault(Pattern) {}

// Reset is not possible without knowing what was written to.
func (m *Memory) Reset() (ok bool) { return false }
