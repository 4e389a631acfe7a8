package web

import (
	"net/url"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/onboarding"
)

// linksView is the page of onboarding links.
type linksView struct {
	Notice   string
	Revoking *linkRevocation // nil: none is to be revoked
	SellerID string          // whose are shown; ""
	Which    onboarding.Which
	OpenURL  string
	AllURL   string
	Rows     []linkRow
	LiveURL  string // asks for this page if anything has changed since
	FirstURL string // "": this is the first page
	NextURL  string // "": this is the last
	BaseURL  string

	version int64
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

func newLinksView(asked url.Values, page onboarding.LinkPage, now time.Time) linksView {
	v := linksView{
		SellerID: strings.TrimSpace(asked.Get("seller_id")), Which: onboarding.OpenLinks,
	}
	v.OpenURL = linksURL(url.Values{"seller_id": {v.SellerID}}, "")
	v.AllURL = linksURL(url.Values{"seller_id": {v.SellerID}, "which": {string(onboarding.AllLinks)}}, "")
	if asked.Get("which") == string(onboarding.AllLinks) {
		v.Which = onboarding.AllLinks
	}
	for _, link := range page.Links {
		row := newLinkRow(link, now)
		if row.State == onboarding.LinkOpen {
			row.RevokeURL = linksURL(asked, asked.Get("cursor"), hiddenField{"revoke", link.ID}) + "#acting"
		}
		v.Rows = append(v.Rows, row)
	}
	if asked.Get("cursor") != "" {
		v.FirstURL = linksURL(asked, "")
	}
	if page.NextCursor != "" {
		v.NextURL = linksURL(asked, page.NextCursor)
	}
	return v
}

func newLinkRow(link onboarding.ListedLink, now time.Time) linkRow {
	return linkRow{
		ID: link.ID, SellerID: link.SellerID, SellerURL: accountsURL(url.Values{"q": {link.SellerID}}, ""), MadeBy: link.MadeBy,
		RevokedBy: link.RevokedBy, State: link.State(now), MayUnlink: link.MayUnlink, CreatedAt: link.CreatedAt, ExpiresAt: link.ExpiresAt,
		RevokedAt: link.RevokedAt, First: link.FirstUsedAt, Latest: link.LastUsedAt,
	}
}

func newLinkRevocation(link onboarding.ListedLink, asked url.Values, now time.Time) *linkRevocation {
	v := &linkRevocation{linkRow: newLinkRow(link, now), BackURL: linksURL(asked, asked.Get("cursor"))}
	for _, name := range []string{"seller_id", "which"} {
		if text := asked.Get(name); text != "" {
			v.Kept = append(v.Kept, hiddenField{name, text})
		}
	}
	return v
}

// linksURL is a page of the view that the address asks for.
func linksURL(asked url.Values, cursor string, more ...hiddenField) string {
	query := url.Values{}
	more = append(more, hiddenField{"cursor", cursor}, hiddenField{"seller_id", asked.Get("seller_id")}, hiddenField{"which", asked.Get("which")})
	for _, p := range more {
		if p.Value != "" {
			query.Set(p.Name, p.Value)
		}
	}
	if len(query) == 0 {
		return linksPath
	}
	return linksPath + "?" + query.Encode()
}
