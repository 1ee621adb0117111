package tui

import (
	"strings"

	"github.com/alecthomas/chroma/v2"
)

// maxHighlighted bounds what is highlighted, in bytes: beyond it, text is plain.
const maxHighlighted = 64 << 10

// highlight colours clean lines of text by its media type; nil where nothing is
// known of it.
func highlight(lines []string, media string) []line {
	lexer := lexerOf(media)
	if lexer == nil {
		return nil
	}
	text := strings.Join(lines, "\n")
	if len(text) > maxHighlighted {
		return nil
	}
	tokens, err := chroma.Coalesce(lexer).Tokenise(nil, text)
	if err != nil {
		return nil
	}
	out := []line{nil}
	for token := range tokens.Stdlib() {
		role := tokenRole(token.Type)
		for i, part := range strings.Split(token.Value, "\n") {
			if i > 0 {
				out = append(out, nil)
			}
			if part != "" {
				at := len(out) - 1
				out[at] = append(out[at], span{part, role})
			}
		}
	}
	if len(out) > len(lines) { // lexers end their text with a line end
		out = out[:len(lines)]
	}
	return out
}

// tokenRole is how a kind of token looks.
func tokenRole(t chroma.TokenType) role {
	switch {
	case t.InCategory(chroma.Comment):
		return faint
	case t.InCategory(chroma.Keyword), t == chroma.NameTag:
		return name
	case t.InSubCategory(chroma.LiteralString):
		return good
	case t == chroma.NameAttribute, t.InSubCategory(chroma.LiteralNumber):
		return literal
	}
	return plain
}
