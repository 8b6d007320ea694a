// Package files serves the files of one directory.
//
//	root, err := os.OpenRoot("public")
//	h := files.New(root, files.Options{})
//	srv := paf.Server{Handler: h}
//
// GET and HEAD read; OPTIONS says so; other methods are refused. A directory is
// answered by its index.html, or by a list of its entries if Options.Index is
// set; without the slash at its end its path is redirected to the one with it.
//
// # What cannot be reached
//
// Every name is resolved below the directory by [os.Root]: neither "..", however
// encoded, nor a symbolic link leads out, and a link with an absolute target
// leads nowhere. Encoded slashes, backslashes, NUL and other control characters
// are refused with 400 before anything is opened. Names that begin with a dot
// are not found, as such files are seldom meant for others (.git, .env), but for
// /.well-known/ (RFC 8615); Options.Dotfiles changes that. What is neither a
// file nor a directory (pipes, devices, sockets) is not found and never opened.
//
// # Validators
//
// The entity tag is made of the modification time in nanoseconds and the size.
// It is sent as a strong one, which it is unless a file is rewritten in place,
// with its size kept, within one tick of the file system's clock (a few
// milliseconds on Linux). Replace files by renaming and it always is. Conditions
// are evaluated as RFC 9110, Section 13.2.2 orders them.
//
// # Ranges
//
// One range is answered by 206, several by multipart/byteranges, none that
// begins within the file by 416. Ignored, as RFC 9110, Section 14.2 allows, are a
// malformed Range, one of more than [semantics.MaxRanges] ranges or whose ranges
// add up to more than the file, and any of an empty file.
package files
