package api

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// etagOf is the same for the same bytes alone, on every process (RFC 9110, 8.8.3).
func etagOf(body []byte) string {
	sum := sha256.Sum256(body)
	tag := make([]byte, 0, 2+2*16)
	tag = hex.AppendEncode(append(tag, '"'), sum[:16])
	return string(append(tag, '"'))
}

// matches reports whether If-None-Match names the tag (RFC 9110, 13.1.2): whether it is weak there says nothing.
func matches(ifNoneMatch, etag string) bool {
	if strings.TrimSpace(ifNoneMatch) == "*" {
		return true
	}
	for named := range strings.SplitSeq(ifNoneMatch, ",") {
		if strings.TrimPrefix(strings.TrimSpace(named), "W/") == etag {
			return true
		}
	}
	return false
}

// asksAnew reports whether Cache-Control wants an answer of the database's own (RFC 9111, 5.2.1.4).
func asksAnew(cacheControl string) bool {
	for directive := range strings.SplitSeq(cacheControl, ",") {
		if strings.EqualFold(strings.TrimSpace(directive), "no-cache") {
			return true
		}
	}
	return false
}
