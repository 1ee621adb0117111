package wasmbin

// skeletonSection says of which module a skeleton is.
const skeletonSection = "pm.skeleton"

// Skeleton returns the module without its code: each function traps, and all else
// is as it was. A custom section with the digest of the whole module makes the
// skeletons of two modules different even where only the code is.
func Skeleton(module []byte, digest [32]byte) ([]byte, error) {
	m, err := Parse(module)
	if err != nil {
		return nil, err
	}
	code := AppendVec(nil, m.Functions, func(dst []byte, _ uint32) []byte {
		return append(dst, 3, 0, 0, byte(opEnd)) // three bytes: no locals, unreachable
	})
	out, err := m.rewrite(changes{bodies: map[SectionID][]byte{SectionCode: code}})
	if err != nil {
		return nil, err
	}
	return AppendCustom(out, skeletonSection, digest[:]), nil
}
