// Package fdio reads and writes descriptors that do not block. It is the one place of the program with package unsafe.
//
// On Linux its calls go to the kernel without the runtime being told, as package syscall tells it: a call that may wait has to let the processor go to other
// goroutines, and one that returns at once pays for that in vain, twice a request.
//
// Why that is safe: the only thing that unsafe does here is to turn the address of a slice into a number within the argument list of the call, which
// is the pattern (4) that package unsafe allows and the compiler keeps alive; the length that goes with it is that of the same slice, so that the kernel
// touches nothing else; an empty slice is never handed over. A garbage collection waits until the call is over, which is not long: the descriptor must be one
// that does not block, as all of package net's are. FuzzWhatIsWrittenIsRead and the race detector look at it.
package fdio
