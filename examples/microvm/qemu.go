//go:build linux

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// qemu is the program that makes the machine; Debian has it in qemu-system-x86.
const qemu = "qemu-system-x86_64"

// A machine is what is booted, and how one gets to it.
type machine struct {
	kernel  string   // vmlinuz
	image   []byte   // its file system
	args    []string // of the guest
	memory  int      // in MiB
	accel   string   // qemu's accelerator; "" is tcg, which needs nothing of the host
	http    int      // the port of 127.0.0.1 that leads to HTTP in clear
	https   int      // the same for TLS
	context uint32   // the machine's number for vsock; 0 is no vsock to the host
}

// guestArgs are the guest's arguments for a TCP/IP, in the network that qemu makes up. There the kernel's has a fixed address, as
// it knows no DHCP.
func guestArgs(network string) []string {
	args := []string{"-net", network}
	if network == "kernel" {
		args = append(args, "-addr", "10.0.2.15/24", "-gw", "10.0.2.2")
	}
	return args
}

// hostVsock is the device by which a host speaks vsock with its machines.
const hostVsock = "/dev/vhost-vsock"

// arguments are qemu's, with its files in dir.
func (m *machine) arguments(dir string) []string {
	forward := func(port, to int) string { return fmt.Sprintf(",hostfwd=tcp:127.0.0.1:%d-:%d", port, to) }
	args := []string{
		"-machine", "q35", "-cpu", "max", "-accel", cmp.Or(m.accel, "tcg"), "-smp", "1", "-m", strconv.Itoa(m.memory),
		"-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio",
		"-no-reboot", // with panic=-1 a kernel that cannot go on ends qemu
		"-qmp", "unix:" + filepath.Join(dir, "qmp") + ",server=on,wait=off",
		"-kernel", m.kernel, "-initrd", filepath.Join(dir, "initrd"),
		"-append", "console=ttyS0 quiet panic=-1 -- " + strings.Join(m.args, " "),
		"-netdev", "user,id=net" + forward(m.http, 80) + forward(m.https, 443),
		// A frame is to be whole: what the card would leave to the kernel's TCP, a TCP in user space does not get.
		"-device", "virtio-net-pci,netdev=net,guest_csum=off,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off",
	}
	if m.context != 0 {
		args = append(args, "-device", fmt.Sprintf("vhost-vsock-pci,guest-cid=%d", m.context))
	}
	return args
}

// start boots the machine. Its console is written to console.
func (m *machine) start(console io.Writer) (*running, error) {
	dir, err := os.MkdirTemp("", "paf-microvm-")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "initrd"), m.image, 0o600); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	r := &running{dir: dir, cmd: exec.Command(qemu, m.arguments(dir)...), over: make(chan struct{})}
	r.cmd.Stdout, r.cmd.Stderr = console, console
	// A terminal's Ctrl-C is for us, who press the power button then; and no machine is left behind by whoever is killed.
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := r.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	go func() {
		r.err = errors.Join(r.cmd.Wait(), os.RemoveAll(dir))
		close(r.over)
	}()
	return r, nil
}

// running is a machine that was started. Its methods may be called at any time.
type running struct {
	dir  string
	cmd  *exec.Cmd
	over chan struct{} // closed when it is off
	err  error         // why, from then on
}

// wait returns when the machine is off: nil if it turned itself off.
func (r *running) wait() error {
	<-r.over
	return r.err
}

// kill takes the power away.
func (r *running) kill() { _ = r.cmd.Process.Kill() }

// patience bounds how long qemu may take to press a button.
const patience = 10 * time.Second

// press presses the power button: the guest finishes what is in flight, and turns the machine off.
func (r *running) press() error {
	conn, err := net.Dial("unix", filepath.Join(r.dir, "qmp"))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	// QMP: a command is answered by an object with "return" or "error"; its greeting and events have neither.
	answers := json.NewDecoder(conn)
	for _, command := range []string{"qmp_capabilities", "system_powerdown"} {
		if _, err := fmt.Fprintf(conn, `{"execute": %q}`+"\n", command); err != nil {
			return err
		}
		for {
			var answer struct{ Return, Error json.RawMessage }
			if err := answers.Decode(&answer); err != nil {
				return err
			}
			if answer.Error != nil {
				return fmt.Errorf("%s: %s", command, answer.Error)
			}
			if answer.Return != nil {
				break
			}
		}
	}
	return nil
}
