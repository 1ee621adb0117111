package traffic

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	const har = `{"log":{"entries":[{"request":{"url":"http://har/","headers":[]}}]}}`
	dir := writeFiles(t, map[string]string{
		"a.har": har, "b.json": "\n " + har, "c": "\ufeff" + har,
		"a.http": "http://http/", "a.rest": "GET http://http/", "b": "### x\nhttp://http/", "c.txt": "GET http://http/ HTTP/1.1\n",
		"a.curl": "curl http://curl/", "a.sh": "#!/bin/sh\n\ncurl http://curl/", "d": "curl http://curl/ \\\n -s", "e.bat": "curl.exe ^\"http://curl/^\"",
	})
	for name, want := range map[string]string{
		"a.har": "har", "b.json": "har", "c": "har", "a.http": "http", "a.rest": "http", "b": "http", "c.txt": "http",
		"a.curl": "curl", "a.sh": "curl", "d": "curl", "e.bat": "curl",
	} {
		t.Run(name, func(t *testing.T) {
			exchanges, _, err := Read(filepath.Join(dir, name), "")
			if err != nil {
				t.Fatal(err)
			}
			if len(exchanges) != 1 || exchanges[0].Source != want || exchanges[0].Request.URL != "http://"+want+"/" {
				t.Errorf("got %s of %s", dumps(exchanges), exchanges[0].Source)
			}
		})
	}
}

func TestReadErrors(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"a.har": "{", "b.txt": "hello", "c.http": "\n\nGET http://a/\nno header\n", "d.curl": "\ncurl", "e.curl": "curl a/\xff", "f.json": "{}",
	})
	for name, want := range map[string]string{
		"a.har": ": byte 1: the file ends too early", "b.txt": ": neither HAR, nor .http, nor a curl command",
		"c.http": `:4: "no header" is no header`, "d.curl": ":1: the command has no URL", "e.curl": ": not UTF-8",
		"f.json": `: no "log" with "entries": not a HAR file`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name)
			_, _, err := Read(path, "")
			if err == nil || err.Error() != path+want {
				t.Errorf("got %v, want …%s", err, want)
			}
			var broken *FormatError
			if !errors.As(err, &broken) {
				t.Errorf("%T is no FormatError", err)
			}
		})
	}
	if _, _, err := Read(filepath.Join(dir, "none.har"), ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, _, err := Read(dir, ""); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a directory: %v", err)
	}
}
