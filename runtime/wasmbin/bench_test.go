package wasmbin

import "testing"

// large returns a module of about 7 MB with 10,000 functions, of which each has a
// few loops: the size of an interpreter.
func large(b *testing.B) []byte {
	return build(b, func(m *Builder) {
		none := m.Type(nil, nil)
		m.Memory(Limits{Min: 1})
		m.Export("pm_yield", KindFunc, m.Func(none, nil))
		var code []byte
		for range 3 {
			code = append(code, byte(opLoop), emptyBlock)
			for range 23 { // local 0 = word at local 0 + 1000
				code = append(code, 0x20, 0, 0x28, 2, 0x80, 0x08, 0x41, 0xe8, 0x07, 0x6a, 0x21, 0)
			}
			code = append(code, byte(opEnd))
		}
		for range 10000 {
			m.Func(none, []ValType{I32}, code...)
		}
	})
}

func BenchmarkRewrite(b *testing.B) {
	module := large(b)
	for name, rewrite := range rewrites() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(module)))
			for b.Loop() {
				if _, err := rewrite(module); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	module := large(b)
	b.SetBytes(int64(len(module)))
	for b.Loop() {
		if _, err := Parse(module); err != nil {
			b.Fatal(err)
		}
	}
}
