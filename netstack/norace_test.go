//go:build !race

package netstack_test

// downloadSize is what each of a hundred clients fetches over a bad line.
const downloadSize = 10 << 20
