package api

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/danielgtaylor/huma/v2"
)

// recorded are answers that the API gave to a test, with the requests: a test holds that it still gives them.
//
//go:embed examples.json
var recorded []byte

// example is a request's body and the answer, each where there is one.
type example struct {
	Request json.RawMessage `json:"request"`
	Answer  json.RawMessage `json:"answer"`
}

// addExamples puts them into the document.
func addExamples(document *huma.OpenAPI) {
	var examples map[string]example
	if err := json.Unmarshal(recorded, &examples); err != nil {
		panic(fmt.Errorf("read the embedded examples: %w", err))
	}
	operations(document, func(_ string, op *huma.Operation) {
		found := examples[op.OperationID]
		if op.RequestBody != nil && found.Request != nil {
			op.RequestBody.Content["application/json"].Example = found.Request
		}
		for _, response := range op.Responses { // those with content of their own are successes
			for _, content := range response.Content {
				if found.Answer != nil {
					content.Example = found.Answer
				}
			}
		}
	})
}
