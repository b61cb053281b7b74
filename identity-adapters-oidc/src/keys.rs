//! One key set of an issuer, fetched on first use and kept up to date.
//!
//! Single flight: at most one fetch runs at a time, in its own task. Concurrent callers share it, and it continues if a
//! caller stops waiting. No lock is held during the request.

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity_core::port::Clock;
use time::{Duration, OffsetDateTime};
use tokio::sync::watch;
use url::Url;

use crate::algorithm::SigningAlgorithm;
use crate::discovery::{Discovered, Discovery, Endpoint, Endpoints};
use crate::http::{FetchError, Http};
use crate::jwk::KeySet;
use crate::settings::VerifierSettings;
use crate::telemetry::Telemetry;

/// Location of a key set: a configured URL, or the `jwks_uri` from discovery.
pub(crate) enum Location {
    Fixed(Url),
    Discovered(Box<Discovery>),
}

/// How fresh the keys must be that a caller of [`KeySource::keys`] gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Cached keys suffice. A fetch is awaited only if there are none, or if they are too old and the last fetch did
    /// not fail.
    Known,
    /// The cached keys do not verify the token, so keys from a new fetch are required. During the cool-down after a
    /// fetch, its result suffices if it was for a token with the same `kid`.
    Fresh,
}

/// Maximum number of fetches for unknown keys without a delay between them. After that, there is one per cool-down.
const BURST: i32 = 5;
/// Maximum number of `kid`s that are recorded per fetch, and maximum length in bytes of such a `kid`.
const MAX_ABSENT: usize = 256;
const MAX_KID: usize = 256;

/// Intervals between fetches of a key set, from [`VerifierSettings`].
#[derive(Clone, Copy)]
pub(crate) struct Pacing {
    refresh_after: Duration,
    cool_down: Duration,
    pub(crate) back_off: Duration,
}

impl Pacing {
    pub(crate) fn new(settings: &VerifierSettings) -> Self {
        let of = |duration| Duration::try_from(duration).unwrap_or(Duration::MAX);
        Self {
            refresh_after: of(settings.refresh_after),
            cool_down: of(settings.unknown_key_cool_down),
            back_off: of(settings.failure_back_off),
        }
    }
}

/// A key set: its location, the fetch settings, and the cached keys.
pub(crate) struct KeySource {
    pub(crate) location: Location,
    /// Whether this is the issuer's first key set, which alone determines whether the issuer is reported as up.
    pub(crate) is_primary: bool,
    pub(crate) algorithms: Vec<SigningAlgorithm>,
    pub(crate) pacing: Pacing,
    pub(crate) http: Http,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) state: State,
}

/// Cached keys of a key set, and the state of its fetches.
#[derive(Default)]
pub(crate) struct State {
    /// Time at which the next refresh is due, in Unix seconds. It is an atomic, because each use of a cached token
    /// reads it without taking the lock.
    due: AtomicI64,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// The last successfully fetched keys, and the time of their fetch.
    keys: Option<(Arc<KeySet>, OffsetDateTime)>,
    /// The last successful discovery result, used while discovery fails.
    discovered: Option<Discovered>,
    /// End of the last fetch, and its error if it failed.
    attempt: Option<(OffsetDateTime, Option<String>)>,
    /// The fetch in flight. It is complete when the sender is dropped.
    flight: Option<watch::Receiver<()>>,
    /// Rate limit of the fetches for unknown keys: the time at which the full burst is available again. Each such fetch
    /// moves it by one cool-down.
    paid_at: Option<OffsetDateTime>,
    /// The `kid`s of the tokens that started or joined the fetch in flight.
    sought: HashSet<String>,
    /// The `kid`s of the tokens that started or joined the last successful fetch. If the key of such a token is still
    /// missing, no other fetch is started for it during the cool-down.
    absent: HashSet<String>,
}

impl Inner {
    fn failure(&self) -> Option<&String> {
        self.attempt.as_ref().and_then(|(_, failure)| failure.as_ref())
    }

    fn is_in_the_air(&self) -> bool {
        self.flight.as_ref().is_some_and(|flight| flight.has_changed().is_ok())
    }

    /// Records the `kid` of a token that starts or joins a fetch.
    fn seek(&mut self, kid: Option<&str>) {
        if let Some(kid) = kid.filter(|kid| kid.len() <= MAX_KID)
            && self.sought.len() < MAX_ABSENT
        {
            self.sought.insert(kid.to_owned());
        }
    }

    /// Admits one fetch for an unknown key under the rate limit. Otherwise, the error is the time until the next one is
    /// admitted.
    fn pay(&mut self, now: OffsetDateTime, cool_down: Duration) -> Result<(), Duration> {
        let credit = cool_down.saturating_mul(BURST);
        // A clock that was set back does not prolong the pause.
        let paid_at = self.paid_at.filter(|at| *at <= now.saturating_add(credit)).map_or(now, |at| at.max(now));
        let next = paid_at.saturating_add(cool_down);
        let over = next - now.saturating_add(credit);
        if over.is_positive() {
            return Err(over);
        }
        self.paid_at = Some(next);
        Ok(())
    }
}

