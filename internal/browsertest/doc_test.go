// Package browsertest looks at connectd's pages as people do: in a real browser, signed in, by the keyboard, on a telephone, with no
// scripts, and against the rules of accessibility.
//
// It is for tests alone and may import client, processtest, waittest and walktest. Its one rule: it sees what a visitor sees, so that what no page
// shows is arranged over HTTP or in the database, and never by a call.
package browsertest
