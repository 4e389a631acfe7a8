package webhook

import (
	"syscall"
	"testing"
	"time"
)

// accountSized is an account.updated of 2.6 kB, with the parts that Stripe's have, in their order.
const accountSized = `{"id":"evt_1PqBench0000000000000000","object":"event","account":"acct_1PqBench00000000","api_version":"2023-10-16",` +
	`"created":1723000000,"data":{"object":{"id":"acct_1PqBench00000000","object":"account","business_profile":{"annual_revenue":null,` +
	`"estimated_worker_count":null,"mcc":"5734","name":"Blue Kiln","product_description":"Pots and plates","support_address":` +
	`{"city":"Dublin","country":"IE","line1":"1 Quay","line2":null,"postal_code":"D01","state":null},"support_email":"a@b.test",` +
	`"support_phone":"+353111111","support_url":"https://kiln.test/","url":"https://kiln.test"},"business_type":"company",` +
	`"capabilities":{"bancontact_payments":"active","card_payments":"active","transfers":"active"},"charges_enabled":true,` +
	`"company":{"address":{"city":"Dublin","country":"IE","line1":"1 Quay","line2":null,"postal_code":"D01","state":null},` +
	`"directors_provided":true,"executives_provided":true,"name":"Blue Kiln","owners_provided":true,"phone":"+353000000",` +
	`"tax_id_provided":true,"verification":{"document":{"back":null,"details":null,"details_code":null,"front":null}}},` +
	`"controller":{"type":"account"},"country":"IE","created":1605263411,"default_currency":"eur","details_submitted":true,` +
	`"email":"a@b.test","external_accounts":{"object":"list","data":[{"id":"ba_1","object":"bank_account","account":"acct_1",` +
	`"account_holder_name":null,"account_holder_type":null,"available_payout_methods":["standard"],"bank_name":"Bank","country":"IE",` +
	`"currency":"eur","default_for_currency":true,"fingerprint":"f","last4":"0000","metadata":{},"routing_number":"R","status":"new"}],` +
	`"has_more":false,"url":"/v1/accounts/acct_1/external_accounts"},"future_requirements":{"alternatives":[],"current_deadline":null,` +
	`"currently_due":[],"disabled_reason":null,"errors":[],"eventually_due":[],"past_due":[],"pending_verification":[]},` +
	`"metadata":{},"payouts_enabled":true,"requirements":{"alternatives":[],"current_deadline":1725000000,"currently_due":` +
	`["company.tax_id","external_account"],"disabled_reason":null,"errors":[],"eventually_due":["company.tax_id","external_account"],` +
	`"past_due":[],"pending_verification":[]},"settings":{"bacs_debit_payments":{},"branding":{"icon":null,"logo":null,` +
	`"primary_color":null,"secondary_color":null},"card_payments":{"decline_on":{"avs_failure":false,"cvc_failure":true},` +
	`"statement_descriptor_prefix":"KILN"},"dashboard":{"display_name":"Blue Kiln","timezone":"Europe/Dublin"},"payments":` +
	`{"statement_descriptor":"KILN"},"payouts":{"debit_negative_balances":true,"schedule":{"delay_days":7,"interval":"daily"}}},` +
	`"tos_acceptance":{"date":1605263411},"type":"standard"},"previous_attributes":{"charges_enabled":false}},"livemode":false,` +
	`"pending_webhooks":1,"request":{"id":null,"idempotency_key":null},"type":"account.updated"}`

// BenchmarkReadAccountUpdated is from the body's bytes to the observation. Its CPU time is what to go by on a machine that
// others use.
func BenchmarkReadAccountUpdated(b *testing.B) {
	body := []byte(accountSized)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	began := cpuTime(b)
	for b.Loop() {
		e, err := readEvent(body)
		if err != nil {
			b.Fatal(err)
		}
		e.observation(false)
	}
	b.ReportMetric(float64((cpuTime(b)-began).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
