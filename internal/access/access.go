// Package access decides who may come in: the platform by its API keys, the admin by a password and a session, and what is
// kept about it.
//
// It may import account, age, client (a key's wire type), db and registry (the audit). Its one rule: no secret is stored as
// it is, only a hash from which it can't be had again.
package access
