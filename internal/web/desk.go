package web

// room is a part of the admin's desk, as the navigation lists it.
type room struct{ Name, Path, Words string }

// desk is in the order of the navigation.
var desk = []room{
	{"overview", overviewPath, "Overview"},
	{"accounts", accountsPath, "Accounts"},
	{"scans", scansPath, "Scans"},
	{"events", eventsPath, "Events"},
	{"deliveries", endpointsPath, "Deliveries"},
	{"mail", mailPath, "Mail"},
	{"links", linksPath, "Links"},
	{"keys", keysPath, "Keys"},
	{"policy", policyPath, "Policy"},
	{"settings", settingsPath, "Settings"},
	{"status", statusPath, "Status"},
	{"help", helpPath, "Help"},
}

func rooms() []room { return desk } // a template has functions, and no variables
