package account

// Actor is who does something that the audit keeps: a person at the admin's pages or in the shell, a seller, or a program by
// its API key. Whoever lets someone in makes it, and nothing else decides who acts.
type Actor struct {
	// Name is "admin", "cli", "seller", "connectd" for what it does by itself, or a key's id.
	Name string
	// Address is the IP address that the request came from, "" where there is none. A seller's is not kept: it would be
	// personal, and the audit forgets nothing.
	Address string
}
