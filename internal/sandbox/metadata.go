package sandbox

import (
	"maps"
	"unicode/utf8"
)

// What metadata may hold (docs.stripe.com/metadata#data).
const (
	maxMetadataKeys  = 50
	maxMetadataKey   = 40
	maxMetadataValue = 500
)

// mergedMetadata is was with what the form gives: an empty value takes its key away, an empty text all keys.
func mergedMetadata(was map[string]string, form *parameter) (map[string]string, error) {
	given := form.field("metadata")
	merged := maps.Clone(was)
	if merged == nil || given != nil && given.isText {
		merged = map[string]string{}
	}
	for _, key := range given.names() {
		value := given.value(key)
		if value == "" {
			delete(merged, key)
			continue
		}
		if err := checkMetadata(key, value); err != nil {
			return nil, err
		}
		merged[key] = value
	}
	if len(merged) > maxMetadataKeys {
		return nil, badRequest("", "metadata", "Metadata can have at most %d keys", maxMetadataKeys)
	}
	return merged, nil
}

func checkMetadata(key, value string) error {
	if n := utf8.RuneCountInString(key); n > maxMetadataKey {
		return badRequest("", "metadata", "Metadata keys can have up to %d characters, but you passed in a key that is %d "+
			"characters. Invalid key: %s", maxMetadataKey, n, key)
	}
	if n := utf8.RuneCountInString(value); n > maxMetadataValue {
		return badRequest("", nested("metadata", key), "Metadata values can have up to %d characters, but you passed in a "+
			"value that is %d characters.", maxMetadataValue, n)
	}
	return nil
}
