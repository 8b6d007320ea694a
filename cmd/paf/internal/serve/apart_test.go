package serve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf/acme"
)

func TestKeysAreNotServed(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "public")
	for _, folder := range []string{filepath.Join(dir, "a"), filepath.Join(root, "keys")} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	links := map[string]string{"served": dir, "inner": filepath.Join(dir, "a")}
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		folder, dir string
		within      bool
	}{
		{dir, dir, true}, {dir + "/a", dir, true}, {dir + "/not/there/yet", dir, true}, {root + "/keys/../public/a", dir, true},
		{root + "/inner", dir, true}, {root + "/inner/new", dir, true}, {dir + "/a", root + "/served", true}, {dir, "/", true},
		{root + "/keys", dir, false}, {root + "/public2", dir, false}, {root, dir, false}, {root + "/keys", "", false},
	} {
		err := keptApart(acme.Files(c.folder), c.dir)
		if (err != nil) != c.within || c.within && !strings.Contains(err.Error(), "--storage") {
			t.Errorf("%s within %s: %v", c.folder, c.dir, err)
		}
	}
}
