//go:build !linux

package packages

import "errors"

// exchange is done in two steps here.
func exchange(string, string) error { return errors.ErrUnsupported }
