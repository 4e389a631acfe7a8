// Package testlog keeps what is written while a test runs, so that the test can look into it.
//
// It is for tests alone and may import the standard library alone. Its one rule: it is read while it is written, from any
// goroutine.
package testlog

import (
	"bytes"
	"sync"
)

// Buffer keeps what a log, or a process, writes. Its zero value is empty. It is safe for concurrent use.
type Buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String is all that was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
