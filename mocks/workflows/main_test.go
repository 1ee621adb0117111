package workflows_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"pymode-tui/mocks"
	"pymode-tui/mocks/workflows"
)

// childDir, in the environment, makes the test binary a process that runs a
// workflow in that project until it is killed.
const childDir = "PYMODE_TEST_WORKFLOW_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

// child holds a run, writes one step's result, and waits to be killed.
func child(dir string) int {
	s, err := workflows.New(context.Background(), workflows.Config{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	worker, err := newWorker(dir, s)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	r := post(context.Background(), worker, "/workflow/run", `{"id":"killed","input":{"mode":"hang"}}`)
	fmt.Printf("answered %d %s\n", r.Status, r.Body)
	time.Sleep(time.Minute)
	return 1
}

var _ mocks.Part = (*workflows.Store)(nil)
