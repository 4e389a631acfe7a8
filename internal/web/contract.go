package web

import "encoding/json"

// contract is what the page shows of an OpenAPI document.
type contract struct {
	Info  struct{ Title, Description, Version string }
	Tags  []struct{ Name, Description string }
	Paths map[string]map[string]operation

	Components struct {
		Schemas   map[string]schema
		Responses map[string]response
		Headers   map[string]header
		Examples  map[string]struct {
			Summary, Description string
			Value                struct{ Status int }
		}
	}
}

type operation struct {
	OperationID, Summary, Description string

	Tags        []string
	Security    []map[string][]string
	Parameters  []parameter
	RequestBody *struct{ Content map[string]content }
	Responses   map[string]response
}

type parameter struct {
	Name, In, Description string

	Required bool
	Schema   schema
}

type response struct {
	Ref         string `json:"$ref"`
	Description string
	Content     map[string]content
	Headers     map[string]struct{}
}

type header struct {
	Description string
	Schema      schema
}

type content struct {
	Schema   schema
	Example  json.RawMessage
	Examples map[string]struct{}
}

type schema struct {
	Ref                            string `json:"$ref"`
	Type                           kinds
	Format, Pattern, Description   string
	PatternDescription             string
	Enum                           []any
	Default                        json.RawMessage
	Minimum, Maximum               *json.Number
	MinLength, MaxLength, MaxItems *json.Number
	Properties                     map[string]schema
	Required                       []string
	Items                          *schema
	AdditionalProperties           json.RawMessage
	AnyOf, OneOf                   []schema
}

// kinds is a schema's type: one name, or a list of them.
type kinds []string

func (k *kinds) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*k = kinds{one}
		return nil
	}
	var many []string
	err := json.Unmarshal(text, &many)
	*k = many
	return err
}
