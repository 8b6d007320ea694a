package redis_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/paf-go/paf/acme/redis"
	"github.com/paf-go/paf/internal/fleettest"
	goredis "github.com/redis/go-redis/v9"
)

// raw is a client beside the storage.
func raw(t *testing.T, r *fleettest.Redis) *goredis.Client {
	t.Helper()
	client := goredis.NewClient(&goredis.Options{Network: "unix", Addr: r.Socket})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// TestAsFiles does the same with Redis and with certmagic's own storage, at random.
func TestAsFiles(t *testing.T) {
	s := open(t, fleettest.StartRedis(t).URL("prefix=files"), redis.Config{Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}})
	files := &certmagic.FileStorage{Path: t.TempDir()}
	random := rand.New(rand.NewPCG(1, 2))
	parts := []string{"a", "a-b", "a.b", "a0", "b", "é", "wildcard_.paf.test"}
	name := func(leaf bool) string {
		var names []string
		for range random.IntN(3) {
			names = append(names, parts[random.IntN(len(parts))])
		}
		if leaf { // files and folders have different names, as certmagic's have
			names = append(names, parts[random.IntN(len(parts))]+".json")
		}
		return strings.Join(names, "/")
	}
	ctx := t.Context()
	for range 3000 {
		key := name(random.IntN(2) == 0)
		op := random.IntN(7)
		if op == 0 && key == "" || op == 1 && random.IntN(4) > 0 {
			op = 6
		}
		var ours, theirs any
		var our, their error
		switch op {
		case 0:
			our, their = s.Delete(ctx, key), files.Delete(ctx, key)
			for dir := path.Dir(key); dir != "." && os.Remove(files.Filename(dir)) == nil; dir = path.Dir(dir) { // Redis has no empty folders
			}
		case 1, 2:
			key = name(true)
			value := []byte(strings.Repeat("x", random.IntN(100)))
			our, their = s.Store(ctx, key, value), files.Store(ctx, key, value)
		case 3:
			key = name(true)
			ours, our = s.Load(ctx, key)
			theirs, their = files.Load(ctx, key)
		case 4:
			ours, theirs = s.Exists(ctx, key), files.Exists(ctx, key)
		case 5:
			a, err := s.Stat(ctx, key)
			b, err2 := files.Stat(ctx, key)
			if a.IsTerminal && time.Since(a.Modified).Abs() > time.Hour {
				t.Fatalf("%s was modified %v", key, a.Modified)
			}
			if !b.IsTerminal {
				b.Size = 0
			}
			a.Modified, b.Modified = time.Time{}, time.Time{}
			ours, theirs, our, their = a, b, err, err2
			if err != nil {
				ours, theirs = nil, nil
			}
		case 6:
			recursive := random.IntN(2) == 0
			ours, our = list(s, t, key, recursive)
			theirs, their = list(files, t, key, recursive)
		}
		if !reflect.DeepEqual(ours, theirs) || errors.Is(our, fs.ErrNotExist) != errors.Is(their, fs.ErrNotExist) || (our == nil) != (their == nil) {
			t.Fatalf("operation %d with %q:\n%v, %v\nfiles:\n%v, %v", op, key, ours, our, theirs, their)
		}
	}
}

// list returns what is in a folder, sorted.
func list(s certmagic.Storage, t *testing.T, folder string, recursive bool) ([]string, error) {
	names, err := s.List(t.Context(), folder, recursive)
	slices.Sort(names)
	return append([]string{}, names...), err
}

