package issue

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// files opens a folder, "" being "paf/acme" where the system keeps programs' data of a user.
func files(folder string) (acme.Storage, io.Closer, error) {
	if folder == "" {
		data, err := dataFolder()
		if err != nil {
			return nil, nil, exit.Errorf(exit.Failure, "there is no folder of the user's to keep certificates in, and --storage has to name one: %w", err)
		}
		folder = filepath.Join(data, "paf", "acme")
	}
	return acme.Files(folder), nothing{}, nil
}

// dataFolder is never where the program happens to have been started: keys of accounts and certificates would be in a folder that may be served.
func dataFolder() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("the environment does not say where the user's data is: %w", err)
	}
	return dir, nil
}
