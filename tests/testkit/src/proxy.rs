//! A way to a server that can be cut off.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes TCP connections on while it is open.
pub struct Proxy {
    address: SocketAddr,
    target: watch::Sender<String>,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Connections are ended, new ones at once.
    CutOff,
    /// Connections stay, and nothing passes on them any more, also later: as when a device in the network has forgotten them.
    Silent,
}

impl Proxy {
    /// A way to `target` that is still closed. Ends with the runtime that it was made on.
    pub async fn to(target: impl Into<String>) -> Self {
        let (target, leads_to) = watch::channel(target.into());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (sender, state) = watch::channel(State::CutOff);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let target = leads_to.borrow().clone();
                tokio::spawn(pass(near, target, state.clone()));
            }
        });
        Self { address, target, state: sender }
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
        self.state.send_replace(State::Open);
    }

    pub fn cut_off(&self) {
        self.state.send_replace(State::CutOff);
    }

    /// Lets nothing pass any more on the connections that there are and on new ones, and ends none.
    pub fn be_silent(&self) {
        self.state.send_replace(State::Silent);
    }
}

async fn pass(mut near: TcpStream, target: String, mut state: watch::Receiver<State>) {
    let begun = *state.borrow_and_update();
    if begun == State::CutOff {
        return;
    }
    let Ok(mut far) = TcpStream::connect(target).await else { return };
    if begun == State::Open {
        tokio::select! {
            _ = copy_bidirectional(&mut near, &mut far) => return,
            _ = state.wait_for(|state| *state != State::Open) => {}
        }
    }
    if *state.borrow() == State::Silent {
        // Until it is cut off.
        _ = state.wait_for(|state| *state == State::CutOff).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::timeout;

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

    #[tokio::test]
    async fn what_has_been_silent_stays_so() {
        const SHORT: Duration = Duration::from_millis(100);
        let proxy = Proxy::to(echo().await.to_string()).await;
        proxy.open();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(answers(&mut stream).await);
        proxy.be_silent();
        assert!(timeout(SHORT, answers(&mut stream)).await.is_err());
        let mut later = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(timeout(SHORT, answers(&mut later)).await.is_err());
        proxy.open();
        assert!(timeout(SHORT, answers(&mut stream)).await.is_err());
        assert!(answers(&mut TcpStream::connect(proxy.address()).await.unwrap()).await);
    }
}