/// Handle to wait for the end of a fetch.
pub(crate) struct Flight(watch::Receiver<()>);

impl Flight {
    pub(crate) async fn end(mut self) {
        // The sender sends no value; dropping it is the signal.
        while self.0.changed().await.is_ok() {}
    }
}

/// Result of a fetch. An error includes the URL that failed.
struct Fetched {
    discovered: Option<Discovered>,
    keys: Result<KeySet, (Url, FetchError)>,
}

/// Immediate response to a request for keys: keys, a delay before a retry, or a fetch to wait for.
enum Answer {
    Keys(Arc<KeySet>),
    Pause(Duration),
    Wait(Flight),
}

impl KeySource {
    /// Returns the keys, after a fetch if necessary. The error is the delay before a retry. `kid` is that of the token
    /// to verify.
    pub(crate) async fn keys(self: &Arc<Self>, need: Need, kid: Option<&str>) -> Result<Arc<KeySet>, Duration> {
        match self.answer(need, kid) {
            Answer::Keys(keys) => return Ok(keys),
            Answer::Pause(left) => return Err(left),
            Answer::Wait(flight) => flight.end().await,
        }
        let inner = self.lock();
        match &inner.keys {
            Some((keys, _)) if need == Need::Known || inner.failure().is_none() => Ok(Arc::clone(keys)),
            _ => Err(self.pause(&inner)),
        }
    }

    fn answer(self: &Arc<Self>, need: Need, kid: Option<&str>) -> Answer {
        let mut inner = self.lock();
        let now = self.clock.now();
        let resting = self.resting(&inner, now);
        let failed = inner.failure().is_some();
        let Some((keys, fetched_at)) = inner.keys.clone() else {
            inner.seek(kid.filter(|_| resting.is_none()));
            return resting.map_or_else(|| Answer::Wait(self.take_off(&mut inner, now)), Answer::Pause);
        };
        let age = now - fetched_at;
        match (need, resting) {
            (Need::Known, Some(_)) => Answer::Keys(keys),
            (Need::Known, None) if age < self.pacing.refresh_after => Answer::Keys(keys),
            (Need::Known, None) => {
                inner.seek(kid);
                let flight = self.take_off(&mut inner, now);
                // Keys up to twice the refresh age are served during a refresh. Older keys may have been withdrawn:
                // callers wait for the new ones, unless the last fetch failed.
                let serve = failed || age < self.pacing.refresh_after.saturating_mul(2);
                if serve { Answer::Keys(keys) } else { Answer::Wait(flight) }
            }
            (Need::Fresh, Some(left)) if failed => Answer::Pause(left),
            // The last fetch was for a token with this `kid` and did not find the key.
            (Need::Fresh, Some(_)) if kid.is_some_and(|kid| inner.absent.contains(kid)) => Answer::Keys(keys),
            (Need::Fresh, _) => {
                if !inner.is_in_the_air()
                    && let Err(left) = inner.pay(now, self.pacing.cool_down)
                {
                    return Answer::Pause(left);
                }
                inner.seek(kid);
                Answer::Wait(self.take_off(&mut inner, now))
            }
        }
    }

    /// Starts a background fetch if the keys are due for a refresh. Costs one atomic read otherwise.
    pub(crate) fn refresh_if_due(self: &Arc<Self>, now: OffsetDateTime) {
        if now.unix_timestamp() >= self.state.due.load(Ordering::Relaxed) {
            drop(self.answer(Need::Known, None));
        }
    }

    /// Starts or joins a fetch if there are no keys yet, or only keys that are too old to be served. Returns `None` if
    /// no fetch is needed, or if the pause after the last one is not over.
    pub(crate) fn warm(self: &Arc<Self>) -> Option<Flight> {
        match self.answer(Need::Known, None) {
            Answer::Wait(flight) => Some(flight),
            Answer::Keys(_) | Answer::Pause(_) => None,
        }
    }

    /// Returns the UserInfo endpoint from discovery. Sends no request.
    pub(crate) fn user_info_url(&self) -> Result<Url, FetchError> {
        let said = self.lock().discovered.as_ref().map(|known| known.endpoints.url(Endpoint::UserInfo, false));
        said.unwrap_or(Err("is not known yet")).map_err(FetchError::UserInfoEndpoint)
    }

    /// Returns the discovered endpoints, which are fetched and cached together with the keys. The error is the delay
    /// before a retry.
    pub(crate) async fn endpoints(self: &Arc<Self>) -> Result<Arc<Endpoints>, Duration> {
        if matches!(self.location, Location::Fixed(_)) {
            return Ok(Arc::default());
        }
        let known = || self.lock().discovered.as_ref().map(|known| Arc::clone(&known.endpoints));
        if let Some(endpoints) = known() {
            self.refresh_if_due(self.clock.now());
            return Ok(endpoints);
        }
        let waited = self.keys(Need::Known, None).await;
        known().ok_or_else(|| waited.err().unwrap_or(self.pacing.back_off))
    }

