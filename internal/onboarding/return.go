package onboarding

import (
	"context"
	"net/url"
	"strconv"
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

func (s *Service) mayReturnTo(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.User == nil && s.returns[originOf(address)]
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
	return appendQuery(returnURL, url.Values{
		"seller_id": {sellerID}, "status": {status}, "position": {strconv.FormatInt(position, 10)},
	}), nil
}

func appendQuery(address string, more url.Values) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // it was checked when the link was made
	}
	query := u.Query()
	for name, values := range more {
		query[name] = values
	}
	u.RawQuery = query.Encode()
	return u.String()
}
