package runtime

import (
	"slices"

	"pymode-tui/runtime/secret"
)

// Secrets of a worker reach its handler and whoever its handler sends them to.
// They do not reach the screen, a capture or a log file: what is observed is a
// copy with each secret's value replaced by its name.

// masker hides the secrets of a worker.
type masker struct{ *secret.Mask }

func newMasker(secrets map[string]string) *masker { return &masker{secret.New(secrets)} }

func (m *masker) text(s string) string { return m.Hide(s) }

func (m *masker) bytes(b []byte) []byte { return m.HideBytes(b) }

func (m *masker) headers(headers []Header) []Header {
	out := make([]Header, len(headers))
	for n, h := range headers {
		out[n] = Header{m.text(h[0]), m.text(h[1])}
	}
	return out
}

func (m *masker) log(l Log) Log {
	l.Text = m.text(l.Text)
	return l
}

func (m *masker) call(c Call) Call {
	c.Detail, c.Error = m.text(c.Detail), m.text(c.Error)
	return c
}

func (m *masker) failure(f *Failure) *Failure {
	if f == nil {
		return nil
	}
	out := *f
	out.Message = m.text(f.Message)
	out.Traceback = slices.Clone(f.Traceback)
	for n := range out.Traceback {
		out.Traceback[n].Text = m.text(out.Traceback[n].Text)
	}
	return &out
}

func (m *masker) request(r *Request) *Request {
	return &Request{Method: r.Method, URL: m.text(r.URL), Headers: m.headers(r.Headers), Body: m.bytes(r.Body), Parent: r.Parent}
}

func (m *masker) result(r *Result) *Result {
	out := *r
	out.Headers, out.Body, out.Error = m.headers(r.Headers), m.bytes(r.Body), m.failure(r.Error)
	out.Logs, out.Calls = slices.Clone(r.Logs), slices.Clone(r.Calls)
	for n := range out.Logs {
		out.Logs[n] = m.log(out.Logs[n])
	}
	for n := range out.Calls {
		out.Calls[n] = m.call(out.Calls[n])
	}
	return &out
}

// event masks whatever an event carries of a worker's.
func (m *masker) event(e Event) Event {
	switch e := e.(type) {
	case StateChanged:
		e.Error = m.failure(e.Error)
		return e
	case RequestStarted:
		e.Request, e.URL = m.request(e.Request), m.text(e.URL)
		return e
	case RequestDone:
		e.Request, e.Result = m.request(e.Request), m.result(e.Result)
		return e
	case Logged:
		e.Log = m.log(e.Log)
		return e
	case Imported:
		e.Imports = slices.Clone(e.Imports)
		for n := range e.Imports {
			e.Imports[n].Name, e.Imports[n].File = m.text(e.Imports[n].Name), m.text(e.Imports[n].File)
		}
		return e
	case Called:
		e.Call = m.call(e.Call)
		return e
	default:
		return e
	}
}

// Masked is the result as it may be shown: without the values of secrets.
func (w *Worker) Masked(r *Result) *Result { return w.settings().mask.result(r) }
