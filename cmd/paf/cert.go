package main

import (
	"context"
	"log/slog"

	"github.com/paf-go/paf/cmd/paf/internal/issue"
	"github.com/paf-go/paf/cmd/paf/internal/serve"
	"github.com/urfave/cli/v3"
)

// acmeFlags say which CA, as whom, and where its certificates are kept: of `paf serve` and `paf cert`.
func acmeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "acme-dir", Value: "production", Usage: "ask the CA whose directory is at `URL`; production and staging are Let's Encrypt's"},
		&cli.StringFlag{Name: "acme-ca-root", Usage: "trust the authorities in the PEM file `FILE` when the CA is spoken to, in place of the system's"},
		&cli.StringFlag{Name: "acme-email", Usage: "have the CA write to `MAIL`"},
		&cli.BoolFlag{Name: "acme-agree", Usage: "agree to the CA's terms of service"},
		storageFlag(),
	}
}

func storageFlag() cli.Flag {
	return &cli.StringFlag{Name: "storage", Sources: cli.EnvVars("PAF_STORAGE"),
		Usage: "keep accounts, certificates and keys at `WHERE`: a folder, or a URL of file, redis, rediss (TLS) or unix (a socket of Redis), whose password is better in a password_file=PATH of the URL or in PAF_STORAGE, for everybody here can list arguments; default: a folder of the user's"}
}

// acmeStorage reads them.
func acmeStorage(cmd *cli.Command) issue.Options {
	return issue.Options{
		Directory: cmd.String("acme-dir"), Roots: cmd.String("acme-ca-root"), Email: cmd.String("acme-email"), Agree: cmd.Bool("acme-agree"),
		Storage: cmd.String("storage"), Log: slog.New(slog.DiscardHandler),
	}
}

// acmeOptions reads what `paf serve` is to do about certificates; nil is nothing.
func acmeOptions(cmd *cli.Command) (*serve.ACME, error) {
	if !cmd.IsSet("acme") {
		for _, name := range []string{"acme-http", "acme-dir", "acme-ca-root", "acme-email", "acme-agree"} {
			if cmd.IsSet(name) {
				return nil, usagef(cmd, "--%s is for --acme", name)
			}
		}
		return nil, nil
	}
	names, err := issue.Names(cmd.StringSlice("acme")...)
	if err != nil {
		return nil, usagef(cmd, "--acme: %v", err)
	}
	return &serve.ACME{Options: acmeStorage(cmd), Names: names, HTTP: place(cmd, "acme-http")}, nil
}

func place(cmd *cli.Command, name string) issue.Place {
	return issue.Place{Address: cmd.String(name), Chosen: cmd.IsSet(name)}
}

func certCommand() *cli.Command {
	return &cli.Command{
		Name:      "cert",
		Usage:     "get, renew, list and revoke certificates of a CA",
		UsageText: "paf cert COMMAND [options] [NAME...]",
		Description: `Certificates come from a CA by ACME (RFC 8555), and are kept with their keys
where "paf serve --acme" keeps them, too: in a folder of the user's unless
--storage says otherwise. Files have the mode 0600.

paf cert COMMAND --help says more.

Exit status:
    0  done                        28  time is up
    1  another failure             60  the CA's own server is not to be trusted
    2  wrong command line, or the  75  the CA was asked too often: try again
       CA's terms are not agreed       when it says so
    6  the CA's host has no       130  interrupted
       address                    143  terminated
    7  the CA cannot be reached
    9  a challenge failed: the CA has not seen the proof where it has looked
   22  the CA has refused for another reason`,
		Commands: []*cli.Command{obtainCommand(), renewCommand(), listCommand(), revokeCommand()},
		Action: func(_ context.Context, cmd *cli.Command) error {
			if name := cmd.Args().First(); name != "" {
				return unknownCommand(cmd, name)
			}
			return cli.ShowSubcommandHelp(cmd)
		},
	}
}

// answerFlags say where a command answers the CA.
func answerFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "acme-http", Value: ":80", Usage: "answer http-01 on `ADDR`; none for nowhere"},
		&cli.StringFlag{Name: "acme-tls", Value: ":443", Usage: "answer tls-alpn-01 on `ADDR`; none for nowhere"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "print what goes on inside, too"},
	}, acmeFlags()...)
}

