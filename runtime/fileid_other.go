//go:build !linux

package runtime

import "os"

// fileID is not known here: contents are compared.
func fileID(os.FileInfo) [3]int64 { return [3]int64{} }
