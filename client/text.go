package client

// Text is the text of a field that may be null, "" where it is.
func Text(field *string) string {
	if field == nil {
		return ""
	}
	return *field
}
