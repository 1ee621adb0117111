package traffic

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// writerEnv has the directory of a store that this process is to write to until
// it is killed.
const writerEnv = "TRAFFIC_TEST_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerEnv); dir != "" {
		writeUntilKilled(dir)
	}
	goleak.VerifyTestMain(m)
}

func writeUntilKilled(dir string) {
	s, err := Open(dir, Limits{})
	for n := 0; err == nil; n++ {
		e := get(fmt.Sprintf("/%d", n), at(0).Add(time.Duration(n)))
		e.Result.Body = make([]byte, 200_000)
		err = s.Add(e)
		fmt.Println(n)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
