package r2

import "slices"

// condition is onlyIf: R2Conditional as the platform's binding sends it.
type condition struct {
	Matches       []string `json:"etagMatches"`      // etags without quotes, or "*"; nil: not asked
	DoesNotMatch  []string `json:"etagDoesNotMatch"` // as above
	Before        *int64   `json:"uploadedBefore"`   // ms since 1970
	After         *int64   `json:"uploadedAfter"`    // ms since 1970
	WholeSeconds  bool     `json:"secondsGranularity"`
	MatchesWeak   []string `json:"weakMatches"`      // W/"…" of an If-Match header: never equal
	DiffersWeakly []string `json:"weakDoesNotMatch"` // W/"…" of an If-None-Match header
}

// holds says whether the condition allows a get or a put of the object of a key,
// which may be nil. A nil condition always holds.
//
// The rules are those of HTTP's conditional requests (RFC 9110, 13.2.2): an etag
// that was compared with success makes the date count for nothing.
func (c *condition) holds(o *object) bool {
	if c == nil {
		return true
	}
	askedMatch := c.Matches != nil || c.MatchesWeak != nil
	askedDiffer := c.DoesNotMatch != nil || c.DiffersWeakly != nil
	if o == nil {
		return !askedMatch && c.After == nil
	}
	matches := !askedMatch || includes(c.Matches, o.ETag)
	differs := !askedDiffer || !includes(c.DoesNotMatch, o.ETag) && !includes(c.DiffersWeakly, o.ETag)
	uploaded := c.time(o.Uploaded)
	after := c.After == nil || c.time(*c.After) < uploaded || askedDiffer && differs
	before := c.Before == nil || uploaded < c.time(*c.Before) || askedMatch && matches
	return matches && differs && after && before
}

func includes(etags []string, etag string) bool {
	return slices.Contains(etags, "*") || slices.Contains(etags, etag)
}

func (c *condition) time(ms int64) int64 {
	if c.WholeSeconds {
		return ms - ms%1000
	}
	return ms
}
