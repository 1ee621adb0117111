package tui

import (
	"strings"

	"github.com/alecthomas/chroma/v2"
)

// The languages that bodies are coloured in. chroma's own lexers, some 270, are
// all read when a program that has them starts, which takes a fifth of the time to
// the first answer; so only its engine is used, with rules of our own.

// lexerOf finds how a media type is read, nil where nothing is known of it.
func lexerOf(media string) chroma.Lexer {
	switch {
	case media == "text/html", media == "application/xhtml+xml", media == "text/xml", media == "application/xml", strings.HasSuffix(media, "+xml"):
		return newLexer("markup", markupRules)
	case media == "text/css":
		return newLexer("css", cssRules)
	case media == "text/javascript", media == "application/javascript":
		return newLexer("javascript", scriptRules)
	}
	return nil
}

func newLexer(language string, rules func() chroma.Rules) chroma.Lexer {
	lexer, err := chroma.NewLexer(&chroma.Config{Name: language, DotAll: true, EnsureNL: true}, rules)
	if err != nil {
		return nil
	}
	return lexer
}

func markupRules() chroma.Rules {
	return chroma.Rules{
		"root": {
			{Pattern: `<!--.*?-->`, Type: chroma.Comment},
			{Pattern: `<[!?][^>]*>`, Type: chroma.CommentPreproc},
			{Pattern: `</?[A-Za-z][\w:.-]*`, Type: chroma.NameTag, Mutator: chroma.Push("tag")},
			{Pattern: `&#?\w+;`, Type: chroma.LiteralNumber},
			{Pattern: `[^<&]+`, Type: chroma.Text},
			{Pattern: `[<&]`, Type: chroma.Text},
		},
		"tag": {
			{Pattern: `/?>`, Type: chroma.NameTag, Mutator: chroma.Pop(1)},
			{Pattern: `"[^"]*"|'[^']*'`, Type: chroma.LiteralString},
			{Pattern: `[\w:.@-]+`, Type: chroma.NameAttribute},
			{Pattern: `\s+|.`, Type: chroma.Text},
		},
	}
}

func cssRules() chroma.Rules {
	return chroma.Rules{"root": {
		{Pattern: `/\*.*?\*/`, Type: chroma.Comment},
		{Pattern: `"[^"\n]*"|'[^'\n]*'`, Type: chroma.LiteralString},
		{Pattern: `@[\w-]+`, Type: chroma.Keyword},
		{Pattern: `[\w-]+(?=\s*:)`, Type: chroma.NameAttribute},
		{Pattern: `#[0-9a-fA-F]{3,8}\b|-?[0-9.]+[a-z%]*`, Type: chroma.LiteralNumber},
		{Pattern: `[\w-]+|\s+|.`, Type: chroma.Text},
	}}
}

func scriptRules() chroma.Rules {
	return chroma.Rules{"root": {
		{Pattern: `//[^\n]*|/\*.*?\*/`, Type: chroma.Comment},
		{Pattern: "`[^`]*`|\"(?:\\\\.|[^\"\\\\\\n])*\"|'(?:\\\\.|[^'\\\\\\n])*'", Type: chroma.LiteralString},
		{Pattern: `\b(?:async|await|break|case|catch|class|const|continue|default|delete|do|else|export|extends|false|finally|for|from|function|if|import|in|instanceof|let|new|null|of|return|static|super|switch|this|throw|true|try|typeof|undefined|var|void|while|yield)\b`, Type: chroma.Keyword},
		{Pattern: `\b[0-9][\w.]*`, Type: chroma.LiteralNumber},
		{Pattern: `[A-Za-z_$][\w$]*|\s+|.`, Type: chroma.Text},
	}}
}
