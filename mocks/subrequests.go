package mocks

import "fmt"

// DefaultSubrequests is how many calls a request may make on the platform's paid
// plan; on the free one it is 50.
const DefaultSubrequests = 1000

// subrequests counts what a request asks of others.
type subrequests struct {
	limit int // 0 for none
	made  int
	warn  func(text string) // may be nil
}

// subrequest counts one more, warns when 80 % of the limit are used, and refuses
// what goes beyond it.
func (s *subrequests) subrequest() error {
	if s.limit <= 0 {
		return nil
	}
	if s.made >= s.limit {
		return fmt.Errorf("Error: Too many subrequests. (limit: %d for each request)", s.limit) //nolint:staticcheck,revive // the platform's text
	}
	s.made++
	if s.made == (s.limit*4+4)/5 && s.warn != nil {
		s.warn(fmt.Sprintf("this request has made %d of the %d subrequests that the platform allows", s.made, s.limit))
	}
	return nil
}
