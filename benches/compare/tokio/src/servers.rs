// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

//! The servers: TCP echo, and HTTP that has one answer.

use std::io::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn listen() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{{\"port\":{}}}", listener.local_addr().unwrap().port());
    listener
}

async fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends back what comes, with a buffer of 1 KiB for each connection.
pub async fn echo() {
    async fn serve(mut stream: TcpStream) -> Result<()> {
        let mut buffer = [0; 1024];
        loop {
            let got = stream.read(&mut buffer).await?;
            if got == 0 {
                return Ok(());
            }
            stream.write_all(&buffer[..got]).await?;
        }
    }
    let listener = listen().await;
    loop {
        let stream = accept(&listener).await;
        tokio::spawn(serve(stream));
    }
}

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";

/// The requests in `bytes` that are complete, and where they end.
fn requests(bytes: &[u8]) -> (usize, usize) {
    let (mut count, mut end, mut i) = (0, 0, 0);
    while i + 4 <= bytes.len() {
        if &bytes[i..i + 4] == b"\r\n\r\n" {
            count += 1;
            i += 4;
            end = i;
        } else {
            i += 1;
        }
    }
    (count, end)
}

/// Answers each request (to the empty line that ends it, no body) alike; those
/// that came together are answered by one write. A buffer of 4 KiB for each
/// connection.
pub async fn http() {
    async fn serve(mut stream: TcpStream) -> Result<()> {
        let mut buffer = [0; 4096];
        let mut filled = 0;
        let mut answers = Vec::new();
        loop {
            let got = stream.read(&mut buffer[filled..]).await?;
            if got == 0 {
                return Ok(()); // also when a request does not fit
            }
            filled += got;
            let (count, end) = requests(&buffer[..filled]);
            buffer.copy_within(end..filled, 0);
            filled -= end;
            answers.clear();
            for _ in 0..count {
                answers.extend_from_slice(ANSWER);
            }
            stream.write_all(&answers).await?;
        }
    }
    let listener = listen().await;
    loop {
        let stream = accept(&listener).await;
        tokio::spawn(serve(stream));
    }
}
