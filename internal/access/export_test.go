package access

import "context"

// NoteUses writes down at once which keys were used.
func (k *Keys) NoteUses(ctx context.Context) { k.noteUses(ctx) }

// Remember reads the keys at once.
func (k *Keys) Remember(ctx context.Context) error { return k.remember(ctx) }

// Closing is closed once Close has been called.
func (k *Keys) Closing() <-chan struct{} { return k.running.Done() }
