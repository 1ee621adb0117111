package r2

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(putterDir); dir != "" {
		putForever(dir)
		return
	}
	goleak.VerifyTestMain(m)
}
