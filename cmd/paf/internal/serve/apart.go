package serve

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// keptApart fails if a storage is a folder within the directory that is served: whoever asks would get the keys. No directory is "".
func keptApart(storage acme.Storage, dir string) error {
	files, are := storage.(interface{ Filename(key string) string })
	if !are || dir == "" {
		return nil
	}
	folder := files.Filename("")
	within, err := isWithin(folder, dir)
	if err != nil {
		return exit.Errorf(exit.Read, "cannot see whether the storage %s is apart from what is served: %w", folder, err)
	}
	if within {
		return exit.Errorf(exit.Usage, "the storage %s, which has private keys, is within the directory %s that is served: name another with --storage", folder, dir)
	}
	return nil
}

// isWithin reports whether a folder, which need not be there yet, is a directory or within it, wherever symbolic links lead.
func isWithin(folder, dir string) (bool, error) {
	served, err := os.Stat(dir)
	if err != nil {
		return false, err
	}
	at, err := filepath.Abs(folder)
	if err != nil {
		return false, err
	}
	real, err := filepath.EvalSymlinks(at)
	for errors.Is(err, fs.ErrNotExist) && filepath.Dir(at) != at { // what is not there yet will be made in what is
		at = filepath.Dir(at)
		real, err = filepath.EvalSymlinks(at)
	}
	if err != nil {
		return false, err
	}
	for ; ; real = filepath.Dir(real) {
		above, err := os.Stat(real)
		if err != nil {
			return false, err
		}
		if os.SameFile(above, served) {
			return true, nil
		}
		if filepath.Dir(real) == real {
			return false, nil
		}
	}
}
