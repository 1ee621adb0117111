package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"pymode-tui/mocks/kv"
	"pymode-tui/mocks/network"
	"pymode-tui/runtime"

	"github.com/spf13/cobra"
)

// workerFlags are those of every command that runs a worker.
type workerFlags struct {
	cacheDir    string
	binary      string
	cpuLimit    time.Duration
	memoryLimit byteSize
	json        bool
	offline     bool
	allow       []string
	stateDir    string
	kv          string
	r2          string
	subrequests int

	noCapture   bool
	wholeImport bool // of commands that measure it

	addr    string
	hosts   []string
	noMouse bool
	debug   string
}

func (f *workerFlags) register(cmd *cobra.Command) {
	f.memoryLimit = runtime.DefaultMemoryLimit
	flags := cmd.Flags()
	flags.StringVar(&f.cacheDir, "cache", "", "`folder` of the cache (default: pymode-tui in the user's cache folder)")
	flags.StringVar(&f.binary, "binary", "", "the python.wasm to run, a `file`: the deployable one, or one that was built elsewhere")
	flags.DurationVar(&f.cpuLimit, "cpu-limit", runtime.DefaultCPULimit, "CPU time of a request")
	flags.Var(&f.memoryLimit, "memory-limit", "memory of a request")
	flags.StringVar(&f.stateDir, "state", "", "`folder` of what KV, R2 and D1 hold (default: .pymode in the project)")
	flags.StringVar(&f.kv, "kv", "", "`URL` of a Redis to keep KV in: redis://, rediss:// or redis-cluster://")
	flags.StringVar(&f.r2, "r2", "", "`URL` of an S3 service to keep R2 in: s3://bucket?region=…&endpoint=…")
	flags.IntVar(&f.subrequests, "subrequests", 0, "how many calls to the network and to bindings a request may make\n(default: 1000, as on the paid plan; 50 is the free one's)")
	flags.BoolVar(&f.offline, "offline", false, "keep workers from the network")
	flags.StringArrayVar(&f.allow, "allow", nil, "a `host` that workers may reach, and no other: api.example.com, *.example.com, localhost:8080,\n10.0.0.0/8; * is every public address (may be repeated)")
	flags.BoolVar(&f.json, "json", false, "print JSON")
}

func (f *workerFlags) registerListen(cmd *cobra.Command) {
	f.registerAddr(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.noCapture, "no-capture", false, "keep no requests in .pymode/traffic")
	flags.StringVar(&f.debug, "debug", "", "`file` that gets a line for each message to the console, without secrets")
	flags.BoolVar(&f.noMouse, "no-mouse", false, "leave the mouse to the terminal")
}

// registerAddr registers what a gateway is told, which does not need a worker here.
func (f *workerFlags) registerAddr(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.addr, "addr", "127.0.0.1:8787", "`address` to listen on; :0 takes a free port")
	flags.StringArrayVar(&f.hosts, "host", nil, "a host `name` to answer to beside localhost")
}

// listenAddr is the address with the loopback where no host is named.
func (f *workerFlags) listenAddr() string {
	if strings.HasPrefix(f.addr, ":") {
		return "127.0.0.1" + f.addr
	}
	return f.addr
}

func (f *workerFlags) check() error {
	if f.cpuLimit <= 0 {
		return usagef("--cpu-limit %v: want more than 0", f.cpuLimit)
	}
	if f.subrequests < 0 {
		return usagef("--subrequests %d: want more than 0", f.subrequests)
	}
	if f.binary != "" {
		if _, err := os.Stat(f.binary); err != nil {
			return usagef("--binary: %v", err)
		}
	}
	if err := kv.CheckURL(f.kv); err != nil {
		return usagef("--kv: %v", err)
	}
	if _, err := network.ParseRules(f.allow); err != nil {
		return usagef("--allow: %v", err)
	}
	return nil
}

// byteSize is a flag such as 128MB, in bytes. A unit is a power of 1024, as the
// platform counts.
type byteSize int64

var byteUnits = []struct {
	name string
	size int64
}{{"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}, {"B", 1}}

// Set implements [pflag.Value].
func (b *byteSize) Set(s string) error {
	text, unit := strings.ToUpper(strings.TrimSpace(s)), int64(1)
	for _, u := range byteUnits {
		if number, ok := strings.CutSuffix(text, u.name); ok {
			text, unit = strings.TrimSpace(number), u.size
			break
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64/unit {
		return fmt.Errorf("want a size such as 128MB")
	}
	*b = byteSize(n * unit)
	return nil
}

// String implements [pflag.Value].
func (b *byteSize) String() string {
	for _, u := range byteUnits {
		if int64(*b) >= u.size && int64(*b)%u.size == 0 {
			return strconv.FormatInt(int64(*b)/u.size, 10) + u.name
		}
	}
	return "0B"
}

// Type implements [pflag.Value].
func (b *byteSize) Type() string { return "size" }
