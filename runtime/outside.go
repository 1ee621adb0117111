package runtime

import (
	"context"
	"crypto/rand"
	mathrand "math/rand/v2"
	"time"

	"github.com/tetratelabs/wazero/sys"
)

// An instance's clocks and random bytes are the machine's, unless the execution
// that uses it has an [Outside]: an instance serves one execution after another,
// so what it reads is decided at each reading.

// The clocks' resolutions, as wazero's own have them.
const (
	wallResolution = sys.ClockResolution(time.Microsecond)
	nanoResolution = sys.ClockResolution(1)
)

// monotonic is a clock that begins in 2026 and never goes back: an image that an
// earlier process made has readings in it that are smaller.
type monotonic struct {
	opened time.Time
	offset time.Duration
}

func newMonotonic() monotonic {
	now := time.Now()
	return monotonic{now, max(now.Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), time.Second)}
}

func (m monotonic) now() int64 { return int64(m.offset + time.Since(m.opened)) }

// outside is what stands for the execution's clocks; nil for the machine's.
func (in *instance) outside() Outside {
	if in.x == nil {
		return nil
	}
	return in.x.outside
}

// walltime is the guest's wall clock.
func (in *instance) walltime() (sec int64, nsec int32) {
	now := time.Now()
	if o := in.outside(); o != nil {
		now = o.Walltime(now)
	}
	return now.Unix(), int32(now.Nanosecond())
}

// nanotime is the guest's monotonic clock.
func (in *instance) nanotime() int64 {
	now := in.clock.now()
	if o := in.outside(); o != nil {
		now = o.Nanotime(now)
	}
	return now
}

// randomSource is where the guest's random bytes come from.
type randomSource struct{ in *instance }

// Read implements [io.Reader].
func (r randomSource) Read(p []byte) (int, error) {
	if o := r.in.outside(); o != nil {
		o.Random(p)
		return len(p), nil
	}
	return rand.Read(p)
}

// bootBindings make the interpreter boot the same way everywhere: Python orders
// sets of strings by a random seed that is drawn once, and is then in the image. A
// recorded answer must not depend on the machine that it was recorded on.
type bootBindings struct{}

// Open implements [Bindings].
func (bootBindings) Open(context.Context, CallerInfo) Calls {
	return &bootCalls{random: mathrand.NewChaCha8([32]byte{})}
}

type bootCalls struct {
	noCalls
	random *mathrand.ChaCha8
}

// Walltime implements [Outside].
func (*bootCalls) Walltime(live time.Time) time.Time { return live }

// Nanotime implements [Outside].
func (*bootCalls) Nanotime(live int64) int64 { return live }

// Random implements [Outside].
func (c *bootCalls) Random(p []byte) { _, _ = c.random.Read(p) }

// Sleep implements [Outside].
func (*bootCalls) Sleep(time.Duration) bool { return false }
