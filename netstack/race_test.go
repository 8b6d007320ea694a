//go:build race

package netstack_test

// downloadSize is what each of a hundred clients fetches over a bad line: less where the race detector takes its time.
const downloadSize = 1 << 20
