package runtime

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
)

// requestDocument is what the guest reads from its standard input:
//
//	{"env": {…}, "request": {"method", "url", "headers", "body_length", "body_base64"}}
//
// The body comes last, after its length in bytes, so that a guest can decode it
// as it reads; it is encoded as it is read, so that it is never held twice.
func requestDocument(r *Request, env json.RawMessage) (io.Reader, error) {
	head, err := json.Marshal(struct {
		Method  string   `json:"method"`
		URL     string   `json:"url"`
		Headers []Header `json:"headers"`
	}{r.Method, r.URL, list(r.Headers)})
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	var b bytes.Buffer
	b.WriteString(`{"env":`)
	b.Write(env)
	b.WriteString(`,"request":`)
	b.Write(head[:len(head)-1])
	fmt.Fprintf(&b, `,"body_length":%d,"body_base64":"`, len(r.Body))
	const tail = `"}}`
	if len(r.Body) <= base64Chunk {
		b.Write(base64.StdEncoding.AppendEncode(nil, r.Body))
		b.WriteString(tail)
		return &b, nil
	}
	return io.MultiReader(&b, &base64Reader{rest: r.Body}, bytes.NewReader([]byte(tail))), nil
}

// base64Chunk is how much of a body is encoded at a time; a multiple of 3.
const base64Chunk = 48 << 10

// base64Reader reads the base64 form of rest.
type base64Reader struct {
	rest    []byte
	encoded []byte // not yet read
}

// Read implements [io.Reader].
func (r *base64Reader) Read(p []byte) (int, error) {
	if len(r.encoded) == 0 {
		if len(r.rest) == 0 {
			return 0, io.EOF
		}
		n := min(len(r.rest), base64Chunk)
		r.encoded = base64.StdEncoding.AppendEncode(r.encoded[:0], r.rest[:n])
		r.rest = r.rest[n:]
	}
	n := copy(p, r.encoded)
	r.encoded = r.encoded[n:]
	return n, nil
}

// responseDocument is what the guest writes to its standard output.
type responseDocument struct {
	Status  int      `json:"status"`
	Headers []Header `json:"headers"`
	Body    []byte   `json:"body_base64"`
}

func parseResponse(b []byte) (*responseDocument, error) {
	var r responseDocument
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("the response is not the JSON document expected: %w", err)
	}
	if r.Status < 200 || r.Status > 599 {
		return nil, fmt.Errorf("the response has the status %d, want 200 to 599", r.Status)
	}
	return &r, nil
}
