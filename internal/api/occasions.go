package api

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// occasions say when each problem is met, for the document.
var occasions = map[code]string{
	malformedBody:      "The body is no JSON, or ended early.",
	codeRefused:        "Stripe refused the authorization code, or the state is unknown, expired or another code's.",
	unauthorized:       "No key was sent, or one that does not exist, is revoked, has expired or is of the other mode.",
	scopeTooSmall:      "The key lacks the scope that the request needs; WWW-Authenticate names it.",
	forbidden:          "This can't be done in this way.",
	notFoundHere:       "There is no such account, event, scan or seller.",
	unknownPath:        "There is nothing at this path.",
	wrongMethod:        "The path does not take the method; Allow lists those that it takes.",
	notAcceptable:      "Answers are JSON.",
	bodyTooSlow:        "The body did not come within the time that it has.",
	conflict:           "The account's or the seller's state does not allow it; detail says why.",
	expired:            "Nobody can go on from this cursor: begin again with the snapshot.",
	rateLimited:        "The key has made as many requests as it may in a second (CONNECTD_API_RATE).",
	bodyTooLarge:       "The body has more than 1,048,576 bytes.",
	invalid:            "A field is unknown, missing, or has a wrong value; errors says which and why.",
	internalError:      "connectd failed; its log says how.",
	stripeFailed:       "Stripe answered with an error; stripe has what it said.",
	stripeUnanswered:   "Stripe gave no answer that can be used.",
	stripeUnreachable:  "Stripe can't be reached.",
	exchangeUnfinished: "Whether Stripe took the authorization code is not known. The seller has to connect again; a code is never presented twice.",
	busy:               "More is waiting to be stored than connectd can hold.",
	unavailable:        "The database can't be reached, or does not answer: nobody is let in, and nothing is answered with a yes.",
	notReady:           "The database can't be reached, or lacks migrations.",
}

// describeProblems puts each problem into the document once, with an example, and has the operations refer to them.
func describeProblems(document *huma.OpenAPI) {
	components := document.Components
	components.Examples = map[string]*huma.Example{}
	components.Responses = map[string]*huma.Response{}
	for c, meaning := range problems {
		components.Examples[string(c)] = &huma.Example{Summary: meaning.title, Description: occasions[c], Value: exampleOf(c)}
		response := components.Responses[responseName(meaning.status)]
		if response == nil {
			response = problemResponse(meaning.status)
			components.Responses[responseName(meaning.status)] = response
		}
		response.Content[problemType].Examples[string(c)] = &huma.Example{Ref: "#/components/examples/" + string(c)}
	}
	components.Schemas.Map()["Problem"].Properties["code"].Examples = codes()
	operations(document, func(_ string, op *huma.Operation) {
		if _, open := op.Responses["default"]; open {
			delete(op.Responses, "default") // huma's word for where it was told of no errors
			op.Responses[strconv.Itoa(http.StatusInternalServerError)] = nil
		}
		for status := range op.Responses {
			if number, err := strconv.Atoi(status); err == nil && number >= http.StatusBadRequest {
				op.Responses[status] = &huma.Response{Ref: "#/components/responses/" + responseName(number)}
			}
		}
	})
}

const problemType = "application/problem+json"

func problemResponse(status int) *huma.Response {
	response := &huma.Response{
		Description: http.StatusText(status),
		Headers:     map[string]*huma.Param{positionHeader: headerRef(positionHeader)},
		Content: map[string]*huma.MediaType{problemType: {
			Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}, Examples: map[string]*huma.Example{},
		}},
	}
	for _, name := range map[int][]string{
		http.StatusUnauthorized: {"WWW-Authenticate"}, http.StatusForbidden: {"WWW-Authenticate"}, http.StatusMethodNotAllowed: {"Allow"},
		http.StatusTooManyRequests: {"Retry-After", policyHeader, limitHeader},
	}[status] {
		response.Headers[name] = headerRef(name)
	}
	return response
}

func responseName(status int) string { return fmt.Sprintf("Problem%d", status) }

// exampleOf is a problem as it may be met.
func exampleOf(c code) *problem {
	p := newProblem(c, "")
	if p.Detail == "" {
		p.Detail = occasions[c]
	}
	switch c {
	case invalid:
		p.Errors = []fieldError{{Location: "body.seller_id", Message: "is required"}}
	case malformedBody:
		p.Errors = []fieldError{{Location: "body", Message: "unexpected end of JSON input"}}
	case stripeFailed:
		p.Detail = adviceOn("")
		p.Stripe = &stripeError{Code: "platform_account_required", Message: "Only Stripe Connect platforms can work with other accounts.", RequestID: "req_Ab12Cd34Ef56Gh"}
	}
	return p
}

func codes() []any {
	var names []string
	for c := range problems {
		names = append(names, string(c))
	}
	slices.Sort(names)
	all := make([]any, len(names))
	for i, name := range names {
		all[i] = name
	}
	return all
}
