// Package acme tests package acme against pebble, Let's Encrypt's small CA for tests, in strict mode and with the failures on that it makes at
// random. Its DNS is pebble-challtestsrv's.
package acme
