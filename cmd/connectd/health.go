package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// healthCommand is what a container's health check runs: an image from scratch has no curl.
type healthCommand struct {
	Addr   string        `default:"127.0.0.1:3001" env:"CONNECTD_ADDR" help:"Address that connectd serve listens on."`
	Within time.Duration `default:"3s" help:"How long the answer may take."`
}

func (c *healthCommand) Run(ctx context.Context, to console) error {
	if wrong := checkAddr("CONNECTD_ADDR", c.Addr); wrong != nil {
		return &settingsError{wrong}
	}
	ctx, cancel := context.WithTimeout(ctx, c.Within)
	defer cancel()
	if err := healthy(ctx, c.Addr); err != nil {
		return err
	}
	_, err := fmt.Fprintln(to.out, "ok")
	return err
}

// healthy asks /healthz of who listens on addr on this machine, on a connection of its own: that one is accepted is a part of it.
func healthy(ctx context.Context, addr string) error {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+reachable(addr)+"/healthz", nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("connectd does not answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		err = errors.New("connectd is not well: /healthz answered " + res.Status)
	}
	return errors.Join(err, res.Body.Close())
}

// reachable is where this machine reaches what listens on all of its addresses.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("localhost", port)
	}
	return addr
}
