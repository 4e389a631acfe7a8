package client_test

import (
	"fmt"
	"testing"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/client/connecttest"
)

// BenchmarkReplicaHears is from a change at the server to the replica's new answer, over loopback.
func BenchmarkReplicaHears(b *testing.B) {
	s := connecttest.Start(b)
	changed := make(chan struct{})
	_, err := s.Client().Replica(b.Context(), client.OnChange(func(_, _ client.Readiness) { changed <- struct{}{} }))
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if i%1000 == 0 {
			s.Expire() // what the fake keeps would grow without end
		}
		s.Set(client.Readiness{SellerID: fmt.Sprintf("shop-%d", i%100), CanTransact: i%2 == 0})
		<-changed
	}
}
