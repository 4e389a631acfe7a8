package onboarding

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/connectd/connectd/internal/account"
)

// PlatformURL is where the platform is when no link says so, or "".
func (s *Service) PlatformURL() string {
	for _, address := range s.cfg.ReturnOrigins {
		if origin := originOf(address); origin != "" {
			return origin + "/"
		}
	}
	return ""
}

// ours are the parameters that the way back appends to return_url, in their order.
var ours = []string{"seller_id", "status", "position"}

// checkReturnURL refuses what is nowhere to return to, and a query to which nothing can be appended.
func (s *Service) checkReturnURL(address string) error {
	if !s.mayReturnTo(address) {
		return account.InvalidField("return_url", "the URL is not of an origin in CONNECTD_RETURN_ORIGINS, nor of BASE_URL's")
	}
	query, err := queryOf(address)
	if err != nil {
		return account.InvalidField("return_url", "the URL's query can't be read: write ; as %%3B and %% as %%25")
	}
	for _, name := range ours {
		if query.Has(name) {
			return account.InvalidField("return_url", "the URL has a parameter %s already, which connectd appends; name yours otherwise", name)
		}
	}
	return nil
}

func (s *Service) mayReturnTo(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.User == nil && s.returns[originOf(address)]
}

func queryOf(address string) (url.Values, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	return url.ParseQuery(u.RawQuery)
}

// wayBackNow is wayBack with the seller's status as it is.
func (s *Service) wayBackNow(ctx context.Context, returnURL, sellerID string) (string, error) {
	if returnURL == "" {
		return "", nil
	}
	ready, err := s.cfg.Registry.Readiness(ctx, sellerID)
	if err != nil {
		return "", err
	}
	return s.wayBack(ctx, returnURL, sellerID, ready.Status)
}

// wayBack is the platform's return_url with what it needs to read its own write, or "" where it gave none. The position is
// read last: what the status tells lies before it.
func (s *Service) wayBack(ctx context.Context, returnURL, sellerID, status string) (string, error) {
	if returnURL == "" {
		return "", nil
	}
	position, err := s.cfg.Registry.Position(ctx)
	if err != nil {
		return "", err
	}
	return appendQuery(returnURL, sellerID, status, strconv.FormatInt(position, 10)), nil
}

// appendQuery appends the values of ours; what the platform wrote stays as it is, byte for byte.
func appendQuery(address string, values ...string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // it was checked when the link was made
	}
	var query strings.Builder
	query.WriteString(u.RawQuery)
	for i, value := range values {
		if written := query.String(); written != "" && !strings.HasSuffix(written, "&") {
			query.WriteString("&")
		}
		query.WriteString(ours[i] + "=" + url.QueryEscape(value))
	}
	u.RawQuery = query.String()
	return u.String()
}
