package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"pymode-tui/project"
	"pymode-tui/runtime"
	"pymode-tui/traffic"

	"github.com/spf13/cobra"
)

// replayFlags are those of `pymode-tui replay` alone.
type replayFlags struct {
	workerFlags
	concurrency int
	pace        bool
	hermetic    bool
	captured    bool
	update      bool
	failFast    bool
	filter      string
	shard       string
	junit       string
	against     string
	env         string
}

// newReplayCommand is `pymode-tui replay DIR [FILE...]`.
func newReplayCommand() *cobra.Command {
	var flags replayFlags
	cmd := &cobra.Command{
		Use:   "replay DIR [FILE...]",
		Short: "Send saved requests again and compare the answers",
		Long: "Replay the requests of files, or of all files in the project's requests folder,\n" +
			"and say in what the answers are not those that were saved. Exits with 1 where\n" +
			"one differs.",
		Example: "  pymode-tui replay ./myworker --hermetic --junit report.xml\n" +
			"  pymode-tui replay . --captured --filter 'path:/orders/* status:2xx' --against main",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("no arguments given, want DIR [FILE...]")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runReplay(cmd, args[0], args[1:], &flags)
		},
	}
	flags.register(cmd)
	f := cmd.Flags()
	f.IntVar(&flags.concurrency, "concurrency", 1, "how many requests to send at once; the report keeps their order")
	f.BoolVar(&flags.pace, "pace", false, "wait between requests as long as when they were captured")
	f.BoolVar(&flags.hermetic, "hermetic", false, "answer host calls, clocks and random bytes from the recordings")
	f.BoolVar(&flags.captured, "captured", false, "replay what the console has captured in place of saved files")
	f.BoolVar(&flags.update, "update", false, "make the answers of now those that are expected")
	f.BoolVar(&flags.failFast, "fail-fast", false, "stop at the first answer that differs")
	f.StringVar(&flags.filter, "filter", "", "`words` that all must fit: method:POST status:5xx path:/users/* name:create*,\nor a part of the method, URL or name")
	f.StringVar(&flags.env, "env", "", "`environment` of .http files, by its name in http-client.env.json or\nhttp-client.private.env.json beside the file")
	f.StringVar(&flags.shard, "shard", "", "replay the `i/n`th part of the requests only: 1/4")
	f.StringVar(&flags.junit, "junit", "", "write a JUnit report to the `file`")
	f.StringVar(&flags.against, "against", "", "compare with the worker in another `directory or git revision`, and not with what was saved")
	return cmd
}

// replayJob is what a command line asks for.
type replayJob struct {
	flags    *replayFlags
	project  *project.Project
	requests []*savedRequest
	options  traffic.ReplayOptions
}

// newReplayJob reads all that is to be replayed.
func newReplayJob(dir string, files []string, flags *replayFlags, notify func(string)) (*replayJob, error) {
	if err := flags.check(); err != nil {
		return nil, err
	}
	if flags.concurrency < 1 || flags.concurrency > 1000 {
		return nil, usagef("--concurrency %d: want 1 to 1000", flags.concurrency)
	}
	if flags.captured && (len(files) > 0 || flags.update || flags.env != "") {
		return nil, usagef("--captured goes with neither files, nor --update, nor --env")
	}
	if flags.against != "" && flags.update {
		return nil, usagef("--against does not go with --update")
	}
	filter, err := traffic.ParseFilter(flags.filter)
	if err != nil {
		return nil, usagef("%w", err)
	}
	j := &replayJob{flags: flags}
	if j.project, err = project.Load(dir); err != nil {
		return nil, err
	}
	if j.options, err = replayOptions(j.project); err != nil {
		return nil, err
	}
	j.options.Concurrency, j.options.Pace, j.options.Hermetic = flags.concurrency, flags.pace, flags.hermetic
	j.options.FailFast = flags.failFast && !flags.update
	if flags.captured {
		j.requests, err = capturedRequests(j.project, &flags.workerFlags, filter)
	} else {
		j.requests, err = savedRequests(j.project, files, flags.env, notify)
	}
	if err != nil {
		return nil, err
	}
	j.requests = slices.DeleteFunc(j.requests, func(r *savedRequest) bool { return !filter.Match(r.exchange) })
	if j.requests, err = shard(j.requests, flags.shard); err != nil {
		return nil, err
	}
	if len(j.requests) == 0 && flags.shard == "" {
		return nil, usagef("there is nothing to replay: no request fits")
	}
	return j, nil
}

// shard is the part of the requests that "i/n" names.
func shard(requests []*savedRequest, part string) ([]*savedRequest, error) {
	if part == "" {
		return requests, nil
	}
	first, second, _ := strings.Cut(part, "/")
	i, err := strconv.Atoi(first)
	n, again := strconv.Atoi(second)
	if err != nil || again != nil || i < 1 || i > n {
		return nil, usagef("--shard %q: want i/n, such as 1/4", part)
	}
	var chosen []*savedRequest
	for k, r := range requests {
		if k%n == i-1 {
			chosen = append(chosen, r)
		}
	}
	return chosen, nil
}

func runReplay(cmd *cobra.Command, dir string, files []string, flags *replayFlags) (err error) {
	stderr := cmd.ErrOrStderr()
	job, err := newReplayJob(dir, files, flags, noteTo(stderr))
	if err != nil {
		return err
	}
	workers, err := job.open(cmd)
	if err != nil {
		printBuildOutput(stderr, err)
		return err
	}
	defer func() {
		err = errors.Join(err, workers.close(cmd.Context()))
	}()
	report := newReplayReport(cmd.OutOrStdout(), stderr, flags.json)
	replayed := job.run(cmd.Context(), workers, report)
	if flags.junit != "" {
		if err := report.writeJUnit(flags.junit, job.project.Name); err != nil {
			return errors.Join(replayed, err)
		}
	}
	if replayed != nil {
		return replayed
	}
	report.summary()
	if report.failed() {
		return statusError(exitFailed)
	}
	return nil
}

