package onboarding

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

const (
	defaultLinkLife = 7 * 24 * time.Hour
	longestLinkLife = 30 * 24 * time.Hour
)

// LinkParams says for whom a link is.
type LinkParams struct {
	SellerID string
	// Email is where the seller can be reached, "" where that is not told.
	Email string
	// ReturnURL is where the platform wants the seller back, of one of the allowed origins; "" stays on the page.
	ReturnURL string
	// ExpiresIn is at most 30 days; 0 means 7.
	ExpiresIn time.Duration
	// By is who makes the link, for the audit; the zero Actor is connectd itself.
	By account.Actor
}

// Link is a seller's page. Who has the address can connect an account as the seller; only its hash is stored.
type Link struct {
	URL       string
	ExpiresAt time.Time
}

// CreateLink makes a link. What is wrong with p are account.Errors, joined, that each name a field.
func (s *Service) CreateLink(ctx context.Context, p LinkParams) (Link, error) {
	if err := s.checkLink(&p); err != nil {
		return Link{}, err
	}
	if err := s.cfg.Registry.EnsureSeller(ctx, p.SellerID, p.Email); err != nil {
		return Link{}, err
	}
	return s.insertLink(ctx, p, mayUnlink)
}

// MailedLife is how long a link lives that connectd mails.
const MailedLife = longestLinkLife

// MailedLink makes a link for a mail to a seller who is known: whoever reads the mail sees and mends with it, and can't unlink.
func (s *Service) MailedLink(ctx context.Context, sellerID string) (Link, error) {
	return s.insertLink(ctx, LinkParams{SellerID: sellerID, ExpiresIn: MailedLife}, looksAndMends)
}

// power is what a link can do.
type power string

const (
	mayUnlink     power = "may unlink"
	looksAndMends power = "looks and mends"
)

func (s *Service) insertLink(ctx context.Context, p LinkParams, can power) (Link, error) {
	token, now := newToken(), s.now()
	params := db.InsertLinkParams{
		ID: "link_" + newToken()[:16], TokenHash: hash(token), SellerID: p.SellerID, MayUnlink: can == mayUnlink,
		CreatedAt: now, ExpiresAt: now.Add(p.ExpiresIn), Actor: cmp.Or(p.By.Name, "connectd"), Address: p.By.Address,
	}
	if p.ReturnURL != "" {
		params.ReturnUrl = &p.ReturnURL
	}
	if err := s.cfg.Queries.InsertLink(ctx, params); err != nil {
		return Link{}, fmt.Errorf("store a link of seller %s: %w", p.SellerID, err)
	}
	return Link{URL: s.PageURL(token), ExpiresAt: params.ExpiresAt}, nil
}

func (s *Service) checkLink(p *LinkParams) error {
	if p.ExpiresIn == 0 {
		p.ExpiresIn = defaultLinkLife
	}
	wrong := errors.Join(account.CheckSellerID(p.SellerID), checkLife(p.ExpiresIn), checkEmail(p.Email))
	if p.ReturnURL == "" {
		return wrong
	}
	return errors.Join(wrong, s.checkReturnURL(p.ReturnURL))
}

func checkLife(life time.Duration) error {
	if life < time.Second || life > longestLinkLife {
		return account.InvalidField("expires_in", "a link lives from 1 to %d seconds", longestLinkLife/time.Second)
	}
	return nil
}

func checkEmail(email string) error {
	if address, err := mail.ParseAddress(email); email != "" && (err != nil || address.Address != email) {
		return account.InvalidField("email", "this is not an e-mail address")
	}
	return nil
}

// Page is what a seller's page shows.
type Page struct {
	SellerID  string
	Readiness client.Readiness
	// Account is the connected account, or nil.
	Account *client.Account
	// MayUnlink says what the link may do; whether the seller is allowed to is Readiness.AllowUnlink.
	MayUnlink bool
	// ReturnURL is the way back to where the platform wants the seller, with the status, or "".
	ReturnURL string
}

// Version says what a page shows: it is another once there is something else to show.
func (p Page) Version() string {
	version := strconv.FormatInt(p.Readiness.Version, 10)
	if p.Account != nil {
		version += "." + strconv.FormatInt(p.Account.Revision, 10)
	}
	return version
}

// Page reads what the link's page shows. An unknown link is account.NotFound; an expired or revoked one account.Expired.
func (s *Service) Page(ctx context.Context, token string) (Page, error) {
	link, err := s.useLink(ctx, token)
	if err != nil {
		return Page{}, err
	}
	return s.pageOf(ctx, link)
}

// PageAgain is Page for a page that is open already and asks again and again: that is no new use of the link.
func (s *Service) PageAgain(ctx context.Context, token string) (Page, error) {
	link, err := s.cfg.Queries.LinkByToken(ctx, hash(token))
	if link, err = s.valid(ctx, link, err); err != nil {
		return Page{}, err
	}
	return s.pageOf(ctx, link)
}

// PageOf is what a link of the seller's would show, for a preview of it.
func (s *Service) PageOf(ctx context.Context, sellerID string) (Page, error) {
	return s.pageOf(ctx, db.OnboardingLink{SellerID: sellerID, MayUnlink: true})
}

func (s *Service) pageOf(ctx context.Context, link db.OnboardingLink) (p Page, err error) {
	p = Page{SellerID: link.SellerID, MayUnlink: link.MayUnlink}
	if p.Readiness, err = s.cfg.Registry.Readiness(ctx, link.SellerID); err != nil {
		return Page{}, err
	}
	held, connected, err := s.cfg.Registry.HeldBy(ctx, link.SellerID)
	if err != nil {
		return Page{}, err
	}
	if connected {
		p.Account = &held.Account
	}
	p.ReturnURL, err = s.wayBack(ctx, client.Text(link.ReturnUrl), link.SellerID, p.Readiness.Status)
	return p, err
}

func (s *Service) useLink(ctx context.Context, token string) (db.OnboardingLink, error) {
	link, err := s.cfg.Queries.UseLink(ctx, db.UseLinkParams{TokenHash: hash(token), At: s.now()})
	return s.valid(ctx, link, err)
}

// valid is the link that was read, or why it does not lead to its page.
func (s *Service) valid(ctx context.Context, link db.OnboardingLink, err error) (db.OnboardingLink, error) {
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return link, told(account.NotFound, "onboarding.no_such_link", nil)
	case err != nil:
		return link, fmt.Errorf("read a link: %w", err)
	case link.RevokedAt != nil:
		return link, told(account.Expired, "onboarding.link_revoked", nil)
	case !link.ExpiresAt.After(s.now()):
		return link, s.expired(ctx, link)
	}
	return link, nil
}

// LinkError is a link that has expired. ReturnURL leads back to the platform, or is "".
type LinkError struct {
	Err       error
	ReturnURL string
}

func (e *LinkError) Error() string { return e.Err.Error() }

// Unwrap returns the account.Error.
func (e *LinkError) Unwrap() error { return e.Err }

// expired still leads who was sent here back to the platform. A revoked link tells nothing more.
func (s *Service) expired(ctx context.Context, link db.OnboardingLink) error {
	back, err := s.wayBackNow(ctx, client.Text(link.ReturnUrl), link.SellerID)
	if err != nil {
		return err
	}
	return &LinkError{Err: told(account.Expired, "onboarding.link_expired", nil), ReturnURL: back}
}
