package app

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/sandbox"
)

// demoSellers are the sellers of a demo. They connect as any seller does: by a link, in a browser of their own.
type demoSellers struct {
	service *Service
	sandbox *sandbox.Sandbox
}

const connectAtOnce = 4

// demoSeller is the i-th seller's id, and the persona that the account is of.
func demoSeller(i int) (id, persona string) {
	personas := sandbox.Personas()
	persona = personas[i%len(personas)]
	if round := i / len(personas); round > 0 {
		return fmt.Sprintf("%s-%d", persona, round+1), persona
	}
	return persona, persona
}

// connectMissing connects those of the first n sellers who never were.
func (s demoSellers) connectMissing(ctx context.Context, n int) error {
	ids := make([]string, n)
	for i := range ids {
		ids[i], _ = demoSeller(i)
	}
	present, err := s.service.Registry.EverConnected(ctx, ids)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(connectAtOnce)
	for i := range n {
		id, persona := demoSeller(i)
		if slices.Contains(present, id) {
			continue
		}
		group.Go(func() error {
			if err := s.connect(ctx, id, persona); err != nil {
				return fmt.Errorf("connect seller %s: %w", id, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// connect walks a seller's way: the link, Connect with Stripe, the grant page's button, and back.
func (s demoSellers) connect(ctx context.Context, id, persona string) error {
	link, err := s.service.Onboarding.CreateLink(ctx, onboarding.LinkParams{SellerID: id, Email: id + "@sellers.example"})
	if err != nil {
		return err
	}
	browser, err := newBrowser()
	if err != nil {
		return err
	}
	grantPage, err := browser.step(ctx, http.MethodPost, link.URL+"/authorize")
	if err != nil {
		return err
	}
	back, err := browser.step(ctx, http.MethodGet, grantPage+"&persona="+url.QueryEscape(persona))
	if err != nil {
		return err
	}
	_, err = browser.step(ctx, http.MethodGet, back)
	return err
}

// readUnread retrieves the accounts that are connected and were never read: a demo that was killed while its sellers
// connected may have left some.
func (s demoSellers) readUnread(ctx context.Context) error {
	query := registry.AccountQuery{CheckedBefore: &time.Time{}, Sort: "id", Limit: registry.MaxPage}
	for {
		page, err := s.service.Registry.Accounts(ctx, query)
		if err != nil {
			return err
		}
		for _, a := range page.Accounts {
			if a.DisconnectedAt != nil {
				continue
			}
			if err := s.service.Checker.Check(ctx, a.ID, registry.Scan); err != nil {
				return fmt.Errorf("read the account of seller %s: %w", a.SellerID, err)
			}
		}
		if query.Cursor = page.NextCursor; query.Cursor == "" {
			return nil
		}
	}
}

// newcomer is a fresh page of a seller who is not connected.
func (s demoSellers) newcomer(ctx context.Context) (string, error) {
	for i := 1; ; i++ {
		id := fmt.Sprintf("newcomer-%d", i)
		present, err := s.service.Registry.EverConnected(ctx, []string{id})
		if err != nil {
			return "", err
		}
		if len(present) > 0 {
			continue
		}
		link, err := s.service.Onboarding.CreateLink(ctx, onboarding.LinkParams{SellerID: id, Email: id + "@sellers.example"})
		return link.URL, err
	}
}

// browser follows no redirect by itself and keeps cookies.
type browser struct{ http.Client }

func newBrowser() (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &browser{http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// step asks for a page that answers with a redirect, and returns where it leads.
func (b *browser) step(ctx context.Context, method, address string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, http.NoBody)
	if err != nil {
		return "", err
	}
	res, err := b.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	next, err := res.Location()
	if err != nil {
		return "", fmt.Errorf("%s answered %s", req.URL.Path, res.Status)
	}
	return next.String(), nil
}
