//! Readiness probe: one plain HTTP request to a running server, for containers without `curl`.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use url::Url;

/// Timeout for connecting (per address), and for each read and each write.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Reason why the server is not known to be ready.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReady {
    /// The URL scheme is not `http`, or the URL has no host.
    #[error("the URL must begin with `http://`")]
    Url,
    /// The configured port is 0, so the actual port is unknown.
    #[error("the configured management port is 0; set the actual address with `--url`")]
    Port,
    /// Connecting, reading or writing failed, for example because of the timeout.
    #[error("the server did not respond")]
    Silent(#[from] io::Error),
    /// The response status is not 200; contains the status line.
    #[error("the server responded with `{0}`")]
    Answer(String),
}

/// Returns the readiness URL of a server whose management listener is bound to `management`.
pub(crate) fn url(management: SocketAddr) -> Result<Url, NotReady> {
    let mut address = management;
    // A wildcard address includes the loopback address.
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        } else {
            IpAddr::V6(Ipv6Addr::LOCALHOST)
        });
    }
    if address.port() == 0 {
        return Err(NotReady::Port);
    }
    Url::parse(&format!("http://{address}/actuator/health/readiness")).map_err(|_| NotReady::Url)
}

/// Sends one `GET` request, without retries. Fails unless the response status is 200.
pub(crate) fn check(url: &Url) -> Result<(), NotReady> {
    if url.scheme() != "http" {
        return Err(NotReady::Url);
    }
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return Err(NotReady::Url) };
    let mut stream = connect(host, port)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    write!(stream, "GET {}{query} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n", url.path())?;
    let mut status = String::new();
    BufReader::new(stream).take(1024).read_line(&mut status)?;
    match status.split(' ').nth(1) {
        Some("200") => Ok(()),
        _ => Err(NotReady::Answer(status.trim_end().escape_debug().to_string())),
    }
}

fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for address in (host.trim_matches(['[', ']']), port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Serves one request with `answer`; returns the probe's result and the request line.
    fn asked(answer: &'static str) -> (Result<(), NotReady>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = url(listener.local_addr().unwrap()).unwrap();
        let server = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
            let first = lines.next().unwrap();
            lines.find(String::is_empty).unwrap();
            (&stream).write_all(answer.as_bytes()).unwrap();
            first
        });
        (check(&url), server.join().unwrap())
    }

    #[test]
    fn ready_is_200() {
        let (result, request) = asked("HTTP/1.1 200 OK\r\n\r\n{}");
        assert!(result.is_ok(), "{result:?}");
        assert_eq!(request, "GET /actuator/health/readiness HTTP/1.1");
        let (result, _) = asked("HTTP/1.1 503 Service Unavailable\r\n\r\n");
        assert_eq!(result.unwrap_err().to_string(), "the server responded with `HTTP/1.1 503 Service Unavailable`");
        assert!(matches!(asked("").0, Err(NotReady::Answer(_))));
    }

    #[test]
    fn a_refused_connection_is_not_ready() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(matches!(check(&url(free).unwrap()), Err(NotReady::Silent(_))));
    }

    #[test]
    fn where_it_is_asked() {
        let shown = |address: &str| url(address.parse().unwrap()).map(String::from).ok();
        assert_eq!(shown("0.0.0.0:8082").as_deref(), Some("http://127.0.0.1:8082/actuator/health/readiness"));
        assert_eq!(shown("[::]:1").as_deref(), Some("http://[::1]:1/actuator/health/readiness"));
        assert_eq!(shown("10.0.0.1:0"), None);
    }
}
