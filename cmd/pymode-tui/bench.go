package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pymode-tui/runtime"

	"github.com/shirou/gopsutil/v4/process"
	"github.com/spf13/cobra"
)

// spread is the distribution of a time in µs.
type spread struct {
	Min float64 `json:"min"`
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// benchReport is what bench --json prints; its shape is a contract.
type benchReport struct {
	Runs       int     `json:"runs"`
	Instance   spread  `json:"instance_us"`   // map to ready
	Request    spread  `json:"request_us"`    // a whole request without HTTP
	HTTP       spread  `json:"http_us"`       // over a keep-alive connection
	Reload     spread  `json:"reload_us"`     // write of the file to the first byte of the new code's answer
	ColdStart  float64 `json:"cold_start_us"` // the command `request` as a whole, caches warm
	ImageBytes int64   `json:"image_bytes"`
	RSSBytes   uint64  `json:"rss_bytes"` // of this process, after all of the above

	Bindings *bindingsReport `json:"bindings"`
}

func newBenchCommand() *cobra.Command {
	flags := &workerFlags{addr: "127.0.0.1:0"}
	var runs int
	var path string
	cmd := &cobra.Command{
		Use:   "bench DIR",
		Short: "Measure start, request and reload times, and calls of bindings",
		Long: "Measure how long an instance, a request, a request over HTTP, a reload and a\n" +
			"whole start take. The reloads change a copy of the project, not the project.",
		Args: exactArgs(1, "DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if runs < 1 {
				return usagef("--runs %d: want 1 or more", runs)
			}
			if !strings.HasPrefix(path, "/") {
				return usagef("--path %q: want a path that begins with /", path)
			}
			report, err := bench(cmd, args[0], flags, runs, path)
			if err != nil {
				return err
			}
			return report.print(cmd.OutOrStdout(), flags.json)
		},
	}
	flags.register(cmd)
	cmd.Flags().IntVar(&runs, "runs", 200, "how often each is measured; reloads a fifth as often")
	cmd.Flags().StringVar(&path, "path", "/", "what is requested with GET")
	return cmd
}

