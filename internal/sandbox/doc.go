// Package sandbox is a stateful Stripe Connect on one's own machine: the part of Stripe that a Connect platform meets, with
// OAuth, connected accounts and signed webhooks, to develop and test against without a Stripe account or a network.
//
// It may import nothing of connectd's (so that it can only be true to Stripe and never to connectd). Its one rule: whatever
// is answered 2xx is in the state file first, in one line with everything that it brought about (an account's update and its
// event are one line), so a process killed at any moment has either all of it or nothing.
//
// The wire protocol under /v1 and /oauth is Stripe's, of API version 2023-10-16 (docs.stripe.com/api,
// docs.stripe.com/connect/oauth-reference). Everything under /sandbox is its own: JSON, for tests and for people.
package sandbox
