package web

import (
	"time"

	"github.com/connectd/connectd/internal/onboarding"
)

// linksView is the page of onboarding links.
type linksView struct {
	paging
	Notice   string
	Revoking *linkRevocation // nil: none is to be revoked
	SellerID string          // whose are shown; ""
	Which    onboarding.Which
	OpenURL  string
	AllURL   string
	Rows     []linkRow
	LiveURL  string // asks for this page if anything has changed since
	BaseURL  string
}

func (linksView) template() string { return "links" }

// linkRow is one link, as it is kept: its address is not.
type linkRow struct {
	ID, SellerID, SellerURL  string
	MadeBy, RevokedBy        onboarding.Doer
	State                    onboarding.LinkState
	MayUnlink                bool
	CreatedAt, ExpiresAt     time.Time
	RevokedAt, First, Latest *time.Time // uses; nil: never
	RevokeURL                string     // "": there is nothing to revoke
}

// linkRevocation is a link that is about to be revoked.
type linkRevocation struct {
	linkRow
	BackURL string
	Kept    []hiddenField // of the view in which it is
}

func newLinksView(view address, page onboarding.LinkPage, now time.Time) linksView {
	first := view.with(cursorParam, "")
	v := linksView{
		paging: view.pages(page.NextCursor), OpenURL: first.with("which", "").String(), AllURL: first.with("which", string(onboarding.AllLinks)).String(),
	}
	for _, link := range page.Links {
		row := newLinkRow(link, now)
		if row.State == onboarding.LinkOpen {
			row.RevokeURL = view.with("revoke", link.ID).String() + "#acting"
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

func newLinkRow(link onboarding.ListedLink, now time.Time) linkRow {
	return linkRow{
		ID: link.ID, SellerID: link.SellerID, SellerURL: accountsLike(link.SellerID), MadeBy: link.MadeBy,
		RevokedBy: link.RevokedBy, State: link.State(now), MayUnlink: link.MayUnlink, CreatedAt: link.CreatedAt, ExpiresAt: link.ExpiresAt,
		RevokedAt: link.RevokedAt, First: link.FirstUsedAt, Latest: link.LastUsedAt,
	}
}

func newLinkRevocation(link onboarding.ListedLink, view address, now time.Time) *linkRevocation {
	return &linkRevocation{linkRow: newLinkRow(link, now), BackURL: view.String(), Kept: view.sends("seller_id", "which")}
}

// linksOf are a seller's links.
func linksOf(sellerID string, which onboarding.Which) address {
	return pageAt(linksPath).with("seller_id", sellerID).with("which", string(which))
}
