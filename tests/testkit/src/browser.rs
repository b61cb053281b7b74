//! Minimal browser for login flows.

use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, Url};

use crate::http::{Reply, client};

/// HTTP client with a cookie jar (RFC 6265 §5). It follows no redirects, so a test sees every step.
///
/// Cookies are keyed by name and path. They ignore the port, as in real browsers, and also the host, because all tests
/// run on loopback.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    cookies: Vec<Cookie>,
}

#[derive(Clone)]
struct Cookie {
    name: String,
    value: String,
    path: String,
}

impl Default for Browser {
    fn default() -> Self {
        Self { client: client(), cookies: Vec::new() }
    }
}

impl Browser {
    pub async fn get(&mut self, url: Url) -> Reply {
        self.send(self.client.get(url)).await
    }

    /// Submits a form by `POST`.
    pub async fn submit(&mut self, url: Url, form: &[(&str, &str)]) -> Reply {
        self.send(self.client.post(url).form(form)).await
    }

    /// Builds a request that the other methods do not cover, for [`send`](Self::send).
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Adds a cookie for all paths.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        let path = "/".to_owned();
        self.cookies.retain(|cookie| cookie.name != name || cookie.path != path);
        self.cookies.push(Cookie { name: name.to_owned(), value: value.to_owned(), path });
    }

    /// Returns all cookies as name and value.
    pub fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cookies.iter().map(|cookie| (cookie.name.as_str(), cookie.value.as_str()))
    }

    /// Returns the value of the first cookie with this name, regardless of its path.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|cookie| cookie.name == name).map(|cookie| cookie.value.as_str())
    }

    /// Sends a request with the matching cookies and stores the cookies of the response.
    pub async fn send(&mut self, request: RequestBuilder) -> Reply {
        let built = request.try_clone().and_then(|request| request.build().ok());
        let url = built.expect("a request without a stream").url().clone();
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .filter(|cookie| matches(url.path(), &cookie.path))
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        let request = if cookies.is_empty() { request } else { request.header(COOKIE, cookies.join("; ")) };
        let reply = Reply::of(request).await;
        for cookie in reply.headers.get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()) {
            self.keep(cookie, &url);
        }
        reply
    }

    fn keep(&mut self, cookie: &str, url: &Url) {
        let mut parts = cookie.split(';').map(|part| part.trim().split_once('=').unwrap_or((part.trim(), "")));
        let (name, value) = parts.next().expect("split yields at least one part");
        let attributes: Vec<_> = parts.map(|(key, value)| (key.to_ascii_lowercase(), value)).collect();
        let attribute = |key: &str| attributes.iter().rev().find(|(name, _)| name == key).map(|(_, value)| *value);
        let path = attribute("path").filter(|path| path.starts_with('/')).map_or_else(|| directory(url), str::to_owned);
        // An expiry in the past deletes the cookie. Servers that delete by date all use the epoch.
        let deleted = attribute("max-age").is_some_and(|age| age.parse::<i64>().is_ok_and(|age| age <= 0))
            || attribute("expires").is_some_and(|date| date.contains(" 1970 "));
        self.cookies.retain(|cookie| cookie.name != name || cookie.path != path);
        if !deleted {
            self.cookies.push(Cookie { name: name.to_owned(), value: value.to_owned(), path });
        }
    }
}

/// Default path of a cookie (RFC 6265 §5.1.4).
fn directory(url: &Url) -> String {
    match url.path().rsplit_once('/') {
        Some((directory, _)) if !directory.is_empty() => directory.to_owned(),
        _ => "/".to_owned(),
    }
}

/// Path matching (RFC 6265 §5.1.4).
fn matches(path: &str, scope: &str) -> bool {
    path.strip_prefix(scope).is_some_and(|rest| rest.is_empty() || scope.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(kept: &[&str], path: &str) -> Vec<String> {
        let mut browser = Browser::default();
        let url = Url::parse("http://127.0.0.1/auth/login").expect("a URL");
        for cookie in kept {
            browser.keep(cookie, &url);
        }
        let fitting = browser.cookies.iter().filter(|cookie| matches(path, &cookie.path));
        fitting.map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect()
    }

    #[test]
    fn a_cookie_goes_to_its_path_and_below() {
        for (path, goes) in [("/auth", true), ("/auth/callback", true), ("/authority", false), ("/", false)] {
            assert_eq!(sent(&["a=1; Path=/auth; HttpOnly"], path).len(), usize::from(goes), "{path}");
            assert_eq!(sent(&["a=1"], path).len(), usize::from(goes), "the default path, {path}");
        }
        assert_eq!(sent(&["a=1; path=/"], "/anything"), ["a=1"]);
    }

    #[test]
    fn a_later_cookie_replaces_and_an_expired_one_deletes() {
        assert_eq!(sent(&["a=1; path=/", "b=x=y; path=/", "a=2; path=/"], "/"), ["b=x=y", "a=2"]);
        assert_eq!(sent(&["a=1; path=/", "a=; path=/; Max-Age=0"], "/"), [""; 0]);
        assert_eq!(sent(&["a=1; path=/", "a=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT"], "/"), [""; 0]);
    }
}
