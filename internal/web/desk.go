package web

// room is a part of the admin's desk, as the navigation lists it.
type room struct{ Name, Path, Words string }

// desk is in the order of the navigation.
var desk = []room{
	{"accounts", accountsPath, "Accounts"},
	{"links", linksPath, "Links"},
	{"keys", keysPath, "Keys"},
	{"policy", policyPath, "Policy"},
	{"status", statusPath, "Status"},
}

func rooms() []room { return desk } // a template has functions, and no variables
