package redis

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/caddyserver/certmagic"
	goredis "github.com/redis/go-redis/v9"
)

// Values are fields of one hash. Their names are also members of a sorted set, all with the same score, and so in the order of their bytes: what is in a folder
// stands side by side.

// batch is how many names are asked for at once.
const batch = 1000

// Store puts value under name, in the place of what is there.
func (s *Storage) Store(ctx context.Context, name string, value []byte) error {
	if name = clean(name); name == "" {
		return s.fail("Store", name, ErrName)
	}
	kept := s.safe.put(name, value, time.Now())
	_, err := ask(ctx, s, func(ctx context.Context) ([]goredis.Cmder, error) {
		return s.client.TxPipelined(ctx, func(p goredis.Pipeliner) error {
			p.HSet(ctx, s.values, name, kept)
			p.ZAdd(ctx, s.names, goredis.Z{Member: name})
			return nil
		})
	}, nil)
	if err != nil {
		return s.fail("Store", name, err)
	}
	return nil
}

// Load returns what was stored under name, or fs.ErrNotExist.
func (s *Storage) Load(ctx context.Context, name string) ([]byte, error) {
	value, _, err := s.load(ctx, clean(name))
	if err != nil {
		return nil, s.fail("Load", name, err)
	}
	return value, nil
}

func (s *Storage) load(ctx context.Context, name string) ([]byte, time.Time, error) {
	kept, err := ask(ctx, s, func(ctx context.Context) ([]byte, error) { return s.client.HGet(ctx, s.values, name).Bytes() }, nil)
	if errors.Is(err, goredis.Nil) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	return s.safe.take(name, kept)
}

// Delete removes what was stored under name and under all names in it, if there is any: what is stored there meanwhile may stay. The root cannot be deleted.
func (s *Storage) Delete(ctx context.Context, name string) error {
	if name = clean(name); name == "" {
		return s.fail("Delete", name, ErrName)
	}
	err := s.remove(ctx, []string{name})
	if err == nil {
		err = s.walk(ctx, inside(name), func(names []string) error { return s.remove(ctx, names) })
	}
	if err != nil {
		return s.fail("Delete", name, err)
	}
	return nil
}

func (s *Storage) remove(ctx context.Context, names []string) error {
	_, err := ask(ctx, s, func(ctx context.Context) ([]goredis.Cmder, error) {
		return s.client.TxPipelined(ctx, func(p goredis.Pipeliner) error {
			p.HDel(ctx, s.values, names...)
			p.ZRem(ctx, s.names, anys(names)...)
			return nil
		})
	}, nil)
	return err
}

// Exists says whether there is a value under name, or a folder of that name. It is false when Redis does not answer; the log says so.
func (s *Storage) Exists(ctx context.Context, name string) bool {
	exists, err := s.exists(ctx, clean(name))
	if err != nil {
		s.log.WarnContext(ctx, "redis: whether a value exists is not known", "error", s.fail("Exists", name, err))
	}
	return exists
}

func (s *Storage) exists(ctx context.Context, name string) (bool, error) {
	exists, err := ask(ctx, s, func(ctx context.Context) (bool, error) { return s.client.HExists(ctx, s.values, name).Result() }, nil)
	if err != nil || exists {
		return exists, err
	}
	names, err := s.page(ctx, inside(name), 1)
	return len(names) > 0 || name == "" && err == nil, err
}

// Stat tells about a value or a folder, or returns fs.ErrNotExist. The size is that of the value; the time is by the clock of the machine that has stored it; a folder has neither.
func (s *Storage) Stat(ctx context.Context, name string) (certmagic.KeyInfo, error) {
	info, err := s.stat(ctx, clean(name))
	if err != nil {
		return info, s.fail("Stat", name, err)
	}
	return info, nil
}

func (s *Storage) stat(ctx context.Context, name string) (certmagic.KeyInfo, error) {
	value, stored, err := s.load(ctx, name)
	if err == nil {
		return certmagic.KeyInfo{Key: name, Modified: stored, Size: int64(len(value)), IsTerminal: true}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return certmagic.KeyInfo{}, err
	}
	return certmagic.KeyInfo{Key: name}, s.must(ctx, name)
}

// must is fs.ErrNotExist if nothing of that name exists.
func (s *Storage) must(ctx context.Context, name string) error {
	exists, err := s.exists(ctx, name)
	if err == nil && !exists {
		return fs.ErrNotExist
	}
	return err
}

// List returns the names in a folder, in order: those of values and folders right in it or, if recursive, of all below. It is fs.ErrNotExist if there is
// neither a folder nor a value of that name. The root, "", always exists.
func (s *Storage) List(ctx context.Context, folder string, recursive bool) ([]string, error) {
	folder = clean(folder)
	found, err := s.list(ctx, folder, recursive)
	if err == nil && len(found) == 0 {
		err = s.must(ctx, folder)
	}
	if err != nil {
		return nil, s.fail("List", folder, err)
	}
	return found, nil
}

func (s *Storage) list(ctx context.Context, folder string, recursive bool) ([]string, error) {
	start := 0 // of what is below the folder in a name
	if folder != "" {
		start = len(folder) + 1
	}
	found := map[string]bool{}
	err := s.walk(ctx, inside(folder), func(names []string) error {
		for _, name := range names {
			add(found, name, start, recursive)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// walk goes once through the names of a span, a batch at a time, and never back: others may write for as long as they like.
func (s *Storage) walk(ctx context.Context, r span, do func(names []string) error) error {
	for {
		names, err := s.page(ctx, r, batch)
		if err != nil || len(names) == 0 {
			return err
		}
		if err := do(names); err != nil || len(names) < batch {
			return err
		}
		r.min = "(" + names[len(names)-1]
	}
}

// add adds what a value in a folder adds to its list: the folders on the way and itself, or the first of these.
func add(found map[string]bool, name string, start int, recursive bool) {
	for i := start; i < len(name); i++ {
		if name[i] != '/' {
			continue
		}
		found[name[:i]] = true
		if !recursive {
			return
		}
	}
	found[name] = true
}

// A span is a part of the sorted set, in the notation of ZRANGEBYLEX.
type span struct{ min, max string }

// inside is all that is in a folder. What follows "/" in the order of bytes is "0".
func inside(folder string) span {
	if folder == "" {
		return span{"-", "+"}
	}
	return span{"[" + folder + "/", "(" + folder + "0"}
}

// page returns the first names of a span, at most count.
func (s *Storage) page(ctx context.Context, r span, count int64) ([]string, error) {
	return ask(ctx, s, func(ctx context.Context) ([]string, error) {
		return s.client.ZRangeByLex(ctx, s.names, &goredis.ZRangeBy{Min: r.min, Max: r.max, Count: count}).Result()
	}, nil)
}

func anys(names []string) []any {
	all := make([]any, len(names))
	for i, name := range names {
		all[i] = name
	}
	return all
}
