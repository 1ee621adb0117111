package packages

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// buildError says in one line why a build failed, and keeps what it printed.
func (s *syncer) buildError(ctx context.Context, p Package, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var e *Error
	f, failed := asFailure(err)
	if errors.As(err, &e) && (e.Package == p.Name || !failed) {
		return err
	}
	if !failed {
		return &Error{Kind: ErrBuild, Package: p.Name, Message: p.Name + " does not build: " + err.Error(), Err: err}
	}
	reason, never := diagnose(f.lines)
	e = &Error{Kind: ErrBuild, Package: p.Name, Message: p.Name + " " + p.Version + " does not build: " + reason, Err: err, Tail: f.lines}
	if never {
		e.Kind, e.Message = ErrUnsupported, p.Name+" can't work here: "+reason
	}
	log := s.cache.path("logs", p.Name+"-"+p.Version+".log")
	if os.MkdirAll(filepath.Dir(log), 0o755) == nil && WriteFile(log, []byte(strings.Join(f.lines, "\n")+"\n")) == nil {
		e.Advice = "the end of what it printed: " + log
	}
	return e
}

// diagnose finds the reason in the output of a build. never is true where it is one
// that no change of flags can help.
func diagnose(lines []string) (reason string, never bool) {
	header := regexp.MustCompile(`fatal error: '([^']+)' file not found`)
	throws := regexp.MustCompile(`([^/\s:]+:\d+):\d+: error: cannot use '(?:throw|try)' with exceptions disabled`)
	undeclared := regexp.MustCompile(`(?:undeclared function|undeclared identifier|undefined symbol:?) '?(\w+)`)
	first := ""
	for _, line := range lines {
		if m := header.FindStringSubmatch(line); m != nil {
			if need, known := needOfHeader(m[1]); known {
				return need, true
			}
			return "it needs the header " + m[1] + ", which is not there", false
		}
		if m := throws.FindStringSubmatch(line); m != nil {
			return "its C++ throws exceptions (" + m[1] + "), and side modules are compiled without", true
		}
		if m := undeclared.FindStringSubmatch(line); m != nil {
			if need, known := needOfSymbol(m[1]); known {
				return need, true
			}
		}
		if first == "" && strings.Contains(strings.ToLower(line), "error") && !strings.HasPrefix(line, "  File ") {
			first = strings.TrimSpace(line)
			if _, text, ok := strings.Cut(first, "error: "); ok {
				first = text // after file and line, which may be long
			}
		}
	}
	if first == "" && len(lines) > 0 {
		first = strings.TrimSpace(lines[len(lines)-1])
	}
	return first, false
}

func needOfHeader(header string) (need string, known bool) {
	switch {
	case strings.HasPrefix(header, "openssl/"):
		return "it needs OpenSSL", true
	case header == "ffi.h":
		return "it needs libffi, which makes machine code at run time", true
	case header == "libpq-fe.h":
		return "it needs libpq", true
	case header == "mysql.h":
		return "it needs MySQL's client library", true
	case header == "sys/wait.h", header == "spawn.h":
		return "it needs subprocesses", true
	case header == "sys/epoll.h", header == "netdb.h", header == "net/if.h":
		return "it needs sockets of the system", true
	case header == "sys/mman.h":
		return "it needs memory mapping", true
	}
	return "", false
}

// needOfSymbol says what a symbol that the runtime lacks stands for.
func needOfSymbol(name string) (need string, known bool) {
	for _, k := range []struct{ pattern, need string }{
		{`^(pthread_|thrd_|sem_|__wasi_thread)`, "it needs threads"},
		{`^(fork|vfork|exec[vl]p?e?|posix_spawnp?|waitpid|wait[34]?|popen|system|kill)$`, "it needs subprocesses"},
		{`^(SSL_|EVP_|ERR_|BIO_|OPENSSL_|X509_|RSA_|HMAC_)`, "it needs OpenSSL"},
		{`^(socket|connect|bind|listen|getaddrinfo|epoll_\w+|gethostbyname)$`, "it needs sockets of the system"},
		{`^(mmap|munmap|mprotect|shm_open)$`, "it needs memory mapping"},
		{`^(setjmp|longjmp|_setjmp|sigsetjmp|siglongjmp|__wasm_setjmp\w*|__wasm_longjmp)$`, "it needs setjmp"},
		{`^(swapcontext|makecontext|getcontext)$`, "it needs to switch C stacks, which WebAssembly can't"},
		{`^(sigaction|signal|sigprocmask|alarm|setitimer)$`, "it needs signals"},
		{`^(dlopen|dlsym)$`, "it needs to load shared libraries"},
	} {
		if regexp.MustCompile(k.pattern).MatchString(name) {
			return k.need, true
		}
	}
	return "", false
}
