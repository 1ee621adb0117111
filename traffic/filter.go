package traffic

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Filter chooses exchanges by words that all must fit:
//
//	method:POST  status:5xx  path:/users/*  name:create*  worker:shop  anything
//
// A word without a colon has to be in the method, the URL or the name, in any case.
type Filter struct{ words [][2]string }

// ParseFilter reads a filter; the empty text lets everything through.
func ParseFilter(text string) (*Filter, error) {
	f := &Filter{}
	for _, word := range strings.Fields(text) {
		key, value, ok := strings.Cut(word, ":")
		switch {
		case !ok || strings.HasPrefix(value, "//"):
			f.words = append(f.words, [2]string{"", strings.ToLower(word)})
		case key == "method" || key == "status" || key == "path" || key == "name" || key == "worker" || key == "source":
			f.words = append(f.words, [2]string{key, value})
		default:
			return nil, fmt.Errorf("filter %q: want method, status, path, name, worker or source before the colon", word)
		}
	}
	return f, nil
}

// Match reports whether the exchange passes.
func (f *Filter) Match(e *Exchange) bool {
	for _, w := range f.words {
		var ok bool
		switch value := w[1]; w[0] {
		case "method":
			ok = strings.EqualFold(e.Request.Method, value)
		case "status":
			ok = e.Result != nil && matchText(strings.ReplaceAll(value, "x", "?"), strconv.Itoa(e.Result.Status))
		case "path":
			u, err := url.Parse(e.Request.URL)
			ok = err == nil && matchText(value, u.Path)
		case "name":
			ok = matchText(value, e.Name)
		case "worker":
			ok = matchText(value, e.Worker)
		case "source":
			ok = matchText(value, e.Source)
		default:
			ok = strings.Contains(strings.ToLower(e.Request.Method+" "+e.Request.URL+" "+e.Name), value)
		}
		if !ok {
			return false
		}
	}
	return true
}