func TestManyNames(t *testing.T) {
	s := open(t, fleettest.StartRedis(t).URL(""), redis.Config{})
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			for j := range 120 {
				if err := s.Store(t.Context(), fmt.Sprintf("/many/%02d//%03d/", i, j), []byte("x")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, test := range []struct {
		folder    string
		recursive bool
		want      int
	}{{"many", true, 20 + 2400}, {"many", false, 20}, {"", false, 1}, {"", true, 1 + 20 + 2400}, {"many/07", false, 120}, {"many/07/001", true, 0}} {
		if names, err := s.List(t.Context(), test.folder, test.recursive); len(names) != test.want || err != nil {
			t.Errorf("%+v: %d, %v", test, len(names), err)
		}
	}
	for _, f := range []func() error{func() error { return s.Delete(t.Context(), "many") }, func() error { return s.Delete(t.Context(), "many") }} {
		if err := f(); err != nil {
			t.Error(err)
		}
	}
	if names, err := s.List(t.Context(), "", true); len(names) != 0 || err != nil {
		t.Errorf("%v, %v", names, err)
	}
	for _, wrong := range []string{"", "/", "../.."} {
		if err := errors.Join(s.Delete(t.Context(), wrong), nil); !errors.Is(err, redis.ErrName) {
			t.Errorf("Delete %q: %v", wrong, err)
		}
		if err := s.Store(t.Context(), wrong, nil); !errors.Is(err, redis.ErrName) {
			t.Errorf("Store %q: %v", wrong, err)
		}
	}
}

// TestSealed looks at what lies in Redis, and at what becomes of it when it is changed there.
func TestSealed(t *testing.T) {
	server := fleettest.StartRedis(t)
	client := raw(t, server)
	file := func(keys ...string) string {
		var text []byte
		for _, k := range keys {
			text = append(base64.StdEncoding.AppendEncode(text, bytes.Repeat([]byte(k), 32)), '\n')
		}
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return "key_file=" + path
	}
	ctx, secret := t.Context(), []byte("-----BEGIN PRIVATE KEY-----")
	open(t, server.URL(""), redis.Config{}).Store(ctx, "clear", secret)
	old := open(t, server.URL(file("1")), redis.Config{})
	later := open(t, server.URL(file("2", "1")), redis.Config{})
	if err := errors.Join(old.Store(ctx, "a", secret), later.Store(ctx, "b", secret)); err != nil {
		t.Fatal(err)
	}
	kept := client.HGetAll(ctx, "{paf}:values").Val()
	if strings.Contains(kept["a"]+kept["b"], "PRIVATE") || !strings.Contains(kept["clear"], "PRIVATE") {
		t.Errorf("Redis has %q", kept)
	}
	for _, name := range []string{"a", "b"} {
		if value, err := later.Load(ctx, name); !bytes.Equal(value, secret) || err != nil {
			t.Errorf("%s: %q, %v", name, value, err)
		}
	}
	loads := func(s *redis.Storage, name string, want error) {
		t.Helper()
		value, err := s.Load(ctx, name)
		if value != nil || !errors.Is(err, want) || !s.Exists(ctx, name) {
			t.Errorf("%s: %q, %v", name, value, err)
		}
	}
	loads(old, "b", redis.ErrSealed)
	loads(old, "clear", redis.ErrClear)
	loads(open(t, server.URL(""), redis.Config{}), "a", redis.ErrSealed)
	client.HSet(ctx, "{paf}:values", "b", kept["a"], "c", "another's", "clear", kept["a"][:len(kept["a"])-1])
	loads(later, "b", redis.ErrSealed)
	loads(later, "c", redis.ErrMalformed)
	loads(later, "clear", redis.ErrSealed)

	// Another fleet with the same key.
	other := open(t, server.URL("prefix=other&"+file("1")), redis.Config{})
	client.HSet(ctx, "{other}:values", "a", kept["a"])
	loads(other, "a", redis.ErrSealed)
}

// A busybody stores something in a folder whenever something was removed from it.
type busybody struct{ client *goredis.Client }

func (b busybody) DialHook(next goredis.DialHook) goredis.DialHook          { return next }
func (b busybody) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook { return next }

func (b busybody) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		err := next(ctx, cmds)
		return errors.Join(err, b.client.ZAdd(ctx, "{paf}:names", goredis.Z{Member: "busy/0"}, goredis.Z{Member: "busy/1"}).Err())
	}
}

// TestDeleteEnds has somebody else store in the folder that is deleted for as long as that takes.
func TestDeleteEnds(t *testing.T) {
	server := fleettest.StartRedis(t)
	beside, client := raw(t, server), raw(t, server)
	for i := range 2500 {
		beside.ZAdd(t.Context(), "{paf}:names", goredis.Z{Member: fmt.Sprintf("busy/%05d", i)})
	}
	client.AddHook(busybody{beside})
	s, err := redis.New(client, redis.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	if err := s.Delete(ctx, "busy"); err != nil {
		t.Error(err)
	}
	if left, err := s.List(t.Context(), "busy", true); err != nil || len(left) != 2 {
		t.Errorf("%d are left, %v", len(left), err)
	}
}

// TestPasswordFile has a Redis that wants a password, which is in a file and nowhere else.
func TestPasswordFile(t *testing.T) {
	server := fleettest.StartRedis(t)
	const password = "p@ss/w:rd? %"
	client := raw(t, server)
	if err := client.ConfigSet(t.Context(), "requirepass", password).Err(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(password+"\r\nnot this\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, server.URL("password_file="+file), redis.Config{})
	if err := s.Store(t.Context(), "a", []byte("x")); err != nil || strings.Contains(s.String(), "p@ss") {
		t.Errorf("%v, %s", err, s)
	}
	if _, err := redis.Open(t.Context(), server.URL(""), redis.Config{}); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Error(err)
	}
}

// TestOpenFails has URLs that cannot be used: the error says why, and has no password in it.
func TestOpenFails(t *testing.T) {
	dir := t.TempDir()
	open := filepath.Join(dir, "open")
	wrong, empty := filepath.Join(dir, "wrong"), filepath.Join(dir, "empty")
	if err := errors.Join(os.WriteFile(empty, []byte("\n"), 0o600), os.WriteFile(open, []byte("x"), 0o644), os.WriteFile(wrong, []byte("c2VjcmV0"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"redis://u:secret@127.0.0.1:1":                 "refused",
		"unix://u:secret@" + dir + "/none":             "no such file",
		"redis://u:secret@h:99999999":                  "",
		"redis://u:sec%ret@h":                          "percent-encoded",
		"http://u:secret@h":                            "scheme",
		"redis://u:secret@h?prefix={a}":                "braces",
		"redis://u:secret@h?lock_ttl=1":                "lock_ttl",
		"redis://u:secret@h?lock_ttl=1ms":              "LockTTL",
		"redis://u:secret@h?nonsense=1":                "nonsense",
		"redis://u:secret@h?key_file=" + dir + "/none": "no such file",
		"redis://u:secret@h?key_file=" + open:          "chmod 600",
		"redis://u:secret@h?key_file=" + wrong:         "openssl",
		"redis://u:secret@h?password_file=" + wrong:    "and a password_file",
		"redis://u@h?password_file=" + open:            "chmod 600",
		"redis://u@h?password_file=" + empty:           "no password",
		"redis://u@127.0.0.1:1?password_file=" + wrong: "refused",
	} {
		_, err := redis.Open(t.Context(), url, redis.Config{})
		var e *redis.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "sec") && !strings.Contains(err.Error(), "seconds") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
