//go:build !linux

package main

import "errors"

// send needs epoll.
func send(job) error { return errors.New("the open loop's sender runs on Linux only") }
