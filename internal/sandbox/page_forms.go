package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// inputTime is how a browser gives a date and a time (HTML's datetime-local).
const inputTime = "2006-01-02T15:04"

// switches are the members of an account that the page can flip.
var switches = []string{"charges_enabled", "payouts_enabled", "details_submitted"}

// pressed reads the form of a button and, once what it asks for is done, goes back to where it was.
func pressed(r *http.Request, do func(form *parameter) error) (*response, error) {
	form, err := readForm(r)
	if err != nil {
		return nil, err
	}
	if err := do(form); err != nil {
		return nil, err
	}
	back := form.value("back")
	if !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") || strings.Contains(back, `\`) {
		back = "/"
	}
	return seeOther(back), nil
}

// pressedAccount has an account changed.
func (s *Sandbox) pressedAccount(r *http.Request, do func(*transaction, *account, *parameter) error) (*response, error) {
	return pressed(r, func(form *parameter) error {
		return s.state.update(func(tx *transaction) error {
			a, err := tx.anyAccount(r.PathValue("id"))
			if err != nil {
				return err
			}
			return do(tx, a, form)
		})
	})
}

func (s *Sandbox) pressClock(r *http.Request) (*response, error) {
	return pressed(r, func(form *parameter) error { return s.advance(r.Context(), form.value("advance")) })
}

func (s *Sandbox) pressMake(r *http.Request) (*response, error) {
	return pressed(r, func(form *parameter) error {
		return s.state.update(func(tx *transaction) error {
			a, err := tx.ordered(accountOrder{Persona: form.value("persona")})
			if err != nil {
				return err
			}
			tx.putAccount(a)
			return nil
		})
	})
}

func (s *Sandbox) pressSwitch(r *http.Request) (*response, error) {
	return s.pressedAccount(r, func(tx *transaction, a *account, form *parameter) error {
		member := form.value("member")
		if !slices.Contains(switches, member) {
			return refuse(http.StatusBadRequest, "%q can't be switched.", member)
		}
		_, err := tx.patchAccount(a, document{member: form.isTrue("on")}, announced, nil)
		return err
	})
}

func (s *Sandbox) pressDue(r *http.Request) (*response, error) {
	return s.pressedAccount(r, func(tx *transaction, a *account, form *parameter) error {
		deadline, err := readDeadline(form.value("deadline"))
		if err != nil {
			return err
		}
		before, err := a.document()
		if err != nil {
			return err
		}
		due := list(union(strings.Fields(form.value("currently_due"))))
		eventually := textsIn(before.child("requirements")["eventually_due"])
		_, err = tx.patchAccount(a, document{"requirements": document{
			"current_deadline": deadline, "currently_due": due, "eventually_due": list(union(eventually, textsIn(due))),
		}}, announced, nil)
		return err
	})
}

// readDeadline is Unix seconds, or nil of no deadline.
func readDeadline(text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	at, err := time.Parse(inputTime, text)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "A deadline looks like %s, not like %q.", inputTime, text)
	}
	return json.Number(strconv.FormatInt(at.Unix(), 10)), nil
}

func (s *Sandbox) pressDeauthorize(r *http.Request) (*response, error) {
	return s.pressedAccount(r, func(tx *transaction, a *account, _ *parameter) error {
		return tx.deauthorizeEverywhere(a, announced)
	})
}

func (s *Sandbox) pressCheckout(r *http.Request) (*response, error) {
	return s.pressedAccount(r, func(tx *transaction, a *account, form *parameter) error {
		amount, err := strconv.ParseInt(form.value("amount"), 10, 64)
		if err != nil {
			return refuse(http.StatusBadRequest, "The amount is a whole number, not %q.", form.value("amount"))
		}
		_, err = tx.checkOut(checkoutOrder{Account: a.ID, Amount: &amount, Currency: form.value("currency")})
		return err
	})
}

func (s *Sandbox) pressRedeliver(r *http.Request) (*response, error) {
	return pressed(r, func(*parameter) error {
		return s.state.update(func(tx *transaction) error {
			known := tx.events[r.PathValue("id")]
			if known == nil {
				return refuse(http.StatusNotFound, "There is no event %s.", r.PathValue("id"))
			}
			tx.repeat(known)
			return nil
		})
	})
}
