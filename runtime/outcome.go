package runtime

// Outcome is how a request ended, in the words of the platform's logs.
type Outcome string

// The outcomes.
const (
	OutcomeOK             Outcome = "ok"
	OutcomeException      Outcome = "exception"
	OutcomeExceededCPU    Outcome = "exceededCpu"
	OutcomeExceededMemory Outcome = "exceededMemory"
)

// Outcome says how the request ended.
func (r *Result) Outcome() Outcome {
	switch {
	case r.Error == nil:
		return OutcomeOK
	case r.Error.Kind == FailureCPU:
		return OutcomeExceededCPU
	case r.Error.Kind == FailureMemory:
		return OutcomeExceededMemory
	}
	return OutcomeException
}
