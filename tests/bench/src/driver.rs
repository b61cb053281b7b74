//! Sends requests in turn over persistent HTTP connections.
//!
//! Responses are awaited by polling. If this client slept, each response would have to wake it, which counts as CPU time of
//! the server, and more often for a slow server than for a fast one.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// Persistent connections and the requests to send on them.
pub struct Driver {
    connections: Vec<TcpStream>,
    requests: Vec<Vec<u8>>,
    next: usize,
    status: u16,
    buffer: Vec<u8>,
}

/// Returns the bytes of a request. `authorization` is the value of the header; `body` is JSON.
#[must_use]
pub fn request(method: &str, path: &str, authorization: &str, body: Option<&str>) -> Vec<u8> {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n");
    let rest = body.map_or_else(
        || "\r\n".to_owned(),
        |body| format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
    );
    (head + &rest).into_bytes()
}

impl Driver {
    /// Connects, with retries until the server listens.
    #[must_use]
    pub fn new(address: SocketAddr, requests: Vec<Vec<u8>>, connections: usize) -> Self {
        let connect = || {
            let begin = Instant::now();
            loop {
                match TcpStream::connect(address) {
                    Ok(stream) => return stream,
                    Err(error) => assert!(begin.elapsed() < PATIENCE, "{address}: {error}"),
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        let connections: Vec<TcpStream> = (0..connections).map(|_| connect()).collect();
        for stream in &connections {
            stream.set_nodelay(true).unwrap();
            stream.set_nonblocking(true).unwrap();
        }
        Self { connections, requests, next: 0, status: 200, buffer: vec![0; 16 * 1024] }
    }

    /// Expects responses with this status instead of 200.
    #[must_use]
    pub fn expecting(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Connects to send one GET request repeatedly.
    #[must_use]
    pub fn get(address: SocketAddr, path: &str, authorization: &str, connections: usize) -> Self {
        Self::new(address, vec![request("GET", path, authorization, None)], connections)
    }

    /// Sends one request on each connection concurrently and returns the last response body as received.
    pub fn round(&mut self) -> Vec<u8> {
        for stream in &mut self.connections {
            write(stream, &self.requests[self.next]);
            self.next = (self.next + 1) % self.requests.len();
        }
        let mut body = Vec::new();
        for stream in &mut self.connections {
            body = answer(stream, &mut self.buffer, self.status);
        }
        body
    }

    /// Sends rounds for at least `time`, and returns the number of requests.
    pub fn rounds(&mut self, time: Duration) -> usize {
        let begin = Instant::now();
        let mut sent = 0;
        while begin.elapsed() < time {
            _ = self.round();
            sent += self.connections.len();
        }
        sent
    }
}

/// Sends a request on a connection of its own until the response has status 200: until the server has started.
///
/// # Panics
/// When that takes longer than a minute.
pub fn wait_for(address: SocketAddr, request: &[u8]) {
    let begin = Instant::now();
    let mut last = String::new();
    while !last.starts_with("HTTP/1.1 200 ") {
        assert!(begin.elapsed() < PATIENCE, "{last}");
        std::thread::sleep(Duration::from_millis(50));
        let mut buffer = [0; 4096];
        let answered = TcpStream::connect(address).and_then(|mut stream| {
            stream.write_all(request)?;
            stream.read(&mut buffer)
        });
        last = answered.map_or_else(|error| error.to_string(), |read| String::from_utf8_lossy(&buffer[..read]).into());
    }
}

fn write(stream: &mut TcpStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::hint::spin_loop(),
            written => bytes = &bytes[written.unwrap()..],
        }
    }
}

/// Reads a complete response, with `Content-Length` or in chunks.
fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>, status: u16) -> Vec<u8> {
    let mut filled = 0;
    let mut more = |buffer: &mut Vec<u8>| {
        if filled == buffer.len() {
            buffer.resize(2 * filled, 0);
        }
        let read = loop {
            match stream.read(&mut buffer[filled..]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::hint::spin_loop(),
                read => break read.unwrap(),
            }
        };
        assert!(read > 0, "the connection ended");
        filled += read;
        filled
    };
    let mut filled = more(buffer);
    let head = loop {
        match buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n") {
            Some(head) => break head,
            None => filled = more(buffer),
        }
    };
    let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
    assert!(text.starts_with(&format!("http/1.1 {status} ")), "{text}");
    let length = text.split("\r\n").find_map(|line| line.strip_prefix("content-length: "));
    let length: Option<usize> = length.map(|length| length.parse().unwrap());
    let body = head + 4;
    let whole = |filled: usize, buffer: &[u8]| match length {
        Some(length) => filled >= body + length,
        None => buffer[body..filled].ends_with(b"\r\n0\r\n\r\n") || buffer[body..filled] == *b"0\r\n\r\n",
    };
    while !whole(filled, buffer) {
        filled = more(buffer);
    }
    buffer[body..filled].to_vec()
}
