package api

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/connectd/connectd/client"
)

// TestReadinessIsEncodedAsEncodingJSONDoes, to the byte.
func TestReadinessIsEncodedAsEncodingJSONDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		ready := drawReadiness(rt)
		var want bytes.Buffer
		encoder := json.NewEncoder(&want)
		encoder.SetEscapeHTML(false) // as huma's
		if err := encoder.Encode(ready); err != nil {
			rt.Fatal(err)
		}
		if got := append(appendReadiness(nil, &ready), '\n'); !bytes.Equal(got, want.Bytes()) {
			rt.Fatalf("got  %s\nwant %s", got, &want)
		}
	})
}

func drawReadiness(t *rapid.T) client.Readiness {
	return client.Readiness{
		SellerID: drawText(t), AccountID: drawOrNil(t, drawText), CanTransact: drawBool(t), CanAcceptPayments: drawBool(t),
		CanReceivePayouts: drawBool(t), Status: drawText(t), Reasons: drawList(t, drawReason), Requirements: client.Requirements{
			CurrentlyDue: drawList(t, drawText), PastDue: drawList(t, drawText), EventuallyDue: drawList(t, drawText),
			PendingVerification: drawList(t, drawText), Errors: drawList(t, drawRequirementError),
			DisabledReason: drawOrNil(t, drawText), CurrentDeadline: drawOrNil(t, drawTime),
		},
		DisplayName: drawOrNil(t, drawText), Country: drawOrNil(t, drawText), Currency: drawOrNil(t, drawText),
		AllowUnlink: drawBool(t), AtRiskAt: drawOrNil(t, drawTime), AsOf: drawOrNil(t, drawTime), CheckedAt: drawOrNil(t, drawTime),
		Stale: drawBool(t), Version: rapid.Int64().Draw(t, "version"),
	}
}

func drawReason(t *rapid.T) client.Reason {
	return client.Reason{
		Code: drawText(t), Message: drawText(t), Who: drawText(t), Requirement: drawText(t), Error: drawText(t),
		Deadline: drawOrNil(t, drawTime),
	}
}

func drawRequirementError(t *rapid.T) client.RequirementError {
	return client.RequirementError{Requirement: drawText(t), Code: drawText(t), Reason: drawText(t)}
}

func drawText(t *rapid.T) string {
	return rapid.OneOf(
		rapid.Just(""), rapid.StringMatching(`[a-z_.]{1,20}`), rapid.String(), rapid.SampledFrom([]string{"<b>&\u2028\"\\\x00\x7f", "\xff\xfe", "é\t"}),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
	).Draw(t, "text")
}

func drawBool(t *rapid.T) bool { return rapid.Bool().Draw(t, "bool") }

func drawTime(t *rapid.T) time.Time {
	const year9999 = 253_402_300_799
	return time.Unix(rapid.Int64Range(0, year9999).Draw(t, "seconds"), rapid.SampledFrom([]int64{0, 1, 120_000_000, 999_999_999}).Draw(t, "ns")).UTC()
}

func drawList[T any](t *rapid.T, draw func(*rapid.T) T) []T {
	n := rapid.IntRange(-1, 3).Draw(t, "n")
	if n < 0 {
		return nil
	}
	list := make([]T, n)
	for i := range list {
		list[i] = draw(t)
	}
	return list
}

func drawOrNil[T any](t *rapid.T, draw func(*rapid.T) T) *T {
	if drawBool(t) {
		return nil
	}
	return new(draw(t))
}

func TestWhatIfNoneMatchNames(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]bool{
		`"a"`: true, `W/"a"`: true, `"b", "a"`: true, `"b",W/"a"`: true, `*`: true, ` "a" `: true,
		`"b"`: false, `a`: false, ``: false, `"a`: false, `W/"b"`: false,
	} {
		if matches(given, `"a"`) != want {
			t.Errorf("%s: want %t", given, want)
		}
	}
}

func TestWhatAsksAnew(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]bool{
		"no-cache": true, "No-Cache": true, "max-age=0, no-cache": true, " no-cache ": true, "": false, "no-store": false, "no-caches": false,
	} {
		if asksAnew(given) != want {
			t.Errorf("%q: want %t", given, want)
		}
	}
}
