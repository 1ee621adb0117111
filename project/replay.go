package project

import "fmt"

// Replay is what [tool.pymode.replay] says about captured and replayed requests.
type Replay struct {
	Ignore []string `json:"ignore"` // what of an answer may differ, as package traffic reads it
	Mask   []string `json:"mask"`   // headers and query parameters of which no value is kept
	CPU    float64  `json:"cpu"`    // how many times the CPU time is no difference; 0 where the config says nothing
	Memory float64  `json:"memory"` // the same for memory
	Keep   int      `json:"keep"`   // captured requests; 0 where the config says nothing
}

// readReplay reads
//
//	[tool.pymode.replay]
//	ignore = ["header:x-build", "body:items[*].id", "cpu"]
//	mask = ["X-Api-Key", "token"]
//	cpu = 4.0
//	memory = 1.5
//	keep = 10000
func (c *config) readReplay(v *value, section string) error {
	replay, err := c.table(v, at("replay", section))
	if err != nil || replay == nil {
		return err
	}
	for _, list := range []struct {
		name  string
		texts *[]string
	}{{"ignore", &c.replay.Ignore}, {"mask", &c.replay.Mask}} {
		if *list.texts, err = c.texts(replay.get(list.name), at("replay."+list.name, section)); err != nil {
			return err
		}
	}
	for _, number := range []struct {
		name  string
		value *float64
	}{{"cpu", &c.replay.CPU}, {"memory", &c.replay.Memory}} {
		v := replay.get(number.name)
		if v == nil {
			continue
		}
		switch data := v.data.(type) {
		case float64:
			*number.value = data
		case int64:
			*number.value = float64(data)
		}
		if *number.value < 1 {
			return c.wrong(v, "", "%s must be a number of at least 1: how many times as much is no difference", at("replay."+number.name, section))
		}
	}
	if v := replay.get("keep"); v != nil {
		n, ok := v.data.(int64)
		if !ok || n <= 0 || n > 10_000_000 {
			return c.wrong(v, "", "%s must be a positive integer: how many captured requests are kept", at("replay.keep", section))
		}
		c.replay.Keep = int(n)
	}
	for _, key := range replay.names {
		switch key {
		case "ignore", "mask", "cpu", "memory", "keep":
		default:
			c.warn(replay.values[key], "nothing reads %s in %s", key, at("replay", section))
		}
	}
	return nil
}

// texts returns a list of strings; what names it in an error. An absent one is nil.
func (c *config) texts(v *value, what string) ([]string, error) {
	if v == nil {
		return nil, nil
	}
	list, ok := v.data.([]*value)
	if !ok {
		return nil, c.wrong(v, "", "%s must be a list of strings, not %s", what, v.kind())
	}
	texts := make([]string, 0, len(list))
	for n, item := range list {
		text, err := c.text(item, fmt.Sprintf("item %d of %s", n+1, what))
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}