    /// Returns descriptions of the published keys that cannot be used, each with the reason.
    pub(crate) fn faults(&self) -> Vec<String> {
        let inner = self.lock();
        inner.keys.iter().flat_map(|(keys, _)| keys.faults()).map(ToString::to_string).collect()
    }

    pub(crate) fn has_keys(&self) -> bool {
        self.lock().keys.is_some()
    }

    /// Returns whether the last fetch succeeded (`None` before the first), and its error.
    pub(crate) fn health(&self) -> (Option<bool>, Option<String>) {
        let inner = self.lock();
        (inner.attempt.as_ref().map(|(_, failure)| failure.is_none()), inner.failure().cloned())
    }

    fn pause(&self, inner: &Inner) -> Duration {
        if inner.keys.is_some() { self.pacing.cool_down } else { self.pacing.back_off }
    }

    /// Returns the remaining pause after the last fetch; `None` if it is over. A clock that was set back does not
    /// prolong it.
    fn resting(&self, inner: &Inner, now: OffsetDateTime) -> Option<Duration> {
        let since = (now - inner.attempt.as_ref()?.0).abs();
        let pause = self.pause(inner);
        (since < pause).then(|| pause - since)
    }

    /// Joins the fetch in flight, or starts one in its own task.
    fn take_off(self: &Arc<Self>, inner: &mut Inner, now: OffsetDateTime) -> Flight {
        if let Some(flight) = inner.flight.as_ref().filter(|_| inner.is_in_the_air()) {
            return Flight(flight.clone());
        }
        let (over, flight) = watch::channel(());
        inner.flight = Some(flight.clone());
        self.due_at(now.saturating_add(self.pacing.back_off));
        // Discovery is repeated with each refresh and after a failure, but not for an unknown key.
        let is_young = inner.keys.as_ref().is_some_and(|(_, at)| now - *at < self.pacing.refresh_after);
        let ask_discovery = !is_young || inner.failure().is_some();
        let discovered = inner.discovered.clone();
        let source = Arc::clone(self);
        tokio::spawn(async move {
            let fetched = source.fetch(discovered, ask_discovery).await;
            source.settle(fetched);
            drop(over);
        });
        Flight(flight)
    }

    /// Fetches the keys. First fetches the discovery document if `ask` is set, or if there is no earlier result in
    /// `kept`.
    async fn fetch(&self, kept: Option<Discovered>, ask: bool) -> Fetched {
        let (url, discovered) = match (&self.location, kept) {
            (Location::Fixed(url), _) => (url.clone(), None),
            (Location::Discovered(_), Some(kept)) if !ask => (kept.jwks.clone(), Some(kept)),
            (Location::Discovered(discovery), kept) => match (discovery.ask(&self.http).await, kept) {
                (Ok(known), _) | (Err(_), Some(known)) => (known.jwks.clone(), Some(known)),
                (Err(error), None) => {
                    return Fetched { discovered: None, keys: Err((discovery.document().clone(), error)) };
                }
            },
        };
        let keys = match self.http.get(&url).await {
            Ok(body) => KeySet::parse(&body, &self.algorithms).map_err(|error| FetchError::malformed(&error)),
            Err(error) => Err(error),
        };
        Fetched { discovered, keys: keys.map_err(|error| (url, error)) }
    }

    fn settle(&self, fetched: Fetched) {
        let now = self.clock.now();
        let mut inner = self.lock();
        let had_failed = inner.failure().is_some();
        inner.discovered = fetched.discovered.or_else(|| inner.discovered.take());
        let code = match fetched.keys {
            Ok(keys) => {
                let code = if keys.is_empty() { "empty" } else { "ok" };
                let known = inner.keys.as_ref().map_or(&[][..], |(former, _)| former.faults());
                self.telemetry.unusable_keys(keys.faults(), known);
                let keys = match &inner.keys {
                    Some((former, _)) => keys.replacing(former),
                    None => keys,
                };
                inner.absent = std::mem::take(&mut inner.sought);
                inner.keys = Some((Arc::new(keys), now));
                inner.attempt = Some((now, None));
                self.due_at(now.saturating_add(self.pacing.refresh_after));
                code
            }
            Err((mut url, error)) => {
                url.set_query(None);
                inner.sought.clear();
                inner.attempt = Some((now, Some(format!("{url} {error}"))));
                self.due_at(now.saturating_add(self.pause(&inner)));
                error.code()
            }
        };
        self.telemetry.fetched(code);
        if self.is_primary {
            self.telemetry.up(inner.failure().is_none());
        }
        match inner.failure() {
            Some(reason) => self.telemetry.warn(now, reason),
            None if had_failed => self.telemetry.recovered(),
            None => {}
        }
    }

    fn due_at(&self, at: OffsetDateTime) {
        self.state.due.store(at.unix_timestamp(), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code panics while it holds the lock; after a panic, the state would still be consistent.
        self.state.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
