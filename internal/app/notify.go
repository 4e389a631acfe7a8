package app

import (
	"context"
	"sync"
	"time"

	"github.com/connectd/connectd/internal/notify"
)

// eventEndpoints are where events are sent to, for the API.
func (s *Service) eventEndpoints() *notify.Endpoints {
	return notify.NewEndpoints(notify.EndpointsConfig{
		Pool: s.pool, Jobs: s.jobs, Livemode: s.stripe.Livemode(), Now: time.Now, Logger: s.cfg.Logger,
		Changed: func() { s.queues.Changed() }, // there are queues once requests are served
	})
}

// sender sends events as the mode has them sent.
func (s *Service) sender() *notify.Sender {
	sender := notify.NewSender(notify.SenderConfig{Livemode: s.stripe.Livemode()})
	s.closers.addPlain(sender.Close)
	return sender
}

// followChanges has changes told, each once of all replicas.
func (s *Service) followChanges() {
	follower := notify.NewFollower(notify.FollowerConfig{
		Pool: s.pool, Jobs: s.jobs, JudgeAge: s.Registry.JudgeAge, More: s.feed.More, Mails: s.outbox(), Now: time.Now, Logger: s.cfg.Logger,
	})
	s.background(follower.Run)
}

// background runs them until the service stops, which waits for all.
func (s *Service) background(runs ...func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, run := range runs {
		running.Go(func() { run(ctx) })
	}
	s.closers.add(func(stop context.Context) error {
		cancel()
		return waitFor(stop, &running)
	})
}
