package traffic

import (
	"bytes"
	"time"
)

// recordingFile reads a recording that is a file beside.
func (p *parser) recordingFile() error {
	data, err := p.file()
	if err != nil {
		return err
	}
	for line := range bytes.Lines(data) {
		if err := p.recorded(string(bytes.TrimSuffix(line, []byte("\n")))); err != nil {
			return err
		}
	}
	return nil
}

// recorded reads one line of a recording.
func (p *parser) recorded(line string) error {
	var l struct {
		recordingHead
		recordedLine
	}
	if err := p.json(line, &l); err != nil {
		return err
	}
	if l.Op == "" {
		return p.recordingHead(l.recordingHead)
	}
	r := p.e.Recording
	if r == nil {
		return p.wrong("a call without a clock before")
	}
	if n := len(r.Children); n > 0 {
		r = r.Children[n-1]
	}
	c := RecordedCall{Op: l.Op, Binding: l.Binding, Detail: l.Detail, Error: l.Error, Args: l.Args64, Data: l.Data64, Result: l.Res64, Body: l.Body64}
	for _, part := range []struct {
		text string
		data *[]byte
	}{{l.Args, &c.Args}, {l.Data, &c.Data}, {l.Result, &c.Result}, {l.Body, &c.Body}} {
		if part.text != "" {
			*part.data = []byte(part.text)
		}
	}
	r.Calls = append(r.Calls, c)
	return nil
}

func (p *parser) recordingHead(head recordingHead) error {
	r := &Recording{Random: head.Random, Wall: head.Wall, Start: head.Start, Mono: head.Mono, Incomplete: head.Incomplete}
	if head.Clock != "" {
		clock, err := time.Parse(time.RFC3339Nano, head.Clock)
		if err != nil {
			return p.wrong("clock: want a time such as 2026-11-25T13:32:14Z")
		}
		r.Clock = clock
	}
	switch {
	case head.Child == 0 && p.e.Recording == nil:
		p.e.Recording = r
	case p.e.Recording != nil && head.Child > len(p.e.Recording.Children) && head.Child <= maxChildren:
		for len(p.e.Recording.Children) < head.Child-1 {
			p.e.Recording.Children = append(p.e.Recording.Children, nil)
		}
		p.e.Recording.Children = append(p.e.Recording.Children, r)
	default:
		return p.wrong("child %d in a wrong place", head.Child)
	}
	return nil
}

// maxChildren is how many children of a request are recorded.
const maxChildren = 10_000
