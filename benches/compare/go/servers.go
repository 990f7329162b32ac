// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

package main

import (
	"bytes"
	"fmt"
	"net"
)

// serveEach accepts connections for ever, and serves each in a goroutine of its
// own. (Go sets TCP_NODELAY by itself.)
func serveEach(serve func(net.Conn)) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fail(1, "%v", err)
	}
	fmt.Printf("{\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	for {
		connection, err := listener.Accept()
		if err != nil {
			fail(1, "%v", err)
		}
		go func() {
			defer connection.Close()
			serve(connection)
		}()
	}
}

// echo sends back what comes, with a buffer of 1 KiB for each connection.
func echo() {
	serveEach(func(connection net.Conn) {
		buffer := make([]byte, 1024)
		for {
			got, err := connection.Read(buffer)
			if err != nil {
				return
			}
			if _, err = connection.Write(buffer[:got]); err != nil {
				return
			}
		}
	})
}

const answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"

var emptyLine = []byte("\r\n\r\n")

// http answers each request (to the empty line that ends it, no body) alike;
// those that came together are answered by one write. A buffer of 4 KiB for each
// connection. Not net/http, which does much more.
func http() {
	serveEach(func(connection net.Conn) {
		buffer := make([]byte, 4096)
		filled := 0
		var answers []byte
		for {
			got, err := connection.Read(buffer[filled:])
			if err != nil || got == 0 { // zero: a request does not fit
				return
			}
			filled += got
			end := 0
			answers = answers[:0]
			for {
				at := bytes.Index(buffer[end:filled], emptyLine)
				if at < 0 {
					break
				}
				end += at + len(emptyLine)
				answers = append(answers, answer...)
			}
			filled = copy(buffer, buffer[end:filled])
			if len(answers) == 0 {
				continue
			}
			if _, err = connection.Write(answers); err != nil {
				return
			}
		}
	})
}
