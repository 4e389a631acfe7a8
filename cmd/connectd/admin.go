package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/connectd/connectd/internal/access"
)

type adminCommand struct {
	Hash adminHash `cmd:"" help:"Hash a password, read from standard input, for CONNECTD_ADMIN_PASSWORD_HASH."`
}

type adminHash struct{}

func (adminHash) Run(to console) error {
	fmt.Fprint(to.err, "Password: ")
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	password := strings.TrimRight(line, "\r\n")
	if password == "" {
		return &settingsError{[]error{errors.Join(errors.New("no password was given on standard input (example: echo secret | connectd admin hash)"), err)}}
	}
	hash, err := access.HashPassword(password)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(to.out, hash)
	return err
}
