package project

import "strings"

// Kind is what a binding binds to.
type Kind string

// The kinds of binding.
const (
	KindKV      Kind = "kv"
	KindR2      Kind = "r2"
	KindD1      Kind = "d1"
	KindAI      Kind = "ai"
	KindService Kind = "service"
)

// Binding is a resource that the worker finds in its env under a name.
type Binding struct {
	Name       string `json:"name"` // an identifier: env.NAME
	Kind       Kind   `json:"kind"`
	Target     string `json:"target,omitempty"`     // the namespace's id, the bucket's, database's or worker's name; "" for AI
	ID         string `json:"id,omitempty"`         // of a D1 database, where the config has one beside its name
	Entrypoint string `json:"entrypoint,omitempty"` // the class a service binding calls; "" for the default
	Migrations string `json:"migrations,omitempty"` // the folder of a D1 database's migrations, relative to the project; "" where the config has none
}

// KindOf guesses a binding's kind by its name, for names that no config file
// mentions: it is a suffix (_KV, _R2, _D1 or _DB) or the whole name (KV, R2, D1,
// DB or AI). ok is false where the name says nothing.
func KindOf(name string) (kind Kind, ok bool) {
	if name == "AI" {
		return KindAI, true
	}
	switch name[strings.LastIndexByte(name, '_')+1:] {
	case "KV":
		return KindKV, true
	case "R2":
		return KindR2, true
	case "D1", "DB":
		return KindD1, true
	}
	return "", false
}

// bindingForm is how one kind of binding is written in a config file.
type bindingForm struct {
	key     string   // of the list or table: "kv_namespaces"
	kind    Kind     //
	targets []string // the fields that say what is bound, the first that is set
	id      string   // the field of a second name; "" where there is none
}

// bindingForms lists them in the order of Project.Bindings' doc.
func bindingForms() []bindingForm {
	return []bindingForm{
		{"kv_namespaces", KindKV, []string{"id", "preview_id"}, ""},
		{"r2_buckets", KindR2, []string{"bucket_name", "preview_bucket_name"}, ""},
		{"d1_databases", KindD1, []string{"database_name", "database_id"}, "database_id"},
		{"services", KindService, []string{"service"}, ""},
		{"ai", KindAI, nil, ""},
	}
}

// unsupported lists the wrangler keys that bind what doesn't exist here. A
// worker that uses one finds nothing under its name.
func unsupported(key string) bool {
	switch key {
	case "analytics_engine_datasets", "browser", "containers", "dispatch_namespaces", "durable_objects", "hyperdrive",
		"images", "mtls_certificates", "pipelines", "queues", "ratelimits", "secrets_store_secrets", "send_email",
		"vectorize", "version_metadata", "workflows":
		return true
	}
	return false
}
