// Package fdio reads and writes sockets that do not block. It is the one place of the program with package unsafe.
//
// On Linux its calls go to the kernel without the runtime being told, as package syscall tells it: a call that may wait has to let the processor go to other
// goroutines, and one that returns at once pays for that in vain, twice a request. They are recv(2) and send(2), which have less to find out of a descriptor than read(2) and
// write(2): on loopback a tenth of what both take.
//
// Why that is safe: the only thing that unsafe does here is to turn the address of a slice into a number within the argument list of the call, which
// is the pattern (4) that package unsafe allows and the compiler keeps alive; the length that goes with it is that of the same slice, so that the kernel
// touches nothing else; an empty slice is never handed over. A garbage collection waits until the call is over, which is not long: the descriptor must be one
// that does not block, as all of package net's are. FuzzWhatIsWrittenIsRead and the race detector look at it.
package fdio
