//go:build race

package paf_test

// raced says whether the race detector looks on. Under it a sync.Pool loses what it is given now and then.
const raced = true
