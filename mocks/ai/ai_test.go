package ai_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pymode-tui/mocks"
	"pymode-tui/mocks/ai"
	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

func evaluate(t *testing.T, config ai.Config) func(string) string {
	t.Helper()
	models, err := ai.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = models.Close() })
	return runtimetest.Evaluator(t, func(c *runtime.Config) {
		c.Env["AI"] = runtime.Binding{Kind: "ai"}
		c.Bindings = mocks.New(nil, models)
	})
}

// endpoint answers as OpenAI's API does, and echoes what it was asked.
func endpoint(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked map[string]any
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		switch r.URL.Path {
		case "/v1/chat/completions":
			echo, _ := json.Marshal(asked)
			content, _ := json.Marshal(r.Header.Get("Authorization") + string(echo))
			fmt.Fprintf(w, `{"choices": [{"message": {"role": "assistant", "content": %s}}], "usage": {"total_tokens": 3}}`, content)
		case "/v1/embeddings":
			fmt.Fprint(w, `{"data": [{"index": 1, "embedding": [3, 4]}, {"index": 0, "embedding": [1, 2]}]}`)
		default:
			http.Error(w, `{"error": {"message": "no such model"}}`, http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestEndpoint(t *testing.T) {
	url := endpoint(t)
	run := evaluate(t, ai.Config{URL: url + "/v1/", Key: "k", Models: map[string]string{"@cf/a": "small", "*": "any"}})
	for _, tt := range []struct{ name, code, want string }{
		{
			"prompt", `r = env.AI.run("@cf/a", {"prompt": "Hi", "max_tokens": 5}); return r.response, r["usage"]`,
			`["Bearer k{\"max_tokens\":5,\"messages\":[{\"content\":\"Hi\",\"role\":\"user\"}],\"model\":\"small\"}",{"total_tokens":3}]`,
		},
		{
			"messages", `return env.AI.run("@cf/b", messages=[{"role": "system", "content": "s"}])["response"]`,
			`"Bearer k{\"messages\":[{\"content\":\"s\",\"role\":\"system\"}],\"model\":\"any\"}"`,
		},
		{"embeddings", `return env.AI.run("@cf/e", {"text": ["a", "b"]})`, `{"data":[[1,2],[3,4]],"shape":[2,2]}`},
		{"other inputs", `env.AI.run("@cf/i", {"image": [1]})`, "AIError: nobody here answers for @cf/i: the endpoint takes prompt, messages or text, not image, and no file in ai/ has an answer"},
		{"stream", `env.AI.run("@cf/a", {"prompt": "Hi", "stream": True})`, "AIError: answers can't be streamed here: leave stream out"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := run(tt.code); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	if got := evaluate(t, ai.Config{URL: url})(`env.AI.run("m", {"prompt": "Hi"})`); got != "AIError: the AI endpoint answered 404: no such model" {
		t.Errorf("an error of the endpoint: %s", got)
	}
	if got := evaluate(t, ai.Config{URL: "http://127.0.0.1:1"})(`env.AI.run("m", {"prompt": "Hi"})`); !strings.HasPrefix(got, "AIError: the AI endpoint does not answer: ") {
		t.Errorf("no endpoint: %s", got)
	}
}

func TestFixtures(t *testing.T) {
	dir := runtimetest.Project(t, map[string]string{
		"ai/hello.json": `[{"model": "m", "inputs": {"prompt": "Hi", "n": {"a": 1, "b": 2}}, "result": {"response": "exact"}}, {"model": "m", "result": {"response": "any"}}]`,
		"ai/other.json": `{"inputs": {"image": [1]}, "result": [{"label": "cat"}]}`,
	})
	run := evaluate(t, ai.Config{Fixtures: dir + "/ai"})
	for _, tt := range []struct{ name, code, want string }{
		{"inputs", `return env.AI.run("m", {"prompt": "Hi", "n": {"b": 2, "a": 1}, "more": 1})`, `{"response":"exact"}`},
		{"model", `return env.AI.run("m", {"prompt": "Ho"}).response`, `"any"`},
		{"any model", `return env.AI.run("x", {"image": [1]})`, `[{"label":"cat"}]`},
		{"none", `env.AI.run("x", {"prompt": "Hi"})`, `AIError: nobody here answers for x: name an OpenAI-compatible endpoint in pyproject.toml ([tool.pymode.ai] url = "http://localhost:11434/v1"), or write an answer to ai/NAME.json: {"model": "x", "result": {"response": "…"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := run(tt.code); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	for text, want := range map[string]string{"{": "AIError: ai/x.json: ", `{"model": "m"}`: `AIError: ai/x.json: an answer has no "result"`} {
		dir := runtimetest.Project(t, map[string]string{"ai/x.json": text})
		if got := evaluate(t, ai.Config{Fixtures: dir + "/ai"})(`env.AI.run("m", {})`); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func TestNew(t *testing.T) {
	for _, bad := range []ai.Config{{URL: "localhost:11434"}, {URL: "ftp://x"}, {URL: "https://api.example.com/v1", Offline: true}} {
		if _, err := ai.New(bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
	if _, err := ai.New(ai.Config{URL: "http://localhost:1/v1", Offline: true}); err != nil {
		t.Error(err)
	}
}
