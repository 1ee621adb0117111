// Command pymode-tui is a developer console for Python workers: it runs a
// worker in the CPython that production runs it in, reloads it when a file
// changes, and shows what it does.
//
//	pymode-tui [DIR...]                 the console
//	pymode-tui request DIR METHOD PATH  one request
//	pymode-tui capture DIR --proxy URL  records traffic to a deployment
//	pymode-tui size DIR                 the bundle against 10 MB
//	pymode-tui imports DIR              what each imported module costs
//	pymode-tui replay DIR [FILE...]     saved requests again, and what differs
//	pymode-tui bench DIR                start, request and reload times
//	pymode-tui init DIR                 a new worker from a template
//	pymode-tui doctor                   what is missing on this machine
//	pymode-tui sync|add|remove DIR       what the worker depends on
//	pymode-tui python [ARGS...]         the interpreter as a command
//	pymode-tui runtime build|info|clean the CPython build and its cache
//
// Rules for what it prints: results go to stdout, everything else to stderr.
// An error is one line, in lower case, and says what and where; a line `hint:`
// below says what to do, where that is known. Exit codes: 0 done, 1 the worker
// or a replay failed, 2 wrong usage, 3 the machine lacks something.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"charm.land/fang/v2"
	"github.com/spf13/cobra"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := fang.Execute(ctx, newRootCommand(), fang.WithErrorHandler(printError), fang.WithoutVersion())
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return 130 // what a shell says of a command that Ctrl-C ended
	}
	return exitCode(err)
}

func newRootCommand() *cobra.Command {
	var flags workerFlags
	var headless bool
	cmd := &cobra.Command{
		Use:   "pymode-tui [DIR...]",
		Short: "A developer console for Python workers",
		Long: "Run a worker in the CPython that production runs it in, reload it whenever a\n" +
			"file changes, and see what it does. Where stdout is no terminal, or TERM is dumb,\n" +
			"lines are printed in place of the screen.",
		Example:       "  pymode-tui ./myworker\n  pymode-tui --headless --json ./myworker",
		Args:          cobra.ArbitraryArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runConsole(cmd, args, &flags, headless)
		},
	}
	flags.register(cmd)
	flags.registerListen(cmd)
	cmd.Flags().BoolVar(&headless, "headless", false, "print lines in place of the screen")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	cmd.AddCommand(newRequestCommand(), newReplayCommand(), newCaptureCommand(), newExportCommand(), newInitCommand(), newDoctorCommand(),
		newSyncCommand(), newAddCommand(), newRemoveCommand(), newSizeCommand(),
		newImportsCommand(), newBenchCommand(), newPythonCommand(), newRuntimeCommand())
	return cmd
}
