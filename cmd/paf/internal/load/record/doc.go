// Package record holds what one run of the load generator has measured, and nothing else: no clock, no flow, no way to show it.
//
// While a run goes on, a [Recorder] takes the measures. Each group of connections has a [Shard] of it, so that they seldom wait for each
// other and none of the methods called for a request allocates. Times are nanoseconds since the start of the run, by whatever clock the
// generator reads, and the run's seconds are those of the wall clock: so that runs on several machines, which began at different parts of a
// second, are put over each other without being cut anew.
//
// At the end, [Recorder.Run] makes a [Run] of them: histograms with three significant digits from a nanosecond to an hour, counts, and what
// each second has seen. A Run is written as JSON and read back without loss ([Run.Write], [Read]), and [Merge] of several is what one
// recorder would have recorded for them all.
//
//	r := record.NewRecorder(record.Settings{Target: "http://localhost:8080/", Connections: 100}, time.Now())
//	s := r.Shard() // one for some hundred connections
//	s.InFlight(now(), 1)
//	s.Done(due, sent, firstByte, now(), 200, bytesIn, bytesOut)
//	s.InFlight(now(), -1)
//	run := r.Run(now())
package record
