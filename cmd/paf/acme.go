package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/paf-go/paf/cmd/paf/internal/issue"
	"github.com/paf-go/paf/cmd/paf/internal/serve"
	"github.com/urfave/cli/v3"
)

// acmeFlags say which CAs, as whom, and where their certificates are kept: of `paf serve` and of all of `paf cert` that speaks to a CA.
func acmeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "acme-dir", Value: []string{"production"},
			Usage: "ask the CA whose directory is at `URL`; production and staging are Let's Encrypt's; of several, each is asked when the one before has failed"},
		&cli.StringSliceFlag{Name: "acme-ca-root",
			Usage: "trust the authorities in the PEM file `FILE` when the CA is spoken to, in place of the system's; for several CAs in their order, none for the system's"},
		&cli.StringSliceFlag{Name: "eab-kid", Usage: "have the account bound to the one that the CA knows as `ID` (external account binding); for several CAs in their order, none for no such account"},
		&cli.StringSliceFlag{Name: "eab-hmac-file", Usage: "read the MAC key of that account from `FILE`, in base64url; default: the variable " + issue.MACVariable + " has it"},
		&cli.StringFlag{Name: "acme-email", Usage: "have the CA write to `MAIL`"},
		&cli.BoolFlag{Name: "acme-agree", Usage: "agree to the CA's terms of service"},
		storageFlag(),
	}
}

// orderFlags say what is asked for, and how it is proved.
func orderFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "key-type", Usage: "make keys of the `KIND` ecdsa256, ecdsa384, rsa2048 or rsa4096 for certificates; default: ecdsa256, with renew that of the old key"},
		&cli.StringFlag{Name: "dns-hook", Usage: "answer dns-01 by running `PROGRAM`: with present NAME VALUE it adds a TXT record, with cleanup NAME VALUE it removes it"},
		&cli.StringSliceFlag{Name: "dns-resolver",
			Usage: "wait until the server `ADDR` of the DNS has the record before the CA looks; may be given several times; default: all servers of the zone"},
		&cli.StringFlag{Name: "dns-wait", Value: "2m0s", Usage: "wait for that for `TIME` at the most; 0 for not at all"},
	}
}

func storageFlag() cli.Flag {
	return &cli.StringFlag{Name: "storage", Sources: cli.EnvVars(storageVariable),
		Usage: "keep accounts, certificates and keys at `WHERE`: a folder, or a URL of file, redis, rediss (TLS) or unix (a socket of Redis); " +
			"its password belongs in the variable or in a file (password_file=PATH), for all see command lines; default: a folder of the user's"}
}

const storageVariable = "PAF_STORAGE"

// acmeOptions reads them. Those that a command does not have are as if not given.
func acmeOptions(cmd *cli.Command) (o issue.Options, err error) {
	o = issue.Options{Email: cmd.String("acme-email"), Agree: cmd.Bool("acme-agree"), Storage: cmd.String("storage"), Log: slog.New(slog.DiscardHandler)}
	o.CAs, err = issue.CAs(cmd.StringSlice("acme-dir"), cmd.StringSlice("acme-ca-root"), cmd.StringSlice("eab-kid"), cmd.StringSlice("eab-hmac-file"), os.Getenv(issue.MACVariable))
	if err != nil {
		return o, usagef(cmd, "%v", err)
	}
	if word := cmd.String("key-type"); cmd.IsSet("key-type") {
		if o.KeyType, err = issue.KeyTypeOf(word); err != nil {
			return o, usagef(cmd, "--key-type: %v", err)
		}
	}
	o.Hook, err = hookOption(cmd)
	return o, err
}

// hookOption reads how dns-01 is answered; nil is not at all.
func hookOption(cmd *cli.Command) (*issue.Hook, error) {
	if !cmd.IsSet("dns-hook") {
		for _, name := range []string{"dns-resolver", "dns-wait"} {
			if cmd.IsSet(name) {
				return nil, usagef(cmd, "--%s is for --dns-hook", name)
			}
		}
		return nil, nil
	}
	wait, err := timeOf(cmd, "dns-wait")
	if err != nil {
		return nil, err
	}
	if wait == 0 {
		wait = -time.Nanosecond // zero would mean the library's default
	}
	return &issue.Hook{Program: cmd.String("dns-hook"), Resolvers: cmd.StringSlice("dns-resolver"), Wait: wait}, nil
}

// serveACME reads what `paf serve` is to do about certificates; nil is nothing.
func serveACME(cmd *cli.Command) (*serve.ACME, error) {
	if !cmd.IsSet("acme") {
		for _, flag := range append(append(acmeFlags(), orderFlags()...), &cli.StringFlag{Name: "acme-http"}) {
			name := flag.Names()[0]
			if cmd.IsSet(name) && (name != "storage" || cmd.String(name) != os.Getenv(storageVariable)) { // the variable may be there for other commands
				return nil, usagef(cmd, "--%s is for --acme", name)
			}
		}
		return nil, nil
	}
	o, err := acmeOptions(cmd)
	if err != nil {
		return nil, err
	}
	names, err := issue.Names(cmd.StringSlice("acme")...)
	if err == nil {
		err = o.Provable(names)
	}
	if err != nil {
		return nil, usagef(cmd, "--acme: %v", err)
	}
	return &serve.ACME{Options: o, Names: names, HTTP: place(cmd, "acme-http")}, nil
}

func place(cmd *cli.Command, name string) issue.Place {
	return issue.Place{Address: cmd.String(name), Chosen: cmd.IsSet(name)}
}

// ordering reads the command line of a command of `paf cert` that gets certificates.
func ordering(cmd *cli.Command, needed bool) (*issue.Command, []string, error) {
	c, names, err := certs(cmd, needed)
	if err != nil {
		return nil, nil, err
	}
	if err := c.Provable(names); err != nil {
		return nil, nil, usagef(cmd, "%v", err)
	}
	return c, names, nil
}

// certs reads the command line of a command of `paf cert` that is about certificates with names, of which there has to be one if it is needed.
func certs(cmd *cli.Command, needed bool) (*issue.Command, []string, error) {
	if cmd.NArg() == 0 && needed {
		return nil, nil, usagef(cmd, "the name is missing")
	}
	names, err := issue.Names(cmd.Args().Slice()...)
	if err != nil {
		return nil, nil, usagef(cmd, "%v", err)
	}
	c := listed(cmd)
	if c.Options, err = acmeOptions(cmd); err != nil {
		return nil, nil, err
	}
	c.HTTP, c.TLS, c.Listen = place(cmd, "acme-http"), place(cmd, "acme-tls"), serve.Listen
	if cmd.Bool("verbose") {
		c.Log = slog.New(slog.NewTextHandler(cmd.Root().ErrWriter, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return c, names, nil
}

// listed returns a command that speaks to no CA.
func listed(cmd *cli.Command) *issue.Command {
	return &issue.Command{
		Options: issue.Options{Storage: cmd.String("storage")},
		Out:     cmd.Root().Writer, Err: cmd.Root().ErrWriter,
	}
}
