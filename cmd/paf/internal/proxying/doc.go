// Package proxying is what `paf proxy` does: it listens, passes requests on by a [proxy.Reverse] for each site or by a [proxy.Forward], says
// what became of them, and takes a new configuration without losing a connection.
//
// # From a file to handlers
//
// A [Config] is what the user has said, by flags or in a file: the words are the same. A plan is a Config that has been found to be right, with its
// certificates, users and rules read: nothing that is in force has been touched yet. A generation is what answers requests; requests hold the one that
// they have begun with. What generations share (upstreams with their health, clients with their connections, listeners) is the runner's,
// and stays as long as the newest plan wants it, clients until the last request has gone that may use them.
package proxying
