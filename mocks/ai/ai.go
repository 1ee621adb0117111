// Package ai is how workers run models: at an endpoint of the user's choice that
// speaks OpenAI's HTTP API, else from answers that the user has written down, else
// not at all. Nothing here makes up an answer.
package ai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"pymode-tui/mocks"
	"pymode-tui/runtime/hostcall"
)

// Config says who answers.
type Config struct {
	URL      string            // of the endpoint: "http://localhost:11434/v1"; "" for none
	Key      string            // sent as a bearer token where it is not ""
	Models   map[string]string // the endpoint's names by the platform's; "*" for all others
	Fixtures string            // a directory of *.json files with written answers
	Offline  bool              // only an endpoint on this machine may be asked
}

const (
	timeout = 5 * time.Minute
	maxBody = 64 << 20 // bytes
)

// AI is the models of one project. It implements [mocks.Part].
type AI struct {
	config Config
	client *http.Client
}

// New returns the models; what is wrong with the URL is its error.
func New(config Config) (*AI, error) {
	if config.URL != "" {
		u, err := url.Parse(config.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("the AI endpoint %q is no http:// or https:// URL", config.URL)
		}
		if config.Offline && !isLoopback(u.Hostname()) {
			return nil, fmt.Errorf("the AI endpoint %s is not on this machine, and the network is switched off (--offline)", u.Host)
		}
	}
	return &AI{config, &http.Client{Timeout: timeout}}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Close implements [mocks.Part].
func (a *AI) Close() error {
	a.client.CloseIdleConnections()
	return nil
}

// Ops implements [mocks.Part].
func (a *AI) Ops() map[string]mocks.Op { return map[string]mocks.Op{"ai.run": a.run} }

// run takes {"binding", "model", "inputs"} and gives what the model answered, in
// the platform's form.
func (a *AI) run(ctx context.Context, _ mocks.Caller, args, _ []byte) (result, _ []byte, err error) {
	var call struct {
		Binding string                     `json:"binding"`
		Model   string                     `json:"model"`
		Inputs  map[string]json.RawMessage `json:"inputs"`
	}
	if err := json.Unmarshal(args, &call); err != nil {
		return nil, nil, fmt.Errorf("TypeError: inputs must be an object: %w", err)
	}
	record := hostcall.RecordOf(ctx)
	record.Binding, record.Detail = call.Binding, call.Model
	if call.Model == "" {
		return nil, nil, errors.New("TypeError: the model's name is empty")
	}
	if a.config.URL != "" {
		if task := taskOf(call.Inputs); task != nil {
			result, err = a.ask(ctx, call.Model, task, call.Inputs)
			return result, nil, err
		}
	}
	found, err := a.fixture(call.Model, call.Inputs)
	if err != nil {
		return nil, nil, err
	}
	if found == nil {
		return nil, nil, a.unanswered(call.Model, call.Inputs)
	}
	record.Detail += "  from " + found.file
	return found.Result, nil, nil
}

// unanswered says how an answer can be had.
func (a *AI) unanswered(model string, inputs map[string]json.RawMessage) error {
	if a.config.URL != "" {
		return fmt.Errorf("nobody here answers for %s: the endpoint takes prompt, messages or text, not %s, and no file in ai/ has an answer",
			model, strings.Join(names(inputs), ", "))
	}
	return fmt.Errorf("nobody here answers for %s: name an OpenAI-compatible endpoint in pyproject.toml ([tool.pymode.ai] url = \"http://localhost:11434/v1\"), "+
		"or write an answer to ai/NAME.json: {\"model\": %q, \"result\": {\"response\": \"…\"}}", model, model)
}

// task is one of the things that an endpoint can do.
type task struct {
	path    string
	request func(model string, inputs map[string]json.RawMessage) map[string]any
	result  func(answer []byte) (any, error)
}

// taskOf finds the task by the inputs, nil where the endpoint has none such.
func taskOf(inputs map[string]json.RawMessage) *task {
	switch {
	case inputs["messages"] != nil || inputs["prompt"] != nil:
		return &task{"/chat/completions", chatRequest, chatResult}
	case inputs["text"] != nil:
		return &task{"/embeddings", embeddingRequest, embeddingResult}
	}
	return nil
}

// ask sends a task to the endpoint.
func (a *AI) ask(ctx context.Context, model string, t *task, inputs map[string]json.RawMessage) ([]byte, error) {
	if string(inputs["stream"]) == "true" {
		return nil, errors.New("answers can't be streamed here: leave stream out")
	}
	name := model
	if mapped, ok := a.config.Models[model]; ok {
		name = mapped
	} else if other, ok := a.config.Models["*"]; ok {
		name = other
	}
	body, err := json.Marshal(t.request(name, inputs))
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(a.config.URL, "/")+t.path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if a.config.Key != "" {
		req.Header.Set("Authorization", "Bearer "+a.config.Key)
	}
	response, err := a.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the AI endpoint does not answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	hostcall.RecordOf(ctx).Detail += fmt.Sprintf(" (%s) → %s %d", name, req.URL.Host, response.StatusCode)
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("read the AI endpoint's answer: %w", err)
	}
	if len(answer) > maxBody {
		return nil, fmt.Errorf("the AI endpoint's answer is larger than %d MB", maxBody>>20)
	}
	if response.StatusCode >= 300 {
		return nil, fmt.Errorf("the AI endpoint answered %d: %s", response.StatusCode, complaint(answer))
	}
	result, err := t.result(answer)
	if err != nil {
		return nil, fmt.Errorf("the AI endpoint's answer can't be read: %w", err)
	}
	return json.Marshal(result)
}

// complaint is what an endpoint says of an error.
func complaint(answer []byte) string {
	var a struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(answer, &a) == nil && a.Error.Message != "" {
		return a.Error.Message
	}
	const enough = 200
	return strings.ToValidUTF8(string(answer[:min(len(answer), enough)]), "\ufffd")
}
