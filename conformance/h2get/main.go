// Command h2get gets a URL over HTTP/2, in clear by prior knowledge, and prints what came of it. It is what h2specd
// starts for each of its cases.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/paf-go/paf"
)

func main() {
	c := &paf.Client{Protocol: paf.HTTP2, MaxRetries: -1}
	defer c.Close()
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	resp, err := c.Get(ctx, os.Args[len(os.Args)-1])
	if err != nil {
		fmt.Println("error:", err)
		time.Sleep(100 * time.Millisecond) // a process that is gone cannot let the server read its last words
		return
	}
	n, err := io.Copy(io.Discard, resp.Body)
	fmt.Println(resp.Status, n, err)
	time.Sleep(100 * time.Millisecond) // some cases send a PING behind the response, and want its answer
}
