package traffic

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// fileKind is a kind of file.
type fileKind int

const (
	kindUnknown fileKind = iota
	kindHAR
	kindHTTP
	kindCurl
)

// Read reads the requests of a file, with their answers where it has them. The
// kind is told by the extension (.har, .http, .rest, .curl) and, for others, by
// how the file begins: HAR is JSON, and a script begins with "curl ". Env is the
// environment of an .http file, as for [ReadHTTPFile]. An error is a
// [*FormatError] where the file's content is wrong.
func Read(path, env string) ([]*Exchange, []Warning, error) {
	f, err := openRegular(os.DirFS(filepath.Dir(path)), filepath.Base(path))
	if err != nil {
		return nil, nil, fmt.Errorf("reading requests: %w", err)
	}
	defer f.Close()
	r := bufio.NewReaderSize(decodeText(f), 64<<10)
	head, err := r.Peek(4 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	switch detect(path, head) {
	case kindHAR:
		exchanges, warnings, err := ReadHAR(r)
		if err != nil {
			return nil, nil, inFile(err, path)
		}
		return exchanges, warnings, nil
	case kindHTTP:
		return readHTTPFile(path, env)
	case kindCurl:
		text, err := readText(r)
		if err != nil {
			return nil, nil, inFile(err, path)
		}
		exchanges, warnings, err := readCurls(filepath.Dir(path), text)
		if err != nil {
			return nil, nil, inFile(err, path)
		}
		return exchanges, warnings, nil
	default:
		return nil, nil, &FormatError{
			File: path, Message: "neither HAR, nor .http, nor a curl command",
			Advice: "name the file .har, .http, .rest or .curl",
		}
	}
}

// detect tells the kind of a file from its name and its first bytes.
func detect(path string, head []byte) fileKind {
	if kind := kindOf(path); kind != kindUnknown {
		return kind
	}
	head = bytes.TrimLeftFunc(head, unicode.IsSpace)
	switch {
	case bytes.HasPrefix(head, []byte("{")):
		return kindHAR
	case beginsWithCurl(string(head)):
		return kindCurl
	case strings.EqualFold(filepath.Ext(path), ".sh"):
		return kindCurl
	case bytes.HasPrefix(head, []byte("###")), looksLikeRequestLine(string(head)):
		return kindHTTP
	}
	return kindUnknown
}

// kindOf tells the kind of a file from its extension alone.
func kindOf(path string) fileKind {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".har":
		return kindHAR
	case ".http", ".rest":
		return kindHTTP
	case ".curl":
		return kindCurl
	}
	return kindUnknown
}

// IsRequestFile reports whether a file's name says that it holds requests: those
// of a saved exchange, or of another tool.
func IsRequestFile(path string) bool { return IsExchange(path) || kindOf(path) != kindUnknown }

// looksLikeRequestLine says whether a text begins as "GET /path" or "POST https://…".
func looksLikeRequestLine(text string) bool {
	line, _, _ := strings.Cut(text, "\n")
	method, target := splitRequestLine(line)
	return method != "" && method == strings.ToUpper(method) && (strings.HasPrefix(target, "/") || strings.Contains(target, "://"))
}
