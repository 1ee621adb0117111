package project

// AI is who answers for the models of an AI binding.
type AI struct {
	URL    string            `json:"url"`    // of an OpenAI-compatible endpoint; "" where the config names none
	Key    string            `json:"key"`    // the name of the secret in .dev.vars that it wants; "" for none
	Models map[string]string `json:"models"` // the endpoint's names by the platform's, "*" for all others
}

// readAI reads the one AI binding and, beyond what the platform's files have, who
// answers on this machine:
//
//	[tool.pymode.ai]
//	binding = "AI"                      # by itself AI
//	url = "http://localhost:11434/v1"
//	key = "OPENAI_API_KEY"              # of .dev.vars
//	models = { "@cf/meta/llama-3.1-8b-instruct" = "llama3.1", "*" = "qwen3" }
func (c *config) readAI(v *value, fields *table, section string) error {
	b := Binding{Name: "AI", Kind: KindAI}
	for _, field := range []struct {
		name string
		text *string
	}{{"binding", &b.Name}, {"url", &c.ai.URL}, {"key", &c.ai.Key}} {
		text, err := c.text(fields.get(field.name), field.name+" in "+at("ai", section))
		if err != nil {
			return err
		}
		if text != "" {
			*field.text = text
		}
	}
	models, err := c.table(fields.get("models"), "models in "+at("ai", section))
	if err != nil {
		return err
	}
	if models != nil {
		named := map[string]string{}
		for _, name := range models.names {
			if named[name], err = c.text(models.values[name], name+" in the models of "+at("ai", section)); err != nil {
				return err
			}
		}
		c.ai.Models = named
	}
	return c.bind(v, b)
}
