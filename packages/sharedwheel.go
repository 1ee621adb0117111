package packages

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// wheelPlatform is the platform tag of wheels that are handed on. The number is
// raised when side modules that were built before can't be loaded any more; what
// one imports is compared with the runtime besides.
const wheelPlatform = "pymode_1_wasm32"

// sourceField is in the WHEEL of a wheel that is handed on: the SHA-256 of the
// source distribution that it was built from.
const sourceField = "Pymode-Source"

// maxWheel is how large a wheel at an address may be, in bytes.
const maxWheel = 256 << 20

// sharedName is the file name of a wheel that is handed on.
func sharedName(p Package) string {
	return strings.ReplaceAll(p.Name, "-", "_") + "-" + p.Version + "-cp313-cp313-" + wheelPlatform + ".whl"
}

// export writes the wheels that were built from source into a folder, for
// [Options.FindLinks] of others, and returns their names.
func (s *syncer) export(packages []Package, wheels []*wheel) ([]string, error) {
	if err := os.MkdirAll(s.opts.Export, 0o755); err != nil {
		return nil, fmt.Errorf("export wheels: %w", err)
	}
	names := []string{}
	for i, p := range packages {
		if p.Kind != KindSource {
			continue
		}
		data, err := share(p, wheels[i])
		if err != nil {
			return nil, fmt.Errorf("export %s: %w", p.Name, err)
		}
		name := sharedName(p)
		if err := WriteFile(filepath.Join(s.opts.Export, name), data); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// share makes a wheel to be handed on: its tag is ours, and its RECORD is of the
// files as they are.
func share(p Package, w *wheel) ([]byte, error) {
	var out zipBuffer
	var record bytes.Buffer
	rows := csv.NewWriter(&record)
	recordName := w.info + "/RECORD"
	err := w.each(func(name string) bool { return name != recordName }, func(name string, data []byte) error {
		if name == w.info+"/WHEEL" {
			data = retag(data, p)
		}
		sum := sha256.Sum256(data)
		_ = rows.Write([]string{name, "sha256=" + base64.RawURLEncoding.EncodeToString(sum[:]), strconv.Itoa(len(data))}) // to memory
		return out.add(name, data)
	})
	if err != nil {
		return nil, err
	}
	_ = rows.Write([]string{recordName, "", ""})
	rows.Flush()
	if err := out.add(recordName, record.Bytes()); err != nil {
		return nil, err
	}
	return out.bytes()
}

// retag rewrites a WHEEL file.
func retag(text []byte, p Package) []byte {
	var b strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\r\n", "\n")) {
		name, _, _ := strings.Cut(line, ":")
		if strings.TrimSpace(line) != "" && name != "Tag" && name != "Root-Is-Purelib" && name != sourceField {
			b.WriteString(strings.TrimRight(line, "\n") + "\n")
		}
	}
	fmt.Fprintf(&b, "Root-Is-Purelib: false\nTag: cp313-cp313-%s\n%s: sha256=%s\n", wheelPlatform, sourceField, p.SHA256)
	return []byte(b.String())
}

// find looks for the wheel of a source distribution in [Options.FindLinks]; nil
// where nobody has one. One that is there and does not fit is an error: building
// in its place would go unnoticed.
func (s *syncer) find(ctx context.Context, p Package) (*wheel, error) {
	for _, place := range s.opts.FindLinks {
		path, err := s.look(ctx, place, sharedName(p))
		if err != nil {
			return nil, &Error{Kind: ErrNetwork, Package: p.Name, Message: fmt.Sprintf("can't look for the wheel of %s: %v", p.Name, plain(err)), Err: err}
		}
		if path == "" {
			continue
		}
		w, err := openWheel(path)
		if err == nil {
			err = s.fits(p, w)
		}
		if err != nil {
			return nil, &Error{
				Kind: ErrDigest, Package: p.Name, Message: fmt.Sprintf("the wheel of %s can't be used: %v", p.Name, err), Err: err,
				Advice: "make it anew: pymode-tui sync --export-wheels",
			}
		}
		return w, nil
	}
	return nil, nil
}

// fits makes sure that a wheel was built from a source distribution, for a runtime
// that has what this one has.
func (s *syncer) fits(p Package, w *wheel) error {
	g, err := s.guest()
	if err != nil {
		return err
	}
	from := ""
	err = w.each(func(string) bool { return true }, func(name string, data []byte) error {
		switch {
		case name == w.info+"/WHEEL":
			for line := range strings.Lines(string(data)) {
				if value, ok := strings.CutPrefix(line, sourceField+": sha256="); ok {
					from = strings.TrimSpace(value)
				}
			}
		case isNative(data):
			return fmt.Errorf("%s is for another machine", name)
		case isModule(data):
			if err := checkModule(name, data, g); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	})
	if err == nil && from != p.SHA256 {
		err = errors.New("it was built from another source than " + LockFile + " has")
	}
	return err
}

// look returns the path of a file of that name at a place: a folder, or an address
// that the name is put behind. It is "" where there is none.
func (s *syncer) look(ctx context.Context, place, name string) (string, error) {
	if !isAddress(place) {
		path := filepath.Join(place, name)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return "", nil
		} else if err != nil {
			return "", err
		}
		return path, nil
	}
	kept := s.cache.path("links", digest(place)[:12], name)
	if s.opts.Offline {
		if _, err := os.Stat(kept); err == nil {
			return kept, nil
		}
		return "", nil
	}
	client, err := newClient()
	if err != nil {
		return "", err
	}
	defer client.CloseIdleConnections()
	address, err := url.JoinPath(place, name)
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	switch {
	case response.StatusCode == http.StatusNotFound:
		return "", nil
	case response.StatusCode != http.StatusOK:
		return "", fmt.Errorf("the server answers %s", response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxWheel+1))
	if err != nil {
		return "", err
	}
	if len(data) > maxWheel {
		return "", fmt.Errorf("it is larger than %d MB", maxWheel>>20)
	}
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return "", err
	}
	return kept, WriteFile(kept, data)
}

// isAddress tells an address from a folder.
func isAddress(place string) bool {
	return strings.HasPrefix(place, "https://") || strings.HasPrefix(place, "http://")
}