// run replays all requests: where there is a worker to compare with, in that one
// first, since its answers are what is expected then.
func (j *replayJob) run(ctx context.Context, w *replayWorkers, report *replayReport) error {
	exchanges := make([]*traffic.Exchange, len(j.requests))
	for n, r := range j.requests {
		exchanges[n] = r.exchange
	}
	if w.before != nil {
		options := j.options
		options.FailFast = false
		n := 0
		err := traffic.Replay(ctx, w.before, exchanges, options, func(o *traffic.Outcome) {
			e := *o.Exchange
			e.Result = o.Result
			if o.Recording != nil { // live: what that one has asked for
				e.Recording = o.Recording
			}
			exchanges[n] = &e
			n++
		})
		if err != nil {
			return err
		}
	}
	n := 0
	var failed error
	err := traffic.Replay(ctx, w.now, exchanges, j.options, func(o *traffic.Outcome) {
		r := j.requests[n]
		n++
		updated := false
		if j.flags.update && failed == nil {
			updated, failed = j.updateFile(r, o)
		}
		report.add(r, o, updated)
	})
	return errors.Join(err, failed)
}

// updateFile makes an answer the one that its file expects.
func (j *replayJob) updateFile(r *savedRequest, o *traffic.Outcome) (bool, error) {
	switch {
	case o.Verdict == traffic.Same || o.Result == nil || o.Verdict == traffic.Failed:
		return false, nil
	case len(o.Unrecorded)+len(o.Missing) > 0:
		o.Note = "not updated: its recording is of another run; replay it without --hermetic to record it anew"
		return false, nil
	case !r.own:
		o.Note = "not updated: only files that end in .exchange are rewritten"
		return false, nil
	}
	return true, traffic.SaveFile(r.file, r.exchange.Name, o.Updated())
}

// replayWorkers are what requests are replayed in.
type replayWorkers struct {
	engine   *runtime.Engine
	bindings *bindings
	now      *runtime.Worker
	before   *runtime.Worker // to compare with; nil for what was saved
	remove   func() error    // the other one's files; nil where there is nothing to remove
}

// open imports the worker, and the one to compare with.
func (j *replayJob) open(cmd *cobra.Command) (_ *replayWorkers, err error) {
	ctx, stderr := cmd.Context(), cmd.ErrOrStderr()
	w := &replayWorkers{}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close(ctx))
		}
	}()
	flags := j.flags.workerFlags
	flags.stateDir = flags.stateDirOf(j.project) // both workers see the same
	other, err := j.otherProject(ctx, w)
	if err != nil {
		return nil, err
	}
	if w.bindings, err = openBindings(&flags, noteTo(stderr), alone); err != nil {
		return nil, err
	}
	display := newBuildDisplay(stderr)
	config, _, err := engineConfig(ctx, &flags, display.show)
	display.close()
	if err != nil {
		return nil, err
	}
	if w.engine, err = runtime.NewEngine(ctx, config); err != nil {
		return nil, err
	}
	if !j.flags.hermetic {
		w.bindings.prepare(ctx, j.project)
	}
	if w.now, err = j.start(ctx, w, j.project, &flags); err != nil || other == nil {
		return w, err
	}
	w.before, err = j.start(ctx, w, other, &flags)
	return w, err
}

// start imports a worker; that it can't be imported is an error.
func (j *replayJob) start(ctx context.Context, w *replayWorkers, p *project.Project, flags *workerFlags) (*runtime.Worker, error) {
	config := workerConfig(p, flags, w.bindings, nil)
	if config.SitePackages == "" && p != j.project {
		config.SitePackages = workerConfig(j.project, flags, w.bindings, nil).SitePackages
	}
	if j.flags.hermetic {
		config.Bindings = traffic.Hermetic(config.Bindings)
	} else {
		config.Bindings = traffic.Recorded(config.Bindings)
	}
	worker, err := w.engine.NewWorker(config)
	if err != nil {
		return nil, err
	}
	worker.Reload(ctx, nil)
	if f := worker.State().Error; f != nil {
		worker.Close()
		return nil, fmt.Errorf("%s can't be imported: %w%s", shown(p.Dir), f, where(f))
	}
	return worker, nil
}

func (w *replayWorkers) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	for _, worker := range []*runtime.Worker{w.now, w.before} {
		if worker != nil {
			worker.Close()
		}
	}
	var errs []error
	if w.engine != nil {
		errs = append(errs, w.engine.Close(ctx))
	}
	if w.bindings != nil {
		errs = append(errs, w.bindings.close())
	}
	if w.remove != nil {
		errs = append(errs, w.remove())
	}
	return errors.Join(errs...)
}

// otherProject is the one to compare with: a directory, or a revision that is
// taken out into a temporary one.
func (j *replayJob) otherProject(ctx context.Context, w *replayWorkers) (*project.Project, error) {
	against := j.flags.against
	if against == "" {
		return nil, nil
	}
	if info, err := os.Stat(against); err == nil && info.IsDir() {
		return project.Load(against)
	}
	dir, err := checkOut(ctx, j.project.Dir, against)
	if err != nil {
		return nil, err
	}
	w.remove = func() error { return os.RemoveAll(dir) }
	p, err := project.Load(dir)
	if err != nil {
		return nil, fmt.Errorf("revision %s: %w", against, err)
	}
	p.Name, p.Secrets = j.project.Name, j.project.Secrets // which no revision has
	return p, nil
}
