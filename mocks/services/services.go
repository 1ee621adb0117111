// Package services is how workers call each other: a service binding's fetch
// runs the other worker in a sandbox of its own, with its own budgets, while the
// caller waits.
package services

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pymode-tui/mocks"
	"pymode-tui/runtime"
	"pymode-tui/runtime/hostcall"
)

// MaxDepth is how many workers may wait for one another.
const MaxDepth = 16

// Worker answers requests.
type Worker interface {
	Do(ctx context.Context, req *runtime.Request) *runtime.Result
}

// Services finds workers by their names. It implements [mocks.Part].
type Services struct {
	find func(name string) (w Worker, known []string)
}

// New returns services among the workers that find knows: a worker, or nil and
// the names that there are.
func New(find func(name string) (w Worker, known []string)) *Services { return &Services{find} }

// Close implements [mocks.Part].
func (s *Services) Close() error { return nil }

// Ops implements [mocks.Part].
func (s *Services) Ops() map[string]mocks.Op { return map[string]mocks.Op{"service.fetch": s.fetch} }

// fetch takes {"binding", "method", "url", "headers": [[name, value], …]} with the
// body, and gives {"status", "headers"} with the body.
func (s *Services) fetch(ctx context.Context, caller mocks.Caller, args, data []byte) (result, body []byte, err error) {
	var a struct {
		Binding string           `json:"binding"`
		Method  string           `json:"method"`
		URL     string           `json:"url"`
		Headers []runtime.Header `json:"headers"`
	}
	if err := json.Unmarshal(args, &a); err != nil {
		return nil, nil, fmt.Errorf("TypeError: service.fetch: %w", err)
	}
	name := caller.Target(a.Binding)
	record := hostcall.RecordOf(ctx)
	record.Binding, record.Detail = a.Binding, fmt.Sprintf("%s %s → %s", a.Method, a.URL, name)
	if slices.Contains(caller.Chain, name) {
		return nil, nil, fmt.Errorf("the workers call each other in a circle: %s → %s", strings.Join(caller.Chain, " → "), name)
	}
	if len(caller.Chain) >= MaxDepth {
		return nil, nil, fmt.Errorf("more than %d workers wait for one another: %s → %s", MaxDepth, strings.Join(caller.Chain, " → "), name)
	}
	w, known := s.find(name)
	if w == nil {
		return nil, nil, fmt.Errorf("no worker named %q is running here (there is %s): give its directory on the command line beside this one's", name, strings.Join(known, ", "))
	}
	answer := w.Do(ctx, &runtime.Request{
		Method: a.Method, URL: a.URL, Headers: a.Headers, Body: data,
		Parent: &runtime.Parent{Worker: caller.Worker, ID: caller.ID, Chain: caller.Chain},
	})
	record.Detail += fmt.Sprintf("  %d", answer.Status)
	if err := context.Cause(ctx); err != nil {
		return nil, nil, err
	}
	result, err = json.Marshal(struct {
		Status  int              `json:"status"`
		Headers []runtime.Header `json:"headers"`
	}{answer.Status, answer.Headers})
	return result, answer.Body, err
}
