package sandbox

// accountSettings is the settings member of an account object: almost the same for all.
func accountSettings(s *standing) document {
	return document{
		"bacs_debit_payments": document{"display_name": nil, "service_user_number": nil},
		"branding":            document{"icon": nil, "logo": nil, "primary_color": nil, "secondary_color": nil},
		"card_issuing":        document{"tos_acceptance": document{"date": nil, "ip": nil}},
		"card_payments": document{
			"decline_on":                       document{"avs_failure": true, "cvc_failure": true},
			"statement_descriptor_prefix":      nil,
			"statement_descriptor_prefix_kana": nil, "statement_descriptor_prefix_kanji": nil,
		},
		"dashboard": document{"display_name": s.nameOrNil(), "timezone": slotTimezone.in()},
		"payments": document{
			"statement_descriptor": nil, "statement_descriptor_kana": nil, "statement_descriptor_kanji": nil,
			"statement_descriptor_prefix_kana": nil, "statement_descriptor_prefix_kanji": nil,
		},
		"payouts": document{
			"debit_negative_balances": true,
			"schedule":                document{"delay_days": int64(2), "interval": "daily"},
			"statement_descriptor":    nil,
		},
		"sepa_debit_payments": document{},
	}
}
