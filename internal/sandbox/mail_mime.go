package sandbox

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"strings"
)

// maxMailDepth is how deep the parts of a mail may nest.
const maxMailDepth = 8

var errMailTooDeep = errors.New("parts are nested too deep")

// mailPart is a part of a mail, or the whole of one that has no parts.
type mailPart struct {
	contentType string
	encoding    string
	body        io.Reader
}

// readPart takes the first text and the first HTML that the part has.
func (m *Mail) readPart(p mailPart, depth int) error {
	media, params, err := mime.ParseMediaType(p.contentType)
	if err != nil {
		media = "text/plain"
	}
	if strings.HasPrefix(media, "multipart/") {
		return m.readParts(multipart.NewReader(p.body, params["boundary"]), depth)
	}
	if media != "text/plain" && media != "text/html" {
		return nil
	}
	content, err := io.ReadAll(p.decoded())
	if err != nil {
		return err
	}
	text := strings.ToValidUTF8(strings.ReplaceAll(string(content), "\r\n", "\n"), "\uFFFD")
	switch {
	case media == "text/html" && m.HTML == "":
		m.HTML = text
	case media == "text/plain" && m.Text == "":
		m.Text = text
	}
	return nil
}

func (m *Mail) readParts(parts *multipart.Reader, depth int) error {
	if depth == maxMailDepth {
		return errMailTooDeep
	}
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		next := mailPart{part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part}
		if err := m.readPart(next, depth+1); err != nil {
			return err
		}
	}
}

func (p mailPart) decoded() io.Reader {
	switch strings.ToLower(strings.TrimSpace(p.encoding)) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, p.body)
	case "quoted-printable":
		return quotedprintable.NewReader(p.body)
	default:
		return p.body
	}
}

// decodedHeader reads encoded words (RFC 2047); what can't be read stays as it is.
func decodedHeader(text string) string {
	decoded, err := new(mime.WordDecoder).DecodeHeader(text)
	if err != nil {
		return text
	}
	return decoded
}
