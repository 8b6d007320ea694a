package issue

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestTheUsersFolderIsOneOrHasToBeNamed(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"XDG_DATA_HOME", "XDG_CONFIG_HOME", "HOME", "AppData", "home"} {
		t.Setenv(name, "")
	}
	for data, want := range map[string]string{home: filepath.Join(home, "paf", "acme"), "relative": "", "": ""} {
		t.Setenv("XDG_DATA_HOME", data)
		s, _, err := OpenStorage(t.Context(), "")
		switch {
		case want == "" && (err == nil || !strings.Contains(err.Error(), "--storage has to name one")):
			t.Errorf("%q: %v", data, err)
		case want != "" && (err != nil || s.(interface{ Filename(string) string }).Filename("") != want):
			t.Errorf("%q: %v, %v", data, s, err)
		}
	}
}
