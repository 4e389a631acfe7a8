package postgres

// ShareServerFor is ShareServer with another time to idle, for tests that stand outside the package.
var ShareServerFor = shareServer
