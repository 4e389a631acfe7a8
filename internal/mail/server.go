package mail

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
)

// Server is a mail server that takes mails, and how it is spoken to.
type Server struct {
	Host               string
	Port               int
	Username, Password string // "": nobody signs in
	Security           Security
}

// Security is how the connection is kept from being read.
type Security string

// The ways. Whoever signs in over a connection that could be read gives the password away.
const (
	TLS       Security = "tls"      // from the first byte on (smtps)
	StartTLS  Security = "starttls" // refused where the server can't
	IfOffered Security = "offered"  // STARTTLS where the server can: on this machine
	None      Security = "none"
)

const (
	submissionPort  = 587 // RFC 6409
	submissionsPort = 465 // RFC 8314
)

var errServer = errors.New("is not smtp://USER:PASSWORD@HOST:PORT or smtps://USER:PASSWORD@HOST:PORT")

// ParseServer reads smtps://USER:PASSWORD@HOST:PORT or smtp://… . smtp begins TLS by STARTTLS, which the server has to offer unless
// it is this machine or the URL ends in ?starttls=off. The error repeats nothing of the URL, which may hold a password.
func ParseServer(text string) (Server, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return Server{}, errServer
	}
	s := Server{Host: u.Hostname(), Username: u.User.Username()}
	s.Password, _ = u.User.Password()
	switch u.Scheme {
	case "smtps":
		s.Security, s.Port = TLS, submissionsPort
	case "smtp":
		s.Security, s.Port = securityOf(s.Host, u.Query()), submissionPort
	default:
		return Server{}, errServer
	}
	if u.Port() != "" {
		s.Port, err = strconv.Atoi(u.Port())
	}
	if err != nil || s.Port < 1 || s.Port > 65535 || !knownQuery(u) {
		return Server{}, errServer
	}
	return s, nil
}

func securityOf(host string, query url.Values) Security {
	switch {
	case query.Get("starttls") == "off":
		return None
	case loopback(host):
		return IfOffered
	}
	return StartTLS
}

func knownQuery(u *url.URL) bool {
	return u.RawQuery == "" || u.Scheme == "smtp" && u.RawQuery == "starttls=off"
}

func loopback(host string) bool {
	at, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && at.IsLoopback()
}

// Addr is HOST:PORT.
func (s Server) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }
