package api

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/connectd/connectd/client"
)

// appendReadiness appends what encoding/json makes of r (with HTML's characters as they are), in a tenth of its time. Times
// are in UTC.
func appendReadiness(b []byte, r *client.Readiness) []byte {
	b = appendText(append(b, `{"seller_id":`...), r.SellerID)
	b = appendTextOrNull(append(b, `,"account_id":`...), r.AccountID)
	b = strconv.AppendBool(append(b, `,"can_transact":`...), r.CanTransact)
	b = strconv.AppendBool(append(b, `,"can_accept_payments":`...), r.CanAcceptPayments)
	b = strconv.AppendBool(append(b, `,"can_receive_payouts":`...), r.CanReceivePayouts)
	b = appendText(append(b, `,"status":`...), r.Status)
	b = appendList(append(b, `,"reasons":`...), r.Reasons, appendReason)
	b = appendRequirements(append(b, `,"requirements":`...), &r.Requirements)
	b = appendTextOrNull(append(b, `,"display_name":`...), r.DisplayName)
	b = appendTextOrNull(append(b, `,"country":`...), r.Country)
	b = appendTextOrNull(append(b, `,"currency":`...), r.Currency)
	b = strconv.AppendBool(append(b, `,"allow_unlink":`...), r.AllowUnlink)
	b = strconv.AppendBool(append(b, `,"stale":`...), r.Stale)
	b = appendTimeOrNull(append(b, `,"at_risk_at":`...), r.AtRiskAt)
	b = appendTimeOrNull(append(b, `,"as_of":`...), r.AsOf)
	b = appendTimeOrNull(append(b, `,"checked_at":`...), r.CheckedAt)
	b = strconv.AppendInt(append(b, `,"version":`...), r.Version, 10)
	return append(b, '}')
}

func appendReason(b []byte, r *client.Reason) []byte {
	b = appendText(append(b, `{"code":`...), r.Code)
	b = appendText(append(b, `,"message":`...), r.Message)
	b = appendText(append(b, `,"who":`...), r.Who)
	if r.Requirement != "" {
		b = appendText(append(b, `,"requirement":`...), r.Requirement)
	}
	if r.Error != "" {
		b = appendText(append(b, `,"error":`...), r.Error)
	}
	if r.Deadline != nil {
		b = appendTimeOrNull(append(b, `,"deadline":`...), r.Deadline)
	}
	return append(b, '}')
}

func appendRequirements(b []byte, r *client.Requirements) []byte {
	b = appendList(append(b, `{"currently_due":`...), r.CurrentlyDue, appendItem)
	b = appendList(append(b, `,"past_due":`...), r.PastDue, appendItem)
	b = appendList(append(b, `,"eventually_due":`...), r.EventuallyDue, appendItem)
	b = appendList(append(b, `,"pending_verification":`...), r.PendingVerification, appendItem)
	b = appendList(append(b, `,"errors":`...), r.Errors, appendRequirementError)
	b = appendTextOrNull(append(b, `,"disabled_reason":`...), r.DisabledReason)
	b = appendTimeOrNull(append(b, `,"current_deadline":`...), r.CurrentDeadline)
	return append(b, '}')
}

func appendRequirementError(b []byte, e *client.RequirementError) []byte {
	b = appendText(append(b, `{"requirement":`...), e.Requirement)
	b = appendText(append(b, `,"code":`...), e.Code)
	b = appendText(append(b, `,"reason":`...), e.Reason)
	return append(b, '}')
}

func appendItem(b []byte, text *string) []byte { return appendText(b, *text) }

func appendList[T any](b []byte, list []T, appendOne func([]byte, *T) []byte) []byte {
	if list == nil {
		return append(b, `null`...)
	}
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendOne(b, &list[i])
	}
	return append(b, ']')
}

func appendTextOrNull(b []byte, text *string) []byte {
	if text == nil {
		return append(b, `null`...)
	}
	return appendText(b, *text)
}

// appendText leaves what has to be escaped to encoding/json.
func appendText(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return appendEscaped(b, text)
		}
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}

func appendEscaped(b []byte, text string) []byte {
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string can always be encoded
	return append(b, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
}

func appendTimeOrNull(b []byte, at *time.Time) []byte {
	if at == nil {
		return append(b, `null`...)
	}
	b = append(b, '"')
	b = at.UTC().AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}