const answering = `
The CA connects to port 80 (http-01) or 443 (tls-alpn-01) of each name, where
this command listens until it is done. What somebody else listens on already is
left to him: "paf serve --acme" with the same --storage answers for this command.`

func obtainCommand() *cli.Command {
	return &cli.Command{
		Name:      "obtain",
		Usage:     "get certificates, of names that have none that is fresh",
		UsageText: "paf cert obtain [options] NAME...",
		Description: `Each name gets a certificate of its own. Each step is told on standard error,
and where certificates and keys are on standard output.
` + answering + `

  paf cert obtain --acme-agree --acme-dir staging example.org   to try it
  paf cert obtain --acme-agree example.org www.example.org`,
		Flags: answerFlags(),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			names, err := namesOf(cmd, true)
			if err != nil {
				return err
			}
			return certOptions(cmd).Obtain(ctx, names)
		},
	}
}

func renewCommand() *cli.Command {
	return &cli.Command{
		Name:      "renew",
		Usage:     "get new certificates, of names that have one",
		UsageText: "paf cert renew [options] [NAME...]",
		Description: `Without a NAME those are renewed that are due, of all that the CA has issued: when
it says so (ARI, RFC 9773), or a third of their time is left. With a NAME it is done
at once. "paf serve --acme" does all that by itself.
` + answering,
		Flags: answerFlags(),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			names, err := namesOf(cmd, false)
			if err != nil {
				return err
			}
			return certOptions(cmd).Renew(ctx, names)
		},
	}
}

func listCommand() *cli.Command {
	return &cli.Command{
		Name:      "list",
		Usage:     "show the certificates that are kept",
		UsageText: "paf cert list [options]",
		Flags:     []cli.Flag{storageFlag()},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if cmd.NArg() > 0 {
				return usagef(cmd, "paf cert list takes options alone, not %q", cmd.Args().First())
			}
			return certOptions(cmd).List(ctx)
		},
	}
}

// reasons are those of RFC 5280, Section 5.3.1, that who has a certificate may give.
var reasons = []struct {
	word string
	code int
}{{"unspecified", 0}, {"keyCompromise", 1}, {"affiliationChanged", 3}, {"superseded", 4}, {"cessationOfOperation", 5}}

func revokeCommand() *cli.Command {
	return &cli.Command{
		Name:      "revoke",
		Usage:     "have the CA declare certificates void, and remove them and their keys",
		UsageText: "paf cert revoke [options] NAME...",
		Description: `Nobody is to trust these certificates any more. It cannot be undone, but a name
can get another one. A certificate that is not used any more just ends: revoke it
when somebody else has, or may have, its key.`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "reason", Value: "unspecified",
				Usage: "tell the CA `WHY`: unspecified, keyCompromise, affiliationChanged, superseded or cessationOfOperation"},
		}, acmeFlags()...),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			names, err := namesOf(cmd, true)
			if err != nil {
				return err
			}
			for _, r := range reasons {
				if r.word == cmd.String("reason") {
					return certOptions(cmd).Revoke(ctx, names, r.code)
				}
			}
			return usagef(cmd, "the option \"--reason\" takes unspecified, keyCompromise, affiliationChanged, superseded or cessationOfOperation, not %q", cmd.String("reason"))
		},
	}
}

// namesOf reads the arguments.
func namesOf(cmd *cli.Command, needed bool) ([]string, error) {
	if cmd.NArg() == 0 && needed {
		return nil, usagef(cmd, "the name is missing")
	}
	names, err := issue.Names(cmd.Args().Slice()...)
	if err != nil {
		return nil, usagef(cmd, "%v", err)
	}
	return names, nil
}

func certOptions(cmd *cli.Command) *issue.Command {
	c := &issue.Command{
		Options: acmeStorage(cmd), HTTP: place(cmd, "acme-http"), TLS: place(cmd, "acme-tls"), Listen: serve.Listen,
		Out: cmd.Root().Writer, Err: cmd.Root().ErrWriter,
	}
	if cmd.Bool("verbose") {
		c.Log = slog.New(slog.NewTextHandler(cmd.Root().ErrWriter, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return c
}
