package packages

import (
	"sync"

	"pymode-tui/runtime/cpython"
)

// meter reports stages that may run side by side: choosing versions, one for each
// package to be had, and installing.
type meter struct {
	report func(cpython.Progress)

	mu           sync.Mutex
	steps, begun int
	ended        int
	title        string
}

func newMeter(report func(cpython.Progress)) *meter { return &meter{report: report} }

// expect says that n more steps will come.
func (m *meter) expect(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.steps = m.begun + n + 1 // installing
}

func (m *meter) begin(title string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.begun++
	m.steps = max(m.steps, m.begun)
	m.title = title
	m.emit("")
}

func (m *meter) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended++
	m.emit("")
}

func (m *meter) line(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.emit(text)
}

func (m *meter) emit(line string) {
	m.report(cpython.Progress{
		Step: m.title, Number: m.begun, Steps: m.steps,
		Percent: 100 * float64(m.ended) / float64(max(m.steps, 1)), Line: line,
	})
}
