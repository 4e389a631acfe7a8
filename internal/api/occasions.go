package api

import (
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/client"
)

// occasions say when each problem is met, for the document.
var occasions = map[code]string{
	malformedBody:      "The body is no JSON, or ended early.",
	codeRefused:        "Stripe refused the authorization code, or the state is unknown, expired or another code's.",
	unauthorized:       "No key was sent, or one that does not exist, is revoked, has expired or is of the other mode.",
	scopeTooSmall:      "The key lacks the scope that the request needs; WWW-Authenticate names it.",
	forbidden:          "This can't be done in this way.",
	notFoundHere:       "There is no such account, event, scan, seller, event endpoint or delivery.",
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
	stripeRefused:      "Stripe refused what was sent; stripe says which parameter, and why.",
	stripeBusy:         "Stripe asks for fewer requests. With an Idempotency-Key the same may be sent again.",
	cannotTransact:     "The seller can't transact; reasons says why, and who must act.",
	busy:               "More is waiting to be stored than connectd can hold.",
	unavailable:        "The database can't be reached, or does not answer: nobody is let in, and nothing is answered with a yes.",
	notReady:           "The database can't be reached, or lacks migrations.",
}

// meets reports whether the operation may be answered with the problem, where it has the problem's status.
func meets(op *huma.Operation, c code) bool {
	switch c {
	case unknownPath, wrongMethod, notAcceptable, forbidden:
		return false // these are no operation's
	case codeRefused, exchangeUnfinished:
		return op.Path == verifyPath
	case stripeFailed, stripeUnanswered, stripeUnreachable:
		return slices.Contains(op.Errors, http.StatusBadGateway)
	case stripeRefused, stripeBusy, cannotTransact:
		return slices.Contains(op.Tags, "Selling")
	case busy:
		return op.Method != http.MethodGet
	case notReady:
		return op.Path == readyPath
	case unavailable:
		return op.Path != readyPath
	}
	return true
}

// describeProblems puts each problem into the document once, with an example, and has the operations refer to them.
func describeProblems(document *huma.OpenAPI) {
	components := document.Components
	components.Examples = map[string]*huma.Example{}
	for c, meaning := range problems {
		components.Examples[string(c)] = &huma.Example{Summary: meaning.title, Description: occasions[c], Value: exampleOf(c)}
	}
	components.Schemas.Map()["Problem"].Properties["code"].Examples = examplesOfCodes()
	components.Responses = map[string]*huma.Response{}
	operations(document, func(_ string, op *huma.Operation) {
		if _, open := op.Responses["default"]; open {
			delete(op.Responses, "default") // huma's word for where it was told of no errors
			op.Responses[strconv.Itoa(http.StatusInternalServerError)] = nil
		}
		for status := range op.Responses {
			if number, err := strconv.Atoi(status); err == nil && number >= http.StatusBadRequest {
				name, response := problemResponse(op, number)
				components.Responses[name] = response
				op.Responses[status] = &huma.Response{Ref: "#/components/responses/" + name}
			}
		}
	})
}

const problemType = "application/problem+json"

// problemResponse is what the operation answers with the status; the name is that of all operations with the same problems.
func problemResponse(op *huma.Operation, status int) (name string, response *huma.Response) {
	response = &huma.Response{
		Description: http.StatusText(status),
		Headers:     map[string]*huma.Param{positionHeader: headerRef(positionHeader)},
	}
	for _, header := range map[int][]string{
		http.StatusUnauthorized: {"WWW-Authenticate"}, http.StatusForbidden: {"WWW-Authenticate"},
		http.StatusTooManyRequests: {"Retry-After", policyHeader, limitHeader}, http.StatusServiceUnavailable: {"Retry-After"},
	}[status] {
		response.Headers[header] = headerRef(header)
	}
	examples := map[string]*huma.Example{}
	name = strconv.Itoa(status)
	for _, c := range slices.Sorted(maps.Keys(problems)) {
		if problems[c].status == status && meets(op, c) {
			examples[string(c)] = &huma.Example{Ref: "#/components/examples/" + string(c)}
			name += "_" + string(c)
		}
	}
	response.Content = map[string]*huma.MediaType{problemType: {
		Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}, Examples: examples,
	}}
	return name, response
}

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
	case cannotTransact:
		p.Reasons = []client.Reason{{Code: "charges_disabled", Message: "Charges are off (requirements.past_due).", Who: "seller"}}
	case stripeRefused:
		p.Stripe = &stripeError{Code: "parameter_invalid_empty", Message: "You passed an empty string for 'name'.", Param: "name", RequestID: "req_Ab12Cd34Ef56Gh"}
	case stripeFailed:
		p.Detail = adviceOn("")
		p.Stripe = &stripeError{Code: "platform_account_required", Message: "Only Stripe Connect platforms can work with other accounts.", RequestID: "req_Ab12Cd34Ef56Gh"}
	}
	return p
}

func examplesOfCodes() []any {
	var all []any
	for _, c := range slices.Sorted(maps.Keys(problems)) {
		all = append(all, string(c))
	}
	return all
}