func bench(cmd *cobra.Command, dir string, flags *workerFlags, runs int, path string) (*benchReport, error) {
	report := &benchReport{Runs: runs}
	cold, err := coldStart(cmd, dir, flags, path)
	if err != nil {
		return nil, err
	}
	report.ColdStart = cold

	copied, err := os.MkdirTemp("", "pymode-bench-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(copied) }()
	if err := copyProject(copied, dir); err != nil {
		return nil, err
	}
	s, err := newSession([]string{copied}, flags)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()
	err = measure(ctx, s, report, path)
	cancel()
	s.close()
	if err := errors.Join(err, <-ended); err != nil {
		return nil, err
	}
	report.Bindings, err = benchBindings(cmd.Context(), flags, runs)
	return report, err
}

// measure fills the report from a session that runs.
func measure(ctx context.Context, s *session, report *benchReport, path string) error {
	client := &http.Client{}
	defer client.CloseIdleConnections()
	url := s.gateway.URL() + path
	if err := get(ctx, client, url); err != nil { // which waits for the first generation
		return err
	}
	w := s.workers[0].worker.Load()
	if state := w.State(); state.Error != nil {
		return fmt.Errorf("the worker can't be measured: %w", state.Error)
	}
	var err error
	if report.Instance, err = distribution(report.Runs, w.MeasureInstance); err != nil {
		return err
	}
	if report.Request, err = distribution(report.Runs, func() (time.Duration, error) {
		start := time.Now()
		w.Do(ctx, &runtime.Request{Method: "GET", URL: url, Headers: []runtime.Header{{"Host", "localhost"}}})
		return time.Since(start), nil
	}); err != nil {
		return err
	}
	if report.HTTP, err = distribution(report.Runs, func() (time.Duration, error) {
		start := time.Now()
		err := get(ctx, client, url)
		return time.Since(start), err
	}); err != nil {
		return err
	}
	n := 0
	if report.Reload, err = distribution(max(1, report.Runs/5), func() (time.Duration, error) {
		n++
		return measureReload(ctx, client, s.workers[0], url, n)
	}); err != nil {
		return err
	}
	report.ImageBytes = w.ImageSize()
	p, err := process.NewProcess(int32(os.Getpid()))
	if err != nil {
		return err
	}
	memory, err := p.MemoryInfo()
	if err != nil {
		return err
	}
	report.RSSBytes = memory.RSS
	return nil
}

// distribution measures n times, after a tenth as many that don't count.
func distribution(n int, f func() (time.Duration, error)) (spread, error) {
	var times []time.Duration
	for i := range n + n/10 {
		d, err := f()
		if err != nil {
			return spread{}, err
		}
		if i >= n/10 {
			times = append(times, d)
		}
	}
	slices.Sort(times)
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
	return spread{us(times[0]), us(times[len(times)/2]), us(times[(len(times)-1)*99/100])}, nil
}

func get(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return errors.Join(err, res.Body.Close())
}

// benchMark begins the comment that changes from save to save.
const benchMark = "# bench "

// measureReload saves the entry module with another comment at its end and
// asks until the answer is of a later generation.
func measureReload(ctx context.Context, client *http.Client, v *served, url string, n int) (time.Duration, error) {
	time.Sleep(20 * time.Millisecond) // as if by hand: what was begun before is over
	w := v.worker.Load()
	before := w.State().Generation
	main := filepath.Join(v.project.Dir, filepath.FromSlash(v.project.Main))
	text, err := os.ReadFile(main)
	if err != nil {
		return 0, err
	}
	text, _, _ = bytes.Cut(text, []byte(benchMark))
	text = fmt.Appendf(text, "%s%d\n", benchMark, n)
	start := time.Now()
	if err := os.WriteFile(main, text, 0o644); err != nil {
		return 0, err
	}
	for {
		if err := get(ctx, client, url); err != nil {
			return 0, err
		}
		took := time.Since(start)
		if w.State().Generation > before {
			return took, nil
		}
		if took > 10*time.Second {
			return 0, errors.New("no new generation 10 s after a save")
		}
	}
}

// coldStart is the time of a whole `request` command in µs, the caches being
// warm: the least of three.
func coldStart(cmd *cobra.Command, dir string, flags *workerFlags, path string) (float64, error) {
	program, err := os.Executable()
	if err != nil {
		return 0, err
	}
	args := []string{"request", dir, "GET", path}
	if flags.cacheDir != "" {
		args = append(args, "--cache", flags.cacheDir)
	}
	var least time.Duration
	for i := range 4 { // the first warms the caches
		start := time.Now()
		c := exec.CommandContext(cmd.Context(), program, args...)
		c.Stderr = cmd.ErrOrStderr()
		if err := c.Run(); err != nil {
			return 0, fmt.Errorf("%s: %w", strings.Join(args, " "), err)
		}
		if took := time.Since(start); i == 1 || i > 1 && took < least {
			least = took
		}
	}
	return float64(least.Nanoseconds()) / 1000, nil
}

// copyProject copies a project's regular files, without state and history.
func copyProject(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && slices.Contains([]string{".git", ".venv", "node_modules", "__pycache__"}, d.Name()):
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), b, 0o644)
	})
}

func (r *benchReport) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-28s %9s %9s %9s   of %d runs\n", "", "min", "p50", "p99", r.Runs)
	for _, row := range []struct {
		name string
		s    spread
	}{
		{"instance ready", r.Instance},
		{"request", r.Request},
		{"request over HTTP", r.HTTP},
		{"save to new answer", r.Reload},
		{"kv.get", r.Bindings.KVGet},
		{"kv.put, durable", r.Bindings.KVPut},
		{"kv.get_multi of 100 keys", r.Bindings.KVGetMulti},
		{"d1 select", r.Bindings.D1Select},
		{"d1 insert, durable", r.Bindings.D1Insert},
		{"r2.get of 1 kB", r.Bindings.R2Get},
	} {
		fmt.Fprintf(&b, "%-28s %6.2f ms %6.2f ms %6.2f ms\n", row.name, row.s.Min/1000, row.s.P50/1000, row.s.P99/1000)
	}
	fmt.Fprintf(&b, "%-28s %6.0f ms\n", "r2.put of 100 MB", r.Bindings.R2LargePut/1000)
	fmt.Fprintf(&b, "%-28s %6.0f ms, %.1f MB more of the host's heap\n", "r2.get of 100 MB", r.Bindings.R2LargeGet/1000, float64(r.Bindings.R2LargeHeap)/(1<<20))
	fmt.Fprintf(&b, "%-28s %6.0f ms\n", "command to first answer", r.ColdStart/1000)
	fmt.Fprintf(&b, "%-28s %6.1f MB\n", "image", float64(r.ImageBytes)/(1<<20))
	fmt.Fprintf(&b, "%-28s %6.1f MB\n", "resident memory", float64(r.RSSBytes)/(1<<20))
	_, err := io.WriteString(w, b.String())
	return err
}
