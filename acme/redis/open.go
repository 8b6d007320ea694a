package redis

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Open connects to one Redis server, and asks it whether it is there. The URL is one of
//
//	redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]
//	rediss://[USER:PASSWORD@]HOST[:PORT][/DATABASE]    over TLS
//	unix://[USER:PASSWORD@]/PATH[?db=DATABASE]
//
// with these parameters, each instead of what the Config has:
//
//	prefix=NAME      Config.Prefix
//	lock_ttl=5s      Config.LockTTL
//	key_file=PATH    Config.Keys: a file that only its owner may read, with a key in base64 in each line
//	password_file=PATH    the password: the first line of a file that only its owner may read
//
// A URL with a password in it should not be an argument of a program: everybody on the machine can list these. Hence password_file.
//
// and those of go-redis's ParseURL (dial_timeout, read_timeout, pool_size, ...). No error cites a password.
//
// go-redis writes to standard error what it also returns, for all its clients in a process alike; the first Open has it written to slog.Default() at
// level Debug instead. go-redis reads that setting without a lock: a program with clients of its own calls Open before these are used, or New.
func Open(ctx context.Context, rawURL string, c Config) (*Storage, error) {
	options, c, server, err := parse(rawURL, c)
	if err != nil {
		return nil, &Error{Op: "Open", Server: server, Err: err}
	}
	quieten()
	client := goredis.NewClient(options)
	s, err := New(client, c)
	if err != nil {
		_ = client.Close()
		return nil, err
	}
	s.own, s.server = true, server
	if _, err := ask(ctx, s, func(ctx context.Context) (string, error) { return s.client.Ping(ctx).Result() }, nil); err != nil {
		_ = s.Close()
		return nil, s.fail("Open", "", err)
	}
	return s, nil
}

// parse takes a URL apart. The server that it returns is the URL without what nobody needs to know.
func parse(rawURL string, c Config) (*goredis.Options, Config, string, error) {
	u, err := url.Parse(rawURL)
	if err != nil { // what it says has the password in it
		return nil, c, "", fmt.Errorf("%w: the URL cannot be parsed; a password with other characters than letters, digits and -._~ has them percent-encoded", ErrConfig)
	}
	server := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	query := u.Query()
	if query.Has("prefix") {
		c.Prefix = query.Get("prefix")
	}
	if query.Has("lock_ttl") {
		if c.LockTTL, err = time.ParseDuration(query.Get("lock_ttl")); err != nil {
			return nil, c, server, fmt.Errorf("%w: lock_ttl: %w", ErrConfig, err)
		}
	}
	if query.Has("key_file") {
		if c.Keys, err = readKeys(query.Get("key_file")); err != nil {
			return nil, c, server, err
		}
	}
	if query.Has("password_file") {
		if err := readPassword(u, query.Get("password_file")); err != nil {
			return nil, c, server, err
		}
	}
	for _, ours := range []string{"prefix", "lock_ttl", "key_file", "password_file"} {
		query.Del(ours)
	}
	u.RawQuery = query.Encode()
	options, err := goredis.ParseURL(u.String())
	if err != nil {
		return nil, c, server, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	tune(options, query)
	return options, c, server, nil
}

// tune makes a client that gives up soon, for its callers try again: what the URL does not set.
func tune(o *goredis.Options, query url.Values) {
	for name, field := range map[string]*time.Duration{"dial_timeout": &o.DialTimeout, "read_timeout": &o.ReadTimeout, "write_timeout": &o.WriteTimeout} {
		if !query.Has(name) {
			*field = 3 * time.Second
		}
	}
	if !query.Has("max_retries") {
		o.MaxRetries = 2
	}
	o.DialerRetries = 1
	o.ContextTimeoutEnabled = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// readPassword puts the password of a file into a URL, which must have none.
func readPassword(u *url.URL, path string) error {
	if _, has := u.User.Password(); has {
		return fmt.Errorf("%w: there is a password in the URL, and a password_file", ErrConfig)
	}
	text, err := readSecret("password_file", path)
	if err != nil {
		return err
	}
	password, _, _ := strings.Cut(string(text), "\n")
	if password = strings.TrimSuffix(password, "\r"); password == "" {
		return fmt.Errorf("%w: password_file: there is no password in %s", ErrConfig, path)
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return nil
}

// readSecret reads a file that a parameter names, if it is its owner's alone.
func readSecret(parameter, path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrConfig, parameter, err)
	}
	if info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%w: %s: others than its owner may read or write %s: chmod 600 %s", ErrConfig, parameter, path, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrConfig, parameter, err)
	}
	return text, nil
}

// readKeys reads a file of keys.
func readKeys(path string) ([][]byte, error) {
	text, err := readSecret("key_file", path)
	if err != nil {
		return nil, err
	}
	var keys [][]byte
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(key) != 32 {
			return nil, fmt.Errorf("%w: key_file: key %d of %s is not 32 bytes in base64: openssl rand -base64 32", ErrConfig, len(keys)+1, path)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: key_file: there is no key in %s: openssl rand -base64 32", ErrConfig, path)
	}
	return keys, nil
}

// quieten is done once, since clients that exist may be about to log.
var quieten = sync.OnceFunc(func() { goredis.SetLogger(logger{}) })

// logger takes what go-redis would write to standard error.
type logger struct{}

func (logger) Printf(ctx context.Context, format string, v ...any) {
	slog.DebugContext(ctx, "redis: "+fmt.Sprintf(format, v...))
}
