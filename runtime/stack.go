package runtime

import (
	"path"
	"strings"

	"pymode-tui/runtime/pystack"
)

// userFrames says which of the user's lines are running, the innermost last: for
// an execution that was stopped from outside, of which Python tells nothing. It
// is empty where that can't be known.
func (in *instance) userFrames() []Frame {
	runtime := in.module.ExportedGlobal(pystack.Symbol)
	if runtime == nil {
		return nil
	}
	stack, err := pystack.Read(in.module.Memory(), uint32(runtime.Get()), isUsersFile)
	if err != nil {
		return nil
	}
	sources := map[string][]string{}
	var frames []Frame
	for _, f := range stack {
		lines, ok := sources[f.File]
		if !ok {
			lines = in.sourceLines(f.File)
			sources[f.File] = lines
		}
		frame := Frame{File: strings.TrimPrefix(f.File, guestApp+"/"), Line: f.Line, Function: f.Function}
		if f.Line >= 1 && f.Line <= len(lines) {
			frame.Text = clip(strings.TrimSpace(lines[f.Line-1]), maxFrameText)
		}
		frames = append(frames, frame)
	}
	return frames
}

// maxFrameText bounds the text of a line in a traceback, in bytes.
const maxFrameText = 500

// isUsersFile tells the user's own files as pymode._traceback does.
func isUsersFile(file string) bool {
	return strings.HasPrefix(file, guestApp+"/") && path.Clean(file) == file &&
		!strings.Contains(file, "/site-packages/") && !strings.Contains(file, "/python_modules/")
}

// sourceLines reads a file of the project, nil where that fails.
func (in *instance) sourceLines(file string) []string {
	text, err := in.readFile(file)
	if err != nil || len(text) > maxHashed {
		return nil
	}
	return strings.Split(strings.ToValidUTF8(string(text), "\ufffd"), "\n")
}
