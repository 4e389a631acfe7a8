package onboarding

import (
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/words"
)

// told makes an error for a seller, who reads it in their own language, and a program in English.
func told(kind account.ErrorKind, id string, args words.Args) *account.Error {
	return &account.Error{Kind: kind, Message: words.English().Say(id, args), Sentence: id, Args: args}
}

// toldOf makes an error about one part of what came back from Stripe.
func toldOf(field, id string, args words.Args) *account.Error {
	e := told(account.Invalid, id, args)
	e.Field = field
	return e
}
