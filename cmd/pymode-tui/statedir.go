package main

import (
	"os"
	"path/filepath"
	"runtime"
)

// layoutFile is where the console remembers how it was laid out: in the user's state
// directory, "" where there is none. That is $XDG_STATE_HOME or ~/.local/state, on
// macOS ~/Library/Application Support, on Windows %LocalAppData%.
func layoutFile() string {
	if dir := stateHome(runtime.GOOS, os.Getenv, os.UserHomeDir); dir != "" {
		return filepath.Join(dir, "pymode-tui", "layout.json")
	}
	return ""
}

// stateHome finds the state directory of a system. Like the specification of
// XDG_STATE_HOME, it takes only absolute paths.
func stateHome(system string, env func(string) string, home func() (string, error)) string {
	if dir := env("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	if system == "windows" {
		return env("LocalAppData")
	}
	dir, err := home()
	if err != nil {
		return ""
	}
	if system == "darwin" {
		return filepath.Join(dir, "Library", "Application Support")
	}
	return filepath.Join(dir, ".local", "state")
}
