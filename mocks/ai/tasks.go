package ai

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// names are the inputs' names in order.
func names(inputs map[string]json.RawMessage) []string { return slices.Sorted(maps.Keys(inputs)) }

// chatRequest is text generation: the platform's prompt is a user's only message.
func chatRequest(model string, inputs map[string]json.RawMessage) map[string]any {
	request := map[string]any{"model": model}
	for _, name := range [...]string{
		"messages", "max_tokens", "temperature", "top_p", "seed", "frequency_penalty", "presence_penalty", "tools", "response_format", "stop",
	} {
		if value := inputs[name]; value != nil {
			request[name] = value
		}
	}
	if inputs["messages"] == nil {
		request["messages"] = []map[string]any{{"role": "user", "content": inputs["prompt"]}}
	}
	return request
}

// chatResult gives {"response", "usage", "tool_calls"}.
func chatResult(answer []byte) (any, error) {
	var a struct {
		Choices []struct {
			Message struct {
				Content   *string         `json:"content"`
				ToolCalls json.RawMessage `json:"tool_calls"`
			} `json:"message"`
		} `json:"choices"`
		Usage json.RawMessage `json:"usage"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return nil, err
	}
	if len(a.Choices) == 0 {
		return nil, errors.New("it has no choices")
	}
	return struct {
		Response  *string         `json:"response"`
		ToolCalls json.RawMessage `json:"tool_calls,omitempty"`
		Usage     json.RawMessage `json:"usage,omitempty"`
	}{a.Choices[0].Message.Content, a.Choices[0].Message.ToolCalls, a.Usage}, nil
}

func embeddingRequest(model string, inputs map[string]json.RawMessage) map[string]any {
	return map[string]any{"model": model, "input": inputs["text"]}
}

// embeddingResult gives {"shape": [count, dimensions], "data": [[…], …]}.
func embeddingResult(answer []byte) (any, error) {
	var a struct {
		Data []struct {
			Index     int       `json:"index"`
			Embedding []float64 `json:"embedding"`
		} `json:"data"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return nil, err
	}
	if len(a.Data) == 0 {
		return nil, errors.New("it has no data")
	}
	slices.SortStableFunc(a.Data, func(x, y struct {
		Index     int       `json:"index"`
		Embedding []float64 `json:"embedding"`
	},
	) int {
		return x.Index - y.Index
	})
	vectors := make([][]float64, len(a.Data))
	for i, d := range a.Data {
		vectors[i] = d.Embedding
	}
	return map[string]any{"shape": []int{len(vectors), len(vectors[0])}, "data": vectors}, nil
}
