package traffic

import "strings"

// isCmd says whether a command is quoted for Windows' cmd: it has a caret before
// a quote or at the end of a line, where a POSIX shell would have no quotation.
func isCmd(text string) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '\'':
			end := strings.IndexByte(text[i+1:], '\'')
			if end < 0 {
				return false
			}
			i += end + 1
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '^':
			rest := text[i+1:]
			if strings.HasPrefix(rest, `"`) || strings.TrimLeft(rest, " \t\r") == "" || strings.HasPrefix(strings.TrimLeft(rest, " \t\r"), "\n") {
				return true
			}
		}
	}
	return false
}

// cmdCommands reads commands as cmd and then a program's C library do.
func cmdCommands(text string) []command {
	var commands []command
	line := 1
	for text != "" {
		one, rest := cmdLine(text)
		if args := splitArguments(one); len(args) > 0 {
			blank := len(text) - len(strings.TrimLeft(text, " \t\r\n&|"))
			commands = append(commands, command{line: line + strings.Count(text[:blank], "\n"), args: args})
		}
		line += strings.Count(text[:len(text)-len(rest)], "\n")
		text = rest
	}
	return commands
}

// cmdLine takes the first command off a text and undoes its carets. A caret
// makes the next character an ordinary one; before the end of a line it joins
// the next line, and makes its first character ordinary. In quotes it is itself.
func cmdLine(text string) (command, rest string) {
	var b strings.Builder
	inQuotes := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '"':
			inQuotes = !inQuotes
			b.WriteByte(c)
		case c == '^' && !inQuotes:
			after := strings.TrimPrefix(text[i+1:], "\r")
			if strings.HasPrefix(after, "\n") {
				i = len(text) - len(after)
				if next := strings.TrimPrefix(text[i+1:], "\r"); strings.HasPrefix(next, "\n") {
					b.WriteByte('\n')
					i = len(text) - len(next)
				}
				continue
			}
			if i++; i < len(text) {
				b.WriteByte(text[i])
			}
		case c == '\n', !inQuotes && (c == '&' || c == '|'):
			return strings.TrimSuffix(b.String(), "\r"), text[i+1:]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// splitArguments splits a command line as Microsoft's C library does: a quote
// quotes, two of them in a quotation are one, and backslashes escape only before
// a quote.
func splitArguments(line string) []string {
	var args []string
	for i := 0; ; {
		for i < len(line) && isBlank(line[i]) {
			i++
		}
		if i == len(line) {
			return args
		}
		var b strings.Builder
		inQuotes := false
		for ; i < len(line) && (inQuotes || !isBlank(line[i])); i++ {
			slashes := 0
			for i < len(line) && line[i] == '\\' {
				slashes++
				i++
			}
			if i == len(line) || line[i] != '"' {
				b.WriteString(strings.Repeat(`\`, slashes))
				if slashes > 0 {
					i--
				} else {
					b.WriteByte(line[i])
				}
				continue
			}
			b.WriteString(strings.Repeat(`\`, slashes/2))
			switch {
			case slashes%2 == 1:
				b.WriteByte('"')
			case inQuotes && i+1 < len(line) && line[i+1] == '"':
				b.WriteByte('"')
				i++
			default:
				inQuotes = !inQuotes
			}
		}
		args = append(args, b.String())
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
