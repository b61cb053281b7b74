//! A connection that sends what a test wants, when it wants.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::Api;
use crate::http::LIMIT;

/// A TCP connection to a server.
pub struct Raw {
    stream: TcpStream,
}

impl Raw {
    /// Connects to a server on this machine, from an address of this machine.
    ///
    /// # Errors
    /// When the server does not accept.
    pub async fn connect(api: &Api, from: IpAddr) -> std::io::Result<Self> {
        let address: SocketAddr =
            api.base().trim_start_matches("http://").split('/').next().unwrap_or_default().parse().expect("an address");
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(from, 0))?;
        Ok(Self { stream: socket.connect(address).await? })
    }

    /// Sends bytes. A server that no longer reads is noticed when its answer is read.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// Everything that the server sends until it closes the connection.
    pub async fn until_closed(&mut self) -> String {
        timeout(LIMIT, self.rest()).await.expect("the server closes the connection")
    }

    /// Everything that the server sends until it closes the connection, if it does within a time.
    pub async fn closed_within(&mut self, time: Duration) -> Option<String> {
        timeout(time, self.rest()).await.ok()
    }

    /// The next bytes that the server sends.
    pub async fn some(&mut self) -> String {
        let mut bytes = [0; 4096];
        let read = timeout(LIMIT, self.stream.read(&mut bytes)).await.expect("the server answers");
        String::from_utf8_lossy(&bytes[..read.unwrap_or_default()]).into_owned()
    }

    async fn rest(&mut self) -> String {
        let mut all = Vec::new();
        let mut bytes = [0; 4096];
        // A reset ends what there is to read, too.
        while let Ok(read @ 1..) = self.stream.read(&mut bytes).await {
            all.extend_from_slice(&bytes[..read]);
        }
        String::from_utf8_lossy(&all).into_owned()
    }
}
