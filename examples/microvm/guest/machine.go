//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// loadModules loads the modules in a folder in the order of their names.
func loadModules(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, file := range files {
		f, err := os.Open(filepath.Join(dir, file.Name()))
		if err != nil {
			return err
		}
		err = unix.FinitModule(int(f.Fd()), "", 0)
		_ = f.Close()
		if err != nil {
			return fmt.Errorf("load the module %s: %w", file.Name(), err)
		}
	}
	return nil
}

// reap buries the processes that have lost their parent: they are process 1's children from then on.
func reap() {
	died := make(chan os.Signal, 1)
	signal.Notify(died, unix.SIGCHLD)
	for range died {
		for {
			if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); pid <= 0 && err != unix.EINTR {
				break
			}
		}
	}
}

// An event of an input device, as struct input_event of linux/input.h is on 64-bit machines.
type event struct {
	Seconds, Microseconds int64
	Type, Code            uint16
	Value                 int32
}

const keyEvent, powerKey, pressed = 1, 116, 1

// awaitButton returns nil when the power button is pressed.
func awaitButton() error {
	if err := unix.Mount("devtmpfs", "/dev", "devtmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount /dev: %w", err)
	}
	devices, err := filepath.Glob("/dev/input/event*")
	if err != nil || len(devices) == 0 {
		return errors.New("there is no input device")
	}
	heard := make(chan error, len(devices))
	for _, name := range devices {
		go func() { heard <- awaitKey(name) }()
	}
	for range devices {
		if err = <-heard; err == nil {
			return nil
		}
	}
	return err
}

// awaitKey returns nil when an input device says that the power key is pressed.
func awaitKey(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	record := make([]byte, binary.Size(event{}))
	for {
		var e event
		if _, err := f.Read(record); err != nil {
			return err
		}
		if err := binary.Read(bytes.NewReader(record), binary.NativeEndian, &e); err != nil {
			return err
		}
		if e.Type == keyEvent && e.Code == powerKey && e.Value == pressed {
			return nil
		}
	}
}

// uptime is the time since the kernel's start.
func uptime() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0
	}
	return time.Duration(now.Nano()).Round(10 * time.Millisecond)
}
