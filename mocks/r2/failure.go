package r2

import (
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of the platform, in bytes unless said otherwise.
const (
	maxKey = 1024
	// maxMetadata is the documented limit; older simulators have 2048.
	maxMetadata     = 8192
	maxObject       = 5363466240 // 5 GiB less 5 MiB
	maxListed       = 1000       // objects
	maxDeleted      = 1000       // keys
	maxPart         = 10_000     // number
	minPart         = 5 << 20    // of all parts but the last
	maxSmallContent = 8 << 20    // what goes between guest and host in one call
	maxPiece        = 1 << 20    // what goes in one call of those that stream
)

// failure is an error of the platform's own, with its v4 code.
type failure struct {
	text string
	code int
}

func (f *failure) Error() string { return fmt.Sprintf("%s (%d)", f.text, f.code) }

func errKey() error {
	return &failure{"The specified object name is not valid.", 10020}
}

func errMetadata() error {
	return &failure{"Your metadata headers exceed the maximum allowed metadata size.", 10012}
}

func errRange() error { return &failure{"The requested range is not satisfiable", 10039} }

func errMaxKeys() error {
	return &failure{"MaxKeys params must be positive integer <= 1000.", 10022}
}

func errTooMany() error {
	return &failure{fmt.Sprintf("At most %d keys can be deleted at a time.", maxDeleted), 10040}
}

func errTooSmall() error {
	return &failure{"Your proposed upload is smaller than the minimum allowed object size.", 10011}
}

func errTooLarge() error {
	return &failure{"Your proposed upload exceeds the maximum allowed object size.", 10100}
}

func errNoUpload() error {
	return &failure{"The specified multipart upload does not exist.", 10024}
}

func errNoPart() error {
	return &failure{"One or more of the specified parts could not be found.", 10025}
}

func errBadUpload() error {
	return &failure{"There was a problem with the multipart upload.", 10048}
}

func errDigest(algorithm, provided, actual string) error {
	name := algorithms[algorithm].label
	return &failure{fmt.Sprintf("The %[1]s checksum you specified did not match what we received.\n"+
		"You provided a %[1]s checksum with value: %[2]s\nActual %[1]s was: %[3]s", name, provided, actual), 10037}
}

// typeError is an error that the guest sees as a TypeError.
type typeError string

func (e typeError) Error() string { return "TypeError: " + string(e) }

// What the platform says where a stream ends early or goes on for too long.
const (
	errShorter typeError = "FixedLengthStream did not see all expected bytes before close()."
	errLonger  typeError = "Attempt to write too many bytes through a FixedLengthStream."
)

// actionError is how an error of an action gets to the guest.
type actionError struct {
	action string
	err    error
}

func (e *actionError) Error() string { return "Error: " + e.action + ": " + e.err.Error() }
func (e *actionError) Unwrap() error { return e.err }

// failed adds the action to an error: "Error: put: …". An error that names a
// class of its own stays as it is.
func failed(action string, err error) error {
	var named typeError
	var done *actionError
	if err == nil || errors.As(err, &named) || errors.As(err, &done) {
		return err
	}
	return &actionError{action, err}
}

// checkKey refuses keys that the platform refuses. The local simulator takes the
// empty key; the documentation, and the service, don't.
func checkKey(key string) error {
	if key == "" || len(key) > maxKey || !utf8.ValidString(key) {
		return errKey()
	}
	return nil
}

// checkCustom refuses custom metadata that is too large. Lengths are in UTF-16
// units; a string with a character above U+00FF counts twice.
func checkCustom(custom map[string]string) error {
	n := 0
	for key, value := range custom {
		n += headerLength(key) + headerLength(value)
	}
	if n > maxMetadata {
		return errMetadata()
	}
	return nil
}

func headerLength(s string) int {
	n, factor := 0, 1
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
		if r >= 0x100 {
			factor = 2
		}
	}
	return n * factor
}
