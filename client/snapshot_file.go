package client

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// snapshotFile keeps a replica in a file of JSON lines: a head, a line a seller, a foot that counts them. What sellers have in
// common is written once and numbered.
type snapshotFile struct {
	path   string
	server string
}

// fileFormat rises with each change after which a file can't be read as before; one of another format is not used.
const fileFormat = 1

const (
	fileEvery = time.Minute // from one writing to the next, but at least
	fileShare = 100         // as many times as long as one takes
)

type fileHead struct {
	Format int       `json:"format"`
	Server string    `json:"server"`
	Cursor string    `json:"cursor"`
	Heard  time.Time `json:"heard"`

	StaleAfter    float64 `json:"stale_after,omitempty"`
	DenyWhenStale bool    `json:"deny_when_stale,omitempty"`
}

type fileSeller struct {
	SellerID    string     `json:"id"`
	AccountID   *string    `json:"account,omitempty"`
	DisplayName *string    `json:"name,omitempty"`
	AsOf        *time.Time `json:"as_of,omitempty"`
	CheckedAt   *time.Time `json:"checked_at,omitempty"`
	Version     int64      `json:"version"`
	Like        int        `json:"like"` // the number of what is shared
	Shared      *Readiness `json:"shared,omitempty"`
}

type fileFoot struct {
	Sellers *int `json:"sellers"`
}

// mark is a table, how far it had come (it may know more of some sellers by now), and when that was all there was.
type mark struct {
	table *Table
	from  cursor
	heard time.Time
	stale *staleness
}

// keep writes the file from the first snapshot on until the replica has stopped, and then once more.
func (s *snapshotFile) keep(f *follower, stopped <-chan struct{}) {
	select {
	case <-f.synced:
	case <-stopped:
		return
	}
	for {
		began := time.Now()
		s.writeOrWarn(f)
		timer := time.NewTimer(max(fileEvery, fileShare*time.Since(began)))
		select {
		case <-timer.C:
		case <-stopped:
			timer.Stop()
			s.writeOrWarn(f)
			return
		}
	}
}

func (s *snapshotFile) writeOrWarn(f *follower) {
	if err := s.write(f.replica.lastMark()); err != nil {
		f.logger.Warn("connectd: the snapshot file is not written", "path", s.path, "error", err)
	}
}

// write puts the new file in the former one's place once it is whole.
func (s *snapshotFile) write(m mark) error {
	file, err := os.CreateTemp(filepath.Dir(s.path), filepath.Base(s.path)+".*") // for its owner alone
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) //nolint:errcheck // it is gone where all went well
	out := bufio.NewWriterSize(file, 1<<16)
	err = errors.Join(s.encode(json.NewEncoder(out), m), out.Flush(), file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), s.path)
}

func (s *snapshotFile) encode(to *json.Encoder, m mark) error {
	head := fileHead{Format: fileFormat, Server: s.server, Cursor: m.from.String(), Heard: m.heard}
	if m.stale != nil {
		head.StaleAfter, head.DenyWhenStale = m.stale.after.Seconds(), m.stale.deny
	}
	err := to.Encode(head)
	if err != nil {
		return err
	}
	numbers, sellers := map[*Readiness]int{}, 0
	for id, r := range m.table.rows() {
		if err := to.Encode(lineOf(id, r, numbers)); err != nil {
			return err
		}
		sellers++
	}
	return to.Encode(fileFoot{&sellers})
}

func lineOf(sellerID string, r *row, numbers map[*Readiness]int) fileSeller {
	ready := r.readiness(sellerID)
	line := fileSeller{
		SellerID: ready.SellerID, AccountID: ready.AccountID, DisplayName: ready.DisplayName, AsOf: ready.AsOf,
		CheckedAt: ready.CheckedAt, Version: ready.Version,
	}
	number, ok := numbers[r.shared]
	if !ok {
		number, line.Shared = len(numbers), r.shared
		numbers[r.shared] = number
	}
	line.Like = number
	return line
}

// read answers nil where there is no file yet, and an error where it can't be used.
func (s *snapshotFile) read() (*mark, error) {
	file, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // only read
	from := json.NewDecoder(bufio.NewReaderSize(file, 1<<16))
	m, err := s.readHead(from)
	if err != nil {
		return nil, err
	}
	if err := m.readSellers(from); err != nil {
		return nil, err
	}
	m.table.StartAt(m.from.position)
	return m, nil
}

func (s *snapshotFile) readHead(from *json.Decoder) (*mark, error) {
	var head fileHead
	if err := from.Decode(&head); err != nil {
		return nil, err
	}
	switch {
	case head.Format != fileFormat:
		return nil, fmt.Errorf("it is of format %d, not %d", head.Format, fileFormat)
	case head.Server != s.server:
		return nil, fmt.Errorf("it is of the server %s, not %s", head.Server, s.server)
	case head.Heard.After(time.Now()):
		return nil, fmt.Errorf("it is of %v, which is yet to come: how old it is can't be told", head.Heard)
	}
	at, err := parseCursor(head.Cursor)
	return &mark{table: &Table{}, from: at, heard: head.Heard, stale: stalenessOf(head.StaleAfter, head.DenyWhenStale)}, err
}

// readSellers reads up to the foot: a file without one is not whole.
func (m *mark) readSellers(from *json.Decoder) error {
	var shared []*Readiness
	for {
		var line struct {
			fileSeller
			fileFoot
		}
		if err := from.Decode(&line); err != nil {
			return err
		}
		if line.Sellers != nil {
			if *line.Sellers != m.table.Len() {
				return fmt.Errorf("it has %d sellers of %d", m.table.Len(), *line.Sellers)
			}
			return nil
		}
		if line.Shared != nil {
			shared = append(shared, line.Shared)
		}
		if line.Like < 0 || line.Like >= len(shared) {
			return fmt.Errorf("the line of %s refers to none before it", line.SellerID)
		}
		m.table.Put(line.readiness(shared[line.Like]))
	}
}

func (line *fileSeller) readiness(shared *Readiness) Readiness {
	r := *shared
	r.SellerID, r.AccountID, r.DisplayName = line.SellerID, line.AccountID, line.DisplayName
	r.AsOf, r.CheckedAt, r.Version = line.AsOf, line.CheckedAt, line.Version
	return r
}
