package app

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/mail"
	"github.com/connectd/connectd/internal/web"
	"github.com/connectd/connectd/internal/words"
)

const mailsAtOnce = 4 // in one process

// outbox makes mails; nil where none are sent.
func (s *Service) outbox() *mail.Outbox {
	settings := s.cfg.Service.MailSettings
	if !settings.mailed() {
		return nil
	}
	return &mail.Outbox{Jobs: s.jobs, Off: settings.off(), Admin: settings.AdminEmail != ""}
}

// workMails has mails sent, where they are, and says which queues are worked for that.
func (s *Service) workMails(workers *river.Workers, queues map[string]river.QueueConfig) error {
	settings := s.cfg.Service.MailSettings
	if !settings.mailed() {
		return nil
	}
	looks, err := s.cfg.Service.Brand()
	if err != nil {
		return err
	}
	sender, err := settings.sender(s.cfg.BaseURL, s.cfg.Service.BrandSettings)
	if err != nil {
		return err
	}
	queues[mail.Queue] = river.QueueConfig{MaxWorkers: mailsAtOnce}
	river.AddWorker(workers, &mail.Worker{Desk: &mail.Desk{
		Pool: s.pool, Sender: sender, Looks: looks, AdminEmail: settings.AdminEmail, Language: words.Choose(settings.MailLanguage, ""),
		BaseURL: s.cfg.BaseURL, Link: s.mailedLink, Settled: s.metrics.Mailed, Now: time.Now, Logger: s.cfg.Logger,
	}})
	return nil
}

func (s *Service) mailedLink(ctx context.Context, sellerID string) (string, error) {
	link, err := s.Onboarding.MailedLink(ctx, sellerID)
	return link.URL, err
}

// mails are what admins see of them.
func (s *Service) mails() web.Mails {
	settings, outbox := s.cfg.Service.MailSettings, s.outbox()
	return web.Mails{
		Book: mail.Book{Queries: s.queries},
		Again: func(ctx context.Context, id string, by account.Actor) (*time.Time, error) {
			return outbox.Again(ctx, s.pool, id, time.Now(), by)
		},
		Server: settings.mailed(), Admin: settings.AdminEmail != "", Off: settings.off(),
	}
}
