//! TCP proxy that can cut, silence or delay connections.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards TCP connections while it is open.
pub struct Proxy {
    address: SocketAddr,
    target: watch::Sender<String>,
    state: watch::Sender<State>,
}

/// The mode, and how often the proxy was cut off and silenced. By these numbers, a connection notices an interruption
/// even if the proxy has opened again in the meantime.
#[derive(Clone, Copy)]
struct State {
    mode: Mode,
    cut_off: u64,
    silenced: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Data is forwarded after this delay.
    Open(Duration),
    /// Open connections are closed, and new ones immediately after they are accepted.
    CutOff,
    /// Connections stay open but forward nothing, even after the proxy opens again, as when a network device has
    /// dropped its connection state.
    Silent,
}

impl Proxy {
    /// Creates a closed proxy to `target`. It ends with the runtime that it was created on.
    pub async fn to(target: impl Into<String>) -> Self {
        let (target, leads_to) = watch::channel(target.into());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (sender, state) = watch::channel(State { mode: Mode::CutOff, cut_off: 0, silenced: 0 });
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let target = leads_to.borrow().clone();
                tokio::spawn(pass(near, target, state.clone()));
            }
        });
        Self { address, target, state: sender }
    }

    /// Creates a proxy whose target is not yet known, for a server that needs its public address before it starts.
    pub async fn to_come() -> Self {
        Self::to("").await
    }

    /// Sets the target of new connections.
    pub fn redirect(&self, target: impl Into<String>) {
        self.target.send_replace(target.into());
    }

    /// Sets the target of new connections and opens the proxy.
    pub fn lead_to(&self, target: impl Into<String>) {
        self.redirect(target);
        self.open();
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn open(&self) {
        self.slow_down(Duration::ZERO);
    }

    /// Opens the proxy and delays data in each direction. Data that arrives during a delay is queued.
    pub fn slow_down(&self, delay: Duration) {
        self.state.send_modify(|state| state.mode = Mode::Open(delay));
    }

    pub fn cut_off(&self) {
        self.state.send_modify(|state| *state = State { mode: Mode::CutOff, cut_off: state.cut_off + 1, ..*state });
    }

    /// Forwards nothing on existing and new connections, and closes none of them.
    pub fn be_silent(&self) {
        self.state.send_modify(|state| *state = State { mode: Mode::Silent, silenced: state.silenced + 1, ..*state });
    }
}

async fn pass(near: TcpStream, target: String, mut state: watch::Receiver<State>) {
    let begun = *state.borrow_and_update();
    if begun.mode == Mode::CutOff {
        return;
    }
    let Ok(far) = TcpStream::connect(target).await else { return };
    _ = (near.set_nodelay(true), far.set_nodelay(true));
    // The connections are closed when their halves are dropped.
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    let (mut forth, mut back) = ((near_read, far_write), (far_read, near_write));
    let is_cut_off = |state: &State| state.cut_off != begun.cut_off;
    if begun.mode != Mode::Silent {
        let delays = (state.clone(), state.clone());
        let both = async { tokio::join!(copy(&mut forth, delays.0), copy(&mut back, delays.1)) };
        tokio::select! {
            _ = both => return,
            _ = state.wait_for(|state| is_cut_off(state) || state.silenced != begun.silenced) => {}
        }
    }
    // A silent connection is held open until the proxy is cut off.
    _ = state.wait_for(is_cut_off).await;
}

/// Copies in one direction until the end of the stream, then shuts down the other side.
async fn copy((read, write): &mut (OwnedReadHalf, OwnedWriteHalf), state: watch::Receiver<State>) -> Option<()> {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let count = read.read(&mut bytes).await.unwrap_or(0);
        if count == 0 {
            return write.shutdown().await.ok();
        }
        let mode = state.borrow().mode;
        if let Mode::Open(delay) = mode
            && !delay.is_zero()
        {
            tokio::time::sleep(delay).await;
        }
        if write.write_all(&bytes[..count]).await.is_err() {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    /// Starts an echo server.
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
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(answers(&mut stream).await);
        proxy.be_silent();
        proxy.open();
        assert!(timeout(SHORT, answers(&mut stream)).await.is_err(), "also after a short silence");
    }

    #[tokio::test]
    async fn what_is_slow_arrives_late() {
        const DELAY: Duration = Duration::from_millis(100);
        let proxy = Proxy::to(echo().await.to_string()).await;
        proxy.slow_down(DELAY);
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        let begun = Instant::now();
        assert!(answers(&mut stream).await);
        assert!(begun.elapsed() >= 2 * DELAY, "{:?}", begun.elapsed());
    }
}
