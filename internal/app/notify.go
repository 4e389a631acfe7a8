package app

import (
	"context"
	"time"

	"github.com/connectd/connectd/internal/notify"
)

// eventEndpoints are where events are sent to, for the API.
func (p *parts) eventEndpoints() *notify.Endpoints {
	return notify.NewEndpoints(notify.EndpointsConfig{
		Pool: p.pool, Jobs: p.jobs, Livemode: p.stripe.Livemode(), Now: time.Now, Logger: p.cfg.Logger,
		Changed: func() { p.queues.Changed() }, // there are queues once requests are served
	})
}

// sender sends events as the mode has them sent.
func (s *Service) sender() *notify.Sender {
	sender := notify.NewSender(notify.SenderConfig{Livemode: s.stripe.Livemode()})
	s.closers.addPlain(sender.Close)
	return sender
}

// followChanges has changes told, each once of all replicas.
func (p *parts) followChanges(context.Context) error {
	follower := notify.NewFollower(notify.FollowerConfig{
		Pool: p.pool, Jobs: p.jobs, JudgeAge: p.Registry.JudgeAge, More: p.feed.More, Mails: p.outbox(), Now: time.Now, Logger: p.cfg.Logger,
	})
	p.background(follower.Run)
	return nil
}
