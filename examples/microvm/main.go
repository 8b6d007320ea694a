//go:build linux

// Microvm builds a virtual machine whose only program is a server of paf, and runs it under qemu; README.md beside this file tells more.
//
//	go run ./examples/microvm run      # boots it: http://127.0.0.1:8080/ and https://127.0.0.1:8443/ lead there
//	go run ./examples/microvm build    # writes the image of its memory's file system alone
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

const usage = `usage: microvm build|run [flags]
  build   compile the guest and write the image: -o FILE
  run     compile the guest and boot it under qemu; Ctrl-C presses its power button, a second one takes its power away
`

func main() {
	err := errors.New("what is to be done: build or run?")
	if len(os.Args) > 1 {
		err = command(os.Args[1], os.Args[2:])
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "microvm: %v\n", err)
		os.Exit(1)
	}
}

// command does what the command line says.
func command(name string, args []string) error {
	var k kernel
	var m machine
	var network, out string
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(flags.Output(), usage); flags.PrintDefaults() }
	flags.StringVar(&k.image, "kernel", "", "boot this vmlinuz `FILE`, not the one of install.sh")
	flags.StringVar(&k.modules, "modules", "", "the kernel's modules, a `FOLDER` as /lib/modules/VERSION")
	switch name {
	case "build":
		flags.StringVar(&out, "o", "microvm.img", "write the image to `FILE`")
	case "run":
		flags.StringVar(&network, "net", "netstack", "whose TCP/IP answers: netstack, in the guest's program, or kernel")
		flags.IntVar(&m.memory, "memory", 128, "the machine's memory in `MiB`")
		flags.IntVar(&m.http, "http", 8080, "the `PORT` of 127.0.0.1 that leads to HTTP in clear")
		flags.IntVar(&m.https, "https", 8443, "the `PORT` of 127.0.0.1 that leads to TLS")
		flags.StringVar(&m.accel, "accel", "tcg", "how qemu runs it: tcg, in software, or kvm")
	default:
		flags.Usage()
		return fmt.Errorf("%q is nothing that can be done", name)
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if name == "run" {
		if err := m.ports(); err != nil {
			return err
		}
	}
	img, err := k.build()
	if err != nil {
		return err
	}
	fmt.Println(img)
	if name == "build" {
		return os.WriteFile(out, img.bytes, 0o644)
	}
	m.kernel, m.image, m.args = k.image, img.bytes, guestArgs(network)
	return boot(&m)
}

// ports fails if somebody has one of the machine's ports of 127.0.0.1: qemu would say so after the guest has been compiled, and not what to do.
func (m *machine) ports() error {
	for _, p := range []struct {
		flag string
		port int
	}{{"-http", m.http}, {"-https", m.https}} {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p.port))
		if err != nil {
			return fmt.Errorf("the port %d cannot lead to the machine: %w; %s PORT takes another", p.port, err, p.flag)
		}
		_ = ln.Close()
	}
	return nil
}

// build finds the kernel, if none was given, and makes the image.
func (k *kernel) build() (*image, error) {
	if (k.image == "") != (k.modules == "") {
		return nil, errors.New("-kernel and -modules go together")
	}
	if k.image == "" {
		var err error
		if *k, err = findKernel(); err != nil {
			return nil, err
		}
	}
	return build(context.Background(), *k)
}

// boot runs a machine until it is off.
func boot(m *machine) error {
	if _, err := os.Stat(hostVsock); err == nil {
		m.context = 3 + uint32(os.Getpid()) // 0 to 2 have meanings of their own
		fmt.Printf("vsock: the machine is number %d\n", m.context)
	} else {
		fmt.Printf("vsock: none to the host, which has no %s\n", hostVsock)
	}
	stopped := make(chan os.Signal, 2)
	signal.Notify(stopped, syscall.SIGINT, syscall.SIGTERM)
	r, err := m.start(os.Stdout)
	if err != nil {
		return err
	}
	fmt.Printf("booting %s; http://127.0.0.1:%d/ and https://127.0.0.1:%d/ lead to it\n", strings.Join(m.args, " "), m.http, m.https)
	go func() {
		<-stopped
		if err := r.press(); err == nil {
			<-stopped
		}
		r.kill()
	}()
	return r.wait()
}
