package webhook

// deepest is far below what connectd reads, which is six levels down at the most.
const deepest = 100

// flat empties what lies deeper than that. Nothing that connectd reads does, but the decoder refuses a whole event that
// nests more than 10,000 levels somewhere, in metadata say.
func flat(body []byte) []byte {
	out := make([]byte, 0, len(body))
	depth, inText, escaped := 0, false, false
	for _, b := range body {
		opens := !inText && (b == '{' || b == '[')
		closes := !inText && (b == '}' || b == ']')
		switch {
		case escaped:
			escaped = false
		case inText && b == '\\':
			escaped = true
		case b == '"':
			inText = !inText
		}
		if opens {
			depth++
		}
		if depth < deepest || depth == deepest && (opens || closes) {
			out = append(out, b)
		}
		if closes {
			depth--
		}
	}
	return out
}
