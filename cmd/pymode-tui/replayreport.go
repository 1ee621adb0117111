package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"pymode-tui/traffic"
)

// replayReport prints outcomes as they come and keeps what a JUnit report has.
type replayReport struct {
	out, err io.Writer
	json     bool
	start    time.Time
	counts   map[traffic.Verdict]int
	updated  int
	wrong    int // outcomes that are a failure
	cases    []junitCase
}

func newReplayReport(out, err io.Writer, asJSON bool) *replayReport {
	return &replayReport{out: out, err: err, json: asJSON, start: time.Now(), counts: map[traffic.Verdict]int{}}
}

// replayLine is a line of `replay --json`; its shape is a contract.
type replayLine struct {
	File        string               `json:"file"`
	Name        string               `json:"name"`
	Method      string               `json:"method"`
	URL         string               `json:"url"`
	Verdict     traffic.Verdict      `json:"verdict"` // "same", "different", "new", "failed"
	Status      int                  `json:"status"`  // 0 where there is no answer
	Took        int64                `json:"took_us"`
	Updated     bool                 `json:"updated"`
	Differences []traffic.Difference `json:"differences"`
	Unrecorded  []replayCall         `json:"unrecorded"` // host calls that the recording has no answer to
	Missing     []replayCall         `json:"missing"`    // recorded host calls that were not made
	Reason      string               `json:"reason,omitempty"`
	Note        string               `json:"note,omitempty"`
}

type replayCall struct {
	Op      string `json:"op"`
	Binding string `json:"binding"`
	Detail  string `json:"detail"`
	File    string `json:"file,omitempty"` // the line that made it, where that is known
	Line    int    `json:"line,omitempty"`
}

// add reports one outcome.
func (r *replayReport) add(request *savedRequest, o *traffic.Outcome, updated bool) {
	r.counts[o.Verdict]++
	if updated {
		r.updated++
	} else if !o.Passed() {
		r.wrong++
	}
	line := replayLine{
		File: request.file, Name: request.name(), Method: o.Exchange.Request.Method, URL: o.URL,
		Verdict: o.Verdict, Took: o.Took.Microseconds(), Updated: updated, Reason: o.Reason, Note: o.Note,
		Differences: o.Differences, Unrecorded: []replayCall{}, Missing: []replayCall{},
	}
	if line.Differences == nil {
		line.Differences = []traffic.Difference{}
	}
	if o.Result != nil {
		line.Status = o.Result.Status
	}
	details := o.Details()
	for _, u := range o.Unrecorded {
		call := replayCall{Op: u.Call.Op, Binding: u.Call.Binding, Detail: u.Call.Detail}
		if u.Frame != nil {
			call.File, call.Line = u.Frame.File, u.Frame.Line
		}
		line.Unrecorded = append(line.Unrecorded, call)
	}
	for _, c := range o.Missing {
		line.Missing = append(line.Missing, replayCall{Op: c.Op, Binding: c.Binding, Detail: c.Detail})
	}
	r.cases = append(r.cases, newJUnitCase(&line, details))
	if r.json {
		r.object(&line)
		return
	}
	r.text(&line, details)
}

func (r *replayReport) object(line *replayLine) {
	encoder := json.NewEncoder(r.out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(line); err != nil {
		fmt.Fprintln(r.err, "pymode-tui: "+err.Error())
	}
}

func (r *replayReport) text(line *replayLine, details []string) {
	verdict := string(line.Verdict)
	if line.Updated {
		verdict = "updated"
	}
	fmt.Fprintf(r.out, "%-9s %s  %s %s  %d  %.1f ms\n", verdict, oneLine(line.File), oneLine(line.Method), oneLine(line.URL),
		line.Status, float64(line.Took)/1000)
	for _, detail := range details {
		fmt.Fprintln(r.out, "          "+oneLine(detail))
	}
	if line.Note != "" {
		fmt.Fprintln(r.out, "          note: "+oneLine(line.Note))
	}
}

// summary says how it went; with JSON, whoever reads can count.
func (r *replayReport) summary() {
	if r.json {
		return
	}
	total := 0
	var parts []string
	for _, v := range []traffic.Verdict{traffic.Same, traffic.Different, traffic.New, traffic.Failed} {
		total += r.counts[v]
		if n := r.counts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	if r.updated > 0 {
		parts = append(parts, fmt.Sprintf("%d updated", r.updated))
	}
	fmt.Fprintf(r.out, "%d replayed in %.2f s: %s\n", total, time.Since(r.start).Seconds(), strings.Join(parts, ", "))
}

// failed reports whether the command is to: what was updated is as it should be.
func (r *replayReport) failed() bool { return r.wrong > 0 }

type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Time     string      `xml:"time,attr"` // s
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr"`
	Time    string        `xml:"time,attr"` // s
	Failure *junitProblem `xml:"failure,omitempty"`
	Error   *junitProblem `xml:"error,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func newJUnitCase(line *replayLine, details []string) junitCase {
	c := junitCase{
		Name: fmt.Sprintf("%s: %s %s", line.Name, line.Method, line.URL), Class: "replay", File: line.File,
		Time: fmt.Sprintf("%.6f", float64(line.Took)/1e6),
	}
	if line.Updated || len(details) == 0 {
		return c
	}
	problem := &junitProblem{Message: oneLine(details[0]), Text: strings.Join(details, "\n")}
	if line.Verdict == traffic.Failed {
		c.Error = problem
	} else {
		c.Failure = problem
	}
	return c
}

// writeJUnit writes the report of what was replayed up to now.
func (r *replayReport) writeJUnit(path, worker string) error {
	suite := junitSuite{Name: worker, Tests: len(r.cases), Time: fmt.Sprintf("%.3f", time.Since(r.start).Seconds()), Cases: r.cases}
	for _, c := range r.cases {
		if c.Failure != nil {
			suite.Failures++
		}
		if c.Error != nil {
			suite.Errors++
		}
	}
	b, err := xml.MarshalIndent(junitSuites{Suite: suite}, "", "  ")
	if err != nil {
		return fmt.Errorf("--junit: %w", err)
	}
	if err := traffic.WriteFile(path, append([]byte(xml.Header), append(b, '\n')...)); err != nil {
		return fmt.Errorf("--junit: %w", err)
	}
	return nil
}
