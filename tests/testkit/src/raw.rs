//! Raw TCP connection with full control over the bytes and their timing.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::Api;
use crate::http::LIMIT;

/// TCP connection to a server.
pub struct Raw {
    stream: TcpStream,
}

impl Raw {
    /// Connects to a server on this machine from the local address `from`.
    ///
    /// # Errors
    /// When the connection is not accepted.
    pub async fn connect(api: &Api, from: IpAddr) -> std::io::Result<Self> {
        let address: SocketAddr =
            api.base().trim_start_matches("http://").split('/').next().unwrap_or_default().parse().expect("an address");
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(from, 0))?;
        Ok(Self { stream: socket.connect(address).await? })
    }

    /// Sends bytes. Write errors are ignored; the caller notices them when it reads the response.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// Returns everything that the server sends until it closes the connection.
    pub async fn until_closed(&mut self) -> String {
        timeout(LIMIT, self.rest()).await.expect("the server closes the connection")
    }

    /// Returns everything that the server sends until it closes the connection, or `None` when that takes longer than
    /// `time`.
    pub async fn closed_within(&mut self, time: Duration) -> Option<String> {
        timeout(time, self.rest()).await.ok()
    }

    /// Returns the next bytes that the server sends, at most 4096.
    pub async fn some(&mut self) -> String {
        let mut bytes = [0; 4096];
        let read = timeout(LIMIT, self.stream.read(&mut bytes)).await.expect("the server answers");
        String::from_utf8_lossy(&bytes[..read.unwrap_or_default()]).into_owned()
    }

    async fn rest(&mut self) -> String {
        let mut all = Vec::new();
        let mut bytes = [0; 4096];
        // A connection reset also ends the stream.
        while let Ok(read @ 1..) = self.stream.read(&mut bytes).await {
            all.extend_from_slice(&bytes[..read]);
        }
        String::from_utf8_lossy(&all).into_owned()
    }
}
