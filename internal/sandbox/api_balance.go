package sandbox

import "encoding/json"

type balanceObject struct {
	Object          string          `json:"object"`
	Available       []balanceAmount `json:"available"`
	ConnectReserved []balanceAmount `json:"connect_reserved"`
	Livemode        bool            `json:"livemode"`
	Pending         []balanceAmount `json:"pending"`
}

type balanceAmount struct {
	Amount      int64             `json:"amount"`
	Currency    string            `json:"currency"`
	SourceTypes *balanceBySources `json:"source_types,omitempty"`
}

type balanceBySources struct {
	Card int64 `json:"card"`
}

// retrieveBalance is always of nothing: no money moves here.
func retrieveBalance(_ *transaction, req *apiRequest) (json.RawMessage, error) {
	currency := req.acting.country().currency
	nothing := []balanceAmount{{Currency: currency, SourceTypes: &balanceBySources{}}}
	return encode(balanceObject{
		Object: "balance", Available: nothing, ConnectReserved: []balanceAmount{{Currency: currency}}, Pending: nothing,
	})
}
