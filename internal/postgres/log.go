package postgres

import (
	"fmt"
	"io"
	"os"
)

const maxLog = 8 << 20

// openLog keeps the log from growing for ever: one former log is kept.
func openLog(f folder) (*os.File, error) {
	if logSize(f) > maxLog {
		if err := os.Rename(f.log(), f.log()+".1"); err != nil {
			return nil, fmt.Errorf("rotate the server's log: %w", err)
		}
	}
	log, err := f.open(logName, os.O_APPEND|os.O_WRONLY)
	if err != nil {
		return nil, fmt.Errorf("open the server's log: %w", err)
	}
	return log, nil
}

func logSize(f folder) int64 {
	info, err := os.Stat(f.log())
	if err != nil {
		return 0
	}
	return info.Size()
}

func logSince(f folder, offset int64) []byte {
	file, err := os.Open(f.log())
	if err != nil {
		return nil
	}
	defer file.Close()
	text, _ := io.ReadAll(io.NewSectionReader(file, offset, 1<<16))
	return text
}
