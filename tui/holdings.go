package tui

import "context"

// Holdings is what KV, R2 and D1 hold on this machine, to be looked at and
// changed by hand. Its methods are called from goroutines of the console's own;
// an error is shown in the footer.
type Holdings interface {
	// Stores lists the stores of all workers. It must be cheap.
	Stores() []Store
	// Items lists what a store holds, a page at a time: the KV keys and R2
	// objects that begin with prefix, or a database's tables. Cursor is "" for
	// the first page, then the page before's Next.
	Items(ctx context.Context, s Store, prefix, cursor string) (Page, error)
	// Read gives one item: a value, or a table's rows.
	Read(ctx context.Context, s Store, name string) (Content, error)
	// Write changes an item's value, or makes one.
	Write(ctx context.Context, s Store, name string, value []byte) error
	// Delete deletes an item.
	Delete(ctx context.Context, s Store, name string) error
	// Query runs SQL on a database.
	Query(ctx context.Context, s Store, sql string) (Content, error)
}

// The kinds of store.
const (
	StoreKV = "KV"
	StoreR2 = "R2"
	StoreD1 = "D1"
)

// Store is one binding of one worker.
type Store struct {
	Kind    string // StoreKV, StoreR2 or StoreD1
	Worker  string
	Binding string // "CACHE_KV"
	Target  string // what the binding means: a namespace's id, a bucket's or database's name
	Where   string // "local", or where else: "redis.example.com:6379"
}

// Page is a part of a store's items, in order.
type Page struct {
	Items []Item
	Next  string // where the next page begins, "" where there is none
}

// Item is a key, an object or a table.
type Item struct {
	Name string
	Note string // "412 B", "3 rows", "expires in 5 min"
}

// Content is what an item holds.
type Content struct {
	Value    []byte     // of a key or an object
	Columns  []string   // of a table, or of a query's result
	Rows     [][]string // of a table, as text
	Note     string     // "200 of 1,203 rows", "text/html"
	Editable bool       // Value is all of it, and may be written back
}
