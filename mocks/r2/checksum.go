package r2

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
)

// algorithm is a checksum that a put may bring.
type algorithm struct {
	label string // as error texts have it
	new   func() hash.Hash
}

// algorithms by the names of their options. It is never written to.
var algorithms = map[string]algorithm{
	"md5":    {"MD5", md5.New},
	"sha1":   {"SHA-1", sha1.New},
	"sha256": {"SHA-256", sha256.New},
	"sha384": {"SHA-384", sha512.New384},
	"sha512": {"SHA-512", sha512.New},
}

// hasher computes the MD5, and one more checksum, of what is added to it.
type hasher struct{ hashes map[string]hash.Hash }

// newHasher takes the name of the second algorithm, "" or "md5" for none.
func newHasher(name string) *hasher {
	h := &hasher{map[string]hash.Hash{"md5": md5.New()}}
	if a, ok := algorithms[name]; ok && name != "md5" {
		h.hashes[name] = a.new()
	}
	return h
}

// add takes more bytes.
func (h *hasher) add(p []byte) {
	for _, one := range h.hashes {
		one.Write(p)
	}
}

// sums returns the checksums so far, in hex.
func (h *hasher) sums() map[string]string {
	sums := make(map[string]string, len(h.hashes))
	for name, one := range h.hashes {
		sums[name] = hex.EncodeToString(one.Sum(nil))
	}
	return sums
}
