package main

import (
	"context"
	"slices"

	"github.com/urfave/cli/v3"
)

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
    9  a challenge failed: the CA has not seen the proof where it has looked, or
       the program of --dns-hook has failed
   22  the CA has refused for another reason
   26  a file that is named cannot be read, or the program of --dns-hook not run`,
		Commands: []*cli.Command{obtainCommand(), renewCommand(), listCommand(), revokeCommand()},
		Action: func(_ context.Context, cmd *cli.Command) error {
			if name := cmd.Args().First(); name != "" {
				return unknownCommand(cmd, name)
			}
			return cli.ShowSubcommandHelp(cmd)
		},
	}
}

// answerFlags say how a command answers the CA.
func answerFlags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		&cli.StringFlag{Name: "acme-http", Value: ":80", Usage: "answer http-01 on `ADDR`; none for nowhere"},
		&cli.StringFlag{Name: "acme-tls", Value: ":443", Usage: "answer tls-alpn-01 on `ADDR`; none for nowhere"},
		verboseFlag(),
	}, orderFlags(), acmeFlags())
}

func verboseFlag() cli.Flag {
	return &cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "print what goes on inside, too"}
}

const answering = `
The CA connects to port 80 (http-01) or 443 (tls-alpn-01) of each name, where
this command listens until it is done. What somebody else listens on already is
left to him: "paf serve --acme" with the same --storage answers for this command.
With --dns-hook (dns-01) it listens nowhere, unless --acme-http or --acme-tls say
so. Wildcards, as *.example.org, have no other way.`

func obtainCommand() *cli.Command {
	return &cli.Command{
		Name:      "obtain",
		Usage:     "get certificates, of names that have none that is fresh",
		UsageText: "paf cert obtain [options] NAME...",
		Description: `Each name gets a certificate of its own. Each step is told on standard error,
and where certificates and keys are on standard output.
` + answering + `

  paf cert obtain --acme-agree --acme-dir staging example.org   to try it
  paf cert obtain --acme-agree example.org www.example.org
  paf cert obtain --acme-agree --dns-hook ./update-dns '*.example.org'`,
		Flags: answerFlags(),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			c, names, err := ordering(cmd, true)
			if err != nil {
				return err
			}
			return c.Obtain(ctx, names)
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
at once. A key of the kind that it has had is made for each, unless --key-type says
otherwise. "paf serve --acme" does all that by itself.
` + answering,
		Flags: answerFlags(),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			c, names, err := ordering(cmd, false)
			if err != nil {
				return err
			}
			return c.Renew(ctx, names)
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
			return listed(cmd).List(ctx)
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
			verboseFlag(),
		}, acmeFlags()...),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			c, names, err := certs(cmd, true)
			if err != nil {
				return err
			}
			for _, r := range reasons {
				if r.word == cmd.String("reason") {
					return c.Revoke(ctx, names, r.code)
				}
			}
			return usagef(cmd, "the option \"--reason\" takes unspecified, keyCompromise, affiliationChanged, superseded or cessationOfOperation, not %q", cmd.String("reason"))
		},
	}
}
