//! A way to a server that can be cut off.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes TCP connections on while it is open. Cut off, it ends those that there are, and new ones at once.
pub struct Proxy {
    address: SocketAddr,
    target: watch::Sender<String>,
    open: watch::Sender<bool>,
}

impl Proxy {
    /// A way to `target` that is still closed. Ends with the runtime that it was made on.
    pub async fn to(target: impl Into<String>) -> Self {
        let (target, leads_to) = watch::channel(target.into());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (open, state) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let target = leads_to.borrow().clone();
                tokio::spawn(pass(near, target, state.clone()));
            }
        });
        Self { address, target, open }
    }

    /// A way to somewhere that is not known yet: an address for what must be told its own before it starts.
    pub async fn to_come() -> Self {
        Self::to("").await
    }

    /// Leads somewhere else from now on, and is open.
    pub fn lead_to(&self, target: impl Into<String>) {
        self.target.send_replace(target.into());
        self.open();
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn open(&self) {
        self.open.send_replace(true);
    }

    pub fn cut_off(&self) {
        self.open.send_replace(false);
    }
}

async fn pass(mut near: TcpStream, target: String, mut state: watch::Receiver<bool>) {
    if !*state.borrow_and_update() {
        return;
    }
    let Ok(mut far) = TcpStream::connect(target).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        _ = state.wait_for(|open| !open) => {}
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A server that says back what it is told.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    tokio::io::copy(&mut read, &mut write).await
                });
            }
        });
        address
    }

    async fn answers(stream: &mut TcpStream) -> bool {
        let mut byte = [0];
        stream.write_all(b"x").await.is_ok() && matches!(stream.read(&mut byte).await, Ok(1))
    }

    #[tokio::test]
    async fn it_passes_on_while_it_is_open() {
        let proxy = Proxy::to(echo().await.to_string()).await;
        let connect = || TcpStream::connect(proxy.address());
        assert!(!answers(&mut connect().await.unwrap()).await);
        proxy.open();
        let mut stream = connect().await.unwrap();
        assert!(answers(&mut stream).await && answers(&mut stream).await);
        proxy.cut_off();
        assert!(!answers(&mut stream).await);
        assert!(!answers(&mut connect().await.unwrap()).await);
        proxy.open();
        assert!(answers(&mut connect().await.unwrap()).await);
    }
}
