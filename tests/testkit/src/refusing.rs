//! PostgreSQL server that requests a password and rejects every one (frontend/backend protocol 3.0).

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Request code for TLS, sent in place of a protocol version.
const TLS_REQUEST: i32 = 80_877_103;

/// Database server that rejects every password. It ends on drop.
pub struct RefusingPostgres {
    port: u16,
    passwords: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl RefusingPostgres {
    /// Listens on a free loopback port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let passwords: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&passwords);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(refuse(stream, Arc::clone(&heard)));
            }
        });
        Self { port, passwords, serving }
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the passwords received so far, in order.
    pub fn passwords(&self) -> Vec<String> {
        self.passwords.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for RefusingPostgres {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn refuse(mut stream: TcpStream, passwords: Arc<Mutex<Vec<String>>>) -> Option<()> {
    loop {
        let length = usize::try_from(stream.read_i32().await.ok()?).ok()?.checked_sub(8)?;
        let code = stream.read_i32().await.ok()?;
        let mut parameters = vec![0; length];
        stream.read_exact(&mut parameters).await.ok()?;
        if code != TLS_REQUEST {
            break;
        }
        stream.write_all(b"N").await.ok()?;
    }
    // AuthenticationCleartextPassword.
    stream.write_all(&[b'R', 0, 0, 0, 8, 0, 0, 0, 3]).await.ok()?;
    if stream.read_u8().await.ok()? != b'p' {
        return None;
    }
    let length = usize::try_from(stream.read_i32().await.ok()?).ok()?.checked_sub(4)?;
    let mut password = vec![0; length];
    stream.read_exact(&mut password).await.ok()?;
    let password = String::from_utf8_lossy(&password).trim_end_matches('\0').to_owned();
    passwords.lock().unwrap_or_else(PoisonError::into_inner).push(password);
    let fields = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed\0\0";
    let length = i32::try_from(fields.len() + 4).ok()?;
    stream.write_u8(b'E').await.ok()?;
    stream.write_i32(length).await.ok()?;
    stream.write_all(fields).await.ok()?;
    stream.flush().await.ok()
}
