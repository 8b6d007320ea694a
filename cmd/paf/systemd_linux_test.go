package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
)

// handed starts the program with sockets as systemd hands them on: from descriptor 3 on, with names, for this process.
func handed(t *testing.T, names string, files []*os.File, args ...string) (cmd *exec.Cmd, out *bytes.Buffer) {
	t.Helper()
	cmd = pafCommand(t)
	script := fmt.Sprintf("LISTEN_PID=$$ LISTEN_FDS=%d LISTEN_FDNAMES=%s exec paf serve \"$@\"", len(files), names)
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path, cmd.Args = sh, append([]string{"sh", "-c", script, "sh"}, args...)
	out = &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = out, out, files
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		_ = f.Close()
	}
	return cmd, out
}

// fileOf returns the descriptor of a listener or a connection, which is closed here.
func fileOf(t *testing.T, c interface {
	File() (*os.File, error)
	Close() error
}) *os.File {
	t.Helper()
	f, err := c.File()
	if err != nil {
		t.Fatal(err)
	}
	if ln, is := c.(*net.UnixListener); is {
		ln.SetUnlinkOnClose(false)
	}
	_ = c.Close()
	return f
}

// get fetches /echo, over a Unix socket if there is a path.
func get(t *testing.T, url, unix string) {
	t.Helper()
	client := &paf.Client{}
	if unix != "" {
		client.Context = mimic.Add(mimic.Context{}, paf.Unix, unix)
	}
	defer client.Close()
	resp, err := client.Get(t.Context(), url+"/echo")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.Status != 200 {
		t.Errorf("%d, %v", resp.Status, err)
	}
}

// The sockets are there before the program is: who connects early waits and is answered.
func TestSystemdHandsListenersOn(t *testing.T) {
	tcp := testkit.Listen(t)
	path := filepath.Join(t.TempDir(), "s")
	unix, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + tcp.Addr().String()
	files := []*os.File{fileOf(t, tcp.(*net.TCPListener)), fileOf(t, unix.(*net.UnixListener))}
	cmd, out := handed(t, "web:local", files, "--listen", "systemd")
	get(t, url, "")
	get(t, "http://localhost", path)
	stop(t, cmd)
	if got := out.String(); !strings.Contains(got, "at "+url+"/\n") || !strings.Contains(got, "at unix:"+path+"\n") {
		t.Errorf("it has printed %q", got)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("systemd's socket has gone: %v", err)
	}
}

// stop ends a server in peace.
func stop(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := exitOf(t, cmd); status != 0 {
		t.Errorf("exit status %d: %v", status, cmd.Stderr)
	}
}

func TestSystemdsSocketsAreTakenByName(t *testing.T) {
	one := testkit.Listen(t)
	two := testkit.Listen(t)
	url, not := "http://"+two.Addr().String(), one.Addr().String()
	files := []*os.File{fileOf(t, one.(*net.TCPListener)), fileOf(t, two.(*net.TCPListener))}
	cmd, _ := handed(t, "admin:web", files, "--listen", "systemd:web")
	get(t, url, "")
	if c, err := net.Dial("tcp", not); err == nil {
		t.Error("the other socket is open")
		_ = c.Close()
	}
	stop(t, cmd)
}

// With Accept=yes the socket is a connection, and the program ends with it.
func TestSystemdHandsAConnectionOn(t *testing.T) {
	near, far := socketPair(t)
	cmd, out := handed(t, "connection", []*os.File{far}, "--listen", "systemd")
	if _, err := io.WriteString(near, twoRequests); err != nil {
		t.Fatal(err)
	}
	if err := near.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got := answers(t, near); len(got) != 2 {
		t.Errorf("%v", got)
	}
	if status := exitOf(t, cmd); status != 0 {
		t.Errorf("exit status %d: %v", status, out)
	}
}

func TestWhatSystemdDoesNotHandOnIsSaid(t *testing.T) {
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	udp := fileOf(t, packets.(*net.UDPConn))
	ln := testkit.Listen(t)
	tcp := fileOf(t, ln.(*net.TCPListener))
	for _, c := range []struct {
		files  []*os.File
		listen string
		want   string
		status int
	}{
		{nil, "systemd", "no socket was handed on", 2},
		{[]*os.File{tcp}, "systemd:other", "the sockets that were handed on are name", 2},
		{[]*os.File{udp}, "systemd", "it is no stream socket", 1},
	} {
		cmd, out := handed(t, "name", c.files, "--listen", c.listen)
		if status := exitOf(t, cmd); status != c.status || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: exit status %d: %v", c.listen, status, out)
		}
	}
}

// More descriptors than were handed on would be the program's own.
func TestNoMoreIsTakenOfSystemdThanThereIs(t *testing.T) {
	for _, promised := range []string{"4", "9223372036854775807"} {
		ln := testkit.Listen(t)
		cmd, out := handed(t, "name LISTEN_FDS="+promised, []*os.File{fileOf(t, ln.(*net.TCPListener))}, "--listen", "systemd:name")
		if status := exitOf(t, cmd); status != 2 || !strings.Contains(out.String(), "the descriptor 4 was not handed on") {
			t.Errorf("exit status %d: %v", status, out)
		}
	}
}

func TestSystemdIsToldOfTheStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	if err := manager.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	cmd := pafCommand(t, "serve", "--listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	told := make([]byte, 100)
	n, err := manager.Read(told)
	if err != nil || string(told[:n]) != "READY=1" {
		t.Fatalf("%q, %v", told[:n], err)
	}
	stop(t, cmd)
	if n, err := manager.Read(told); err != nil || string(told[:n]) != "STOPPING=1" {
		t.Errorf("%q, %v", told[:n], err)
	}
}

// TestSystemdsOwnToolStartsTheProgram does the same with systemd-socket-activate.
func TestSystemdsOwnToolStartsTheProgram(t *testing.T) {
	tool := testkit.Need(t, "systemd-socket-activate")
	for name, args := range map[string][]string{"Listener": nil, "Accept": {"--accept"}, "Inetd": {"--accept", "--inetd"}} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			served := []string{"serve", "--listen", "systemd"}
			if name == "Inetd" {
				served = []string{"serve", "--stdio"}
			}
			program, err := exec.LookPath("paf")
			if err != nil {
				t.Fatal(err)
			}
			cmd := pafCommand(t)
			cmd.Path = tool
			cmd.Args = append(append(append([]string{tool, "--listen", path}, args...), program), served...)
			cmd.Env = append(os.Environ(), "SYSTEMD_LOG_LEVEL=err")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
				if c, err := net.Dial("unix", path); err == nil { // the file is there a little before anybody listens
					_ = c.Close()
					break
				} else if time.Now().After(end) {
					t.Fatal(err)
				}
			}
			get(t, "http://localhost", path)
			get(t, "http://localhost", path)
			_ = cmd.Process.Signal(syscall.SIGTERM)
			_ = cmd.Wait()
		})
	}
}
