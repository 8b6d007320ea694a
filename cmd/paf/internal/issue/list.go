package issue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/paf-go/paf/acme"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
	"github.com/paf-go/paf/cmd/paf/internal/terminal"
)

// List prints what is in the storage, and says so if that is nothing.
func (c *Command) List(ctx context.Context) error {
	storage, closer, err := OpenStorage(ctx, c.Storage)
	if err != nil {
		return err
	}
	defer closer.Close()
	all, err := acme.List(ctx, storage)
	if len(all) == 0 && err == nil {
		c.say("There is no certificate in the storage%s.\n", folderOf(storage))
	}
	w := tabwriter.NewWriter(c.Out, 0, 8, 2, ' ', 0)
	if len(all) > 0 {
		fmt.Fprintln(w, "NAME\tUNTIL\tLEFT\tCA\tSERIAL")
	}
	for _, h := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", cell(strings.Join(h.Names, ",")), h.Until.UTC().Format("2006-01-02 15:04Z"), left(h.Until), cell(h.CA), h.Serial)
	}
	if failed := w.Flush(); failed != nil {
		err = errors.Join(err, exit.Errorf(exit.Write, "the output failed: %w", failed))
	}
	return ended(ctx, err)
}

// A folder is a storage of files.
type folder interface{ Filename(key string) string }

// folderOf says where the files of a storage are, if it has any.
func folderOf(storage acme.Storage) string {
	if files, are := storage.(folder); are {
		return " " + cell(files.Filename(""))
	}
	return ""
}

// cell returns what comes from a certificate or the storage as it can be shown in a table: in one line, and without a tab.
func cell(s string) string { return cells.Replace(terminal.Visible(s)) }

var cells = strings.NewReplacer("\t", `\x09`, "\n", `\x0a`)

func left(until time.Time) string {
	switch d := time.Until(until); {
	case d < 0:
		return "expired"
	case d < 48*time.Hour:
		return d.Round(time.Minute).String()
	default:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
}

// where prints where the certificates of names are, of those that have one. What cannot be read has been told by whoever was to use it.
func (c *Command) where(ctx context.Context, storage acme.Storage, names []string) error {
	all, _ := acme.List(ctx, storage)
	files, are := storage.(folder)
	for _, name := range names {
		h, is := c.Newest(all, name)
		if !is {
			continue
		}
		if are {
			h.Chain, h.Key = files.Filename(h.Chain), files.Filename(h.Key)
		}
		_, err := fmt.Fprintf(c.Out, "%s until %s\n  certificate %s\n  key         %s\n", cell(name), h.Until.UTC().Format("2006-01-02 15:04Z"), cell(h.Chain), cell(h.Key))
		if err != nil {
			return exit.Errorf(exit.Write, "the output failed: %w", err)
		}
	}
	return nil
}
