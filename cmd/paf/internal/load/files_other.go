//go:build !unix

package load

import "math"

// fileLimit returns how many files this process may have open: as many as there is memory for.
func fileLimit() int64 { return math.MaxInt64 }
