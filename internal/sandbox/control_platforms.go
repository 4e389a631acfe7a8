package sandbox

import (
	"encoding/json"
	"net/http"
)

type noOrder struct{}

func (s *Sandbox) makePlatform(r *http.Request) (json.RawMessage, error) {
	if _, err := readJSON[noOrder](r); err != nil {
		return nil, err
	}
	var body json.RawMessage
	err := s.state.update(func(tx *transaction) error {
		p := newPlatform(tx.now.Unix())
		tx.change.Platforms = append(tx.change.Platforms, p)
		var err error
		body, err = encode(p.Platform)
		return err
	})
	return body, err
}

type platformSettings struct {
	Account string `json:"account"`
	OAuth   bool   `json:"oauth"`
}

type platformOrder struct {
	OAuth *bool `json:"oauth"`
}

func (s *Sandbox) setPlatform(r *http.Request) (json.RawMessage, error) {
	order, err := readJSON[platformOrder](r)
	if err != nil {
		return nil, err
	}
	var body json.RawMessage
	err = s.state.update(func(tx *transaction) error {
		known := tx.platform(r.PathValue("account"))
		if known == nil {
			return refuse(http.StatusNotFound, "No platform has the account %s.", r.PathValue("account"))
		}
		p := *known
		if order.OAuth != nil {
			p.OAuthOff = !*order.OAuth
		}
		tx.change.Platforms = append(tx.change.Platforms, p)
		body, err = encode(platformSettings{Account: p.Account, OAuth: !p.OAuthOff})
		return err
	})
	return body, err
}

type keyOrder struct {
	Platform string   `json:"platform"`
	Without  []string `json:"without"`
}

type keyObject struct {
	Key string `json:"key"`
}

func (s *Sandbox) makeKey(r *http.Request) (json.RawMessage, error) {
	order, err := readJSON[keyOrder](r)
	if err != nil {
		return nil, err
	}
	if err := refuseUnknownResources(order.Without); err != nil {
		return nil, err
	}
	var body json.RawMessage
	err = s.state.update(func(tx *transaction) error {
		p := tx.platforms[0]
		if order.Platform != "" {
			p = tx.platform(order.Platform)
		}
		if p == nil {
			return refuse(http.StatusNotFound, "No platform has the account %s.", order.Platform)
		}
		k := restrictedKey{Key: "rk_test_" + randomText(32), Platform: p.Account, Without: order.Without}
		tx.change.Keys = append(tx.change.Keys, k)
		body, err = encode(keyObject{k.Key})
		return err
	})
	return body, err
}
