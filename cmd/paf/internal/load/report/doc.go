// Package report shows what a [record.Run] holds: as text at the end of a run ([Text]), on a terminal while it goes on ([Live]), as one page of
// HTML ([Page], [ComparisonPage]), and two of them beside each other ([Compare]). It computes no figure that the run does not have, but for
// the comparison, and reads no clock.
package report
