package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

const (
	policyPath    = "/admin/policy"
	policiesShown = 20 // of the history, a page
	plannedShown  = 100
)

func (s *site) routePolicy(router *mux.Router) {
	s.get(router, policyPath, s.admin(s.showPolicy))
	s.get(router, policyPath+"/apply", s.session(s.toPolicy)) // where one stands whose policy was not applied
	s.post(router, policyPath+"/apply", s.admin(s.applyPolicy))
}

func (s *site) toPolicy(w http.ResponseWriter, _ *http.Request) { seeOther(w, policyPath) }

// showPolicy is the page of the policy, with the plan of another where the address asks for one: a plan changes nothing, so that its
// address can be shared.
func (s *site) showPolicy(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	v, err := s.policyView(r.Context(), asked)
	if err != nil {
		s.policyProblem(w, r, err)
		return
	}
	if _, changed := follow(w, r, pageAt(policyPath), v.version()); !changed {
		return
	}
	status := http.StatusOK
	if asked.Get("plan") != "" && shownVersion(r) == nothingShown {
		v.Form = readPolicyForm(asked)
		if status, err = s.plan(r.Context(), &v, asked); err != nil {
			s.policyProblem(w, r, err)
			return
		}
	}
	v.Notice = s.notice(r)
	s.render(w, r, status, v)
}

func (s *site) policyView(ctx context.Context, asked url.Values) (policyView, error) {
	before, err := readNumber(asked, "before", "a version of the policy")
	if err != nil {
		return policyView{}, err
	}
	newest, err := s.Registry.Policies(ctx, 0, 1)
	if err != nil {
		return policyView{}, err
	}
	if len(newest) == 0 {
		return policyView{}, registry.ErrNoPolicy
	}
	versions, err := s.Registry.Policies(ctx, int32(min(before, 1<<31-1)), policiesShown+1)
	if err != nil {
		return policyView{}, err
	}
	after, _ := s.Registry.Staleness()
	v := policyView{
		InForce: newPolicyVersionView(newest[0], after), Form: formOf(newest[0].Policy), inForce: newest[0].Policy, staleAfter: after,
	}
	v.History, v.Older = policyHistory(versions)
	v.Newest = before == 0
	if v.Judging, err = s.judging(ctx); err != nil {
		return policyView{}, err
	}
	v.LiveURL = liveURL(pageAt(policyPath), v.version())
	return v, nil
}

// judging is how far the accounts are judged by the policy in force.
func (s *site) judging(ctx context.Context) (v judgingView, err error) {
	if v.Left, err = s.Registry.UnjudgedUpTo(ctx, countedAtMost+1); err != nil || v.Left == 0 || v.Many() {
		return v, err
	}
	counts, err := s.Registry.StatusCounts(ctx)
	if err != nil {
		return v, err
	}
	for _, n := range counts {
		v.All += n
	}
	v.All = max(v.All, v.Left) // counts are moved as accounts change
	v.Done = v.All - v.Left
	return v, nil
}

// plan adds the plan of the form's policy to the view, as far as it is known, or what is wrong with the form.
func (s *site) plan(ctx context.Context, v *policyView, asked url.Values) (status int, err error) {
	page, err := readNumber(asked, "page", "the number of a page")
	if err != nil {
		return 0, err
	}
	p, wrong := v.Form.policy()
	if v.Form.fault(wrong); len(wrong) > 0 {
		return http.StatusBadRequest, nil
	}
	key, err := json.Marshal(p)
	if err != nil {
		return 0, fmt.Errorf("encode a policy: %w", err)
	}
	planner := func() (*registry.Planner, error) { return s.Registry.NewPlanner(ctx, p) }
	of, err := s.plans.of(fmt.Sprintf("%d %s", v.InForce.Version, key), s.Now(), planner)
	if err != nil {
		return 0, err
	}
	known, err := s.plans.goOn(ctx, of, cmp.Or(s.PlanFor, planFor), s.Now)
	if err != nil {
		return 0, err
	}
	v.Plan = newPlanView(known, v.inForce, p, v.Form, max(1, int(min(page, mostPlanned))))
	return http.StatusOK, nil
}

// applyPolicy puts the form's policy in force, where the one that it was planned against still is.
func (s *site) applyPolicy(w http.ResponseWriter, r *http.Request) {
	form := readPolicyForm(r.PostForm)
	p, wrong := form.policy()
	planned, err := strconv.ParseInt(r.PostForm.Get("planned"), 10, 32)
	if err != nil || len(wrong) > 0 {
		s.policyProblem(w, r, account.Errorf(account.Invalid, "Nothing was changed: plan the policy first."))
		return
	}
	version, err := s.Registry.ApplyPolicy(r.Context(), p, int32(planned), s.actor(r))
	if account.KindOf(err) == account.Conflict {
		s.policyConflict(w, r, form, err)
		return
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	s.PolicyApplied()
	s.sessions.Put(r.Context(), noticeKey, fmt.Sprintf("Version %d of the policy is in force.", version))
	seeOther(w, policyPath)
}

// policyConflict shows what is in force now, and the form as it was, to be planned again.
func (s *site) policyConflict(w http.ResponseWriter, r *http.Request, form policyForm, conflict error) {
	v, err := s.policyView(r.Context(), url.Values{})
	if err != nil {
		s.broken(w, r, err)
		return
	}
	if e, ok := errors.AsType[*account.Error](conflict); ok {
		v.Problem = e.Message
	}
	v.Form = form
	s.render(w, r, http.StatusConflict, v)
}

func (s *site) policyProblem(w http.ResponseWriter, r *http.Request, err error) {
	s.problem(w, r, err, problemView{Title: "Not understood", Ways: []way{linkTo("Show the policy", policyPath)}})
}
