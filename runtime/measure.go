package runtime

import (
	"context"
	"errors"
	"time"
)

// MeasureInstance maps an instance of the current generation, throws it away,
// and says how long the mapping took until a request could have begun.
func (w *Worker) MeasureInstance() (time.Duration, error) {
	g, err := w.generation(context.Background())
	if err != nil {
		return 0, err
	}
	defer g.release()
	if g.image == nil {
		return 0, errors.New("the worker has no image: its import failed")
	}
	start := time.Now()
	in, err := g.mapInstance(context.Background())
	took := time.Since(start)
	if err != nil {
		return 0, err
	}
	in.close()
	return took, nil
}

// ImageSize is the length of the current worker image in bytes, 0 where there
// is none.
func (w *Worker) ImageSize() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.current == nil || w.current.image == nil {
		return 0
	}
	return w.current.image.Size()
}
