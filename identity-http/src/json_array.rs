//! Streamed JSON arrays: a long list is serialized in parts, and the worker serves other requests between the parts.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::error::ErrorInternalServerError;
use actix_web::web::Bytes;
use serde::Serialize;
use tokio::task::yield_now;

use crate::unfinished::{EndOnDrop, Unfinished};

/// Minimum size of a part in bytes, except the last one. Serialization yields once it is reached.
const PART: usize = 16 * 1024;
/// Maximum number of items per part, including items that are skipped.
const MAX_ITEMS: usize = 256;

/// Responds with a JSON array. Items that are `None` are omitted. `total`, if known, becomes the header
/// `X-Total-Count`.
pub(crate) fn respond<V: Serialize>(
    items: impl Iterator<Item = Option<V>> + 'static,
    total: Option<usize>,
) -> HttpResponse {
    let mut items = items.fuse();
    let mut is_begun = false;
    let mut parts = move || part(&mut items, &mut is_begun);
    let first = match parts() {
        Ok(first) => first,
        Err(error) => return ErrorInternalServerError(error).error_response(),
    };
    let mut response = HttpResponse::Ok();
    if let Some(total) = total {
        response.insert_header(("X-Total-Count", total.to_string()));
    }
    response.content_type("application/json");
    if first.is_last {
        return response.body(first.bytes);
    }
    let unfinished = Unfinished::default();
    let body = Body {
        next: Some(first),
        is_ended: false,
        parts: Box::new(parts),
        turn: Box::pin(yield_now()),
        _end: EndOnDrop(unfinished.clone()),
    };
    let mut response = response.body(body);
    response.extensions_mut().insert(unfinished);
    response
}

struct Part {
    bytes: Bytes,
    is_last: bool,
}

/// Serializes the next part of the array. `is_begun` is set once the opening bracket is written.
fn part<V: Serialize>(
    items: &mut impl Iterator<Item = Option<V>>,
    is_begun: &mut bool,
) -> Result<Part, serde_json::Error> {
    let mut bytes = Vec::new();
    for _ in 0..MAX_ITEMS {
        let Some(item) = items.next() else {
            bytes.extend_from_slice(if *is_begun { b"]" } else { b"[]" });
            return Ok(Part { bytes: bytes.into(), is_last: true });
        };
        let Some(view) = item else { continue };
        bytes.push(if std::mem::replace(is_begun, true) { b',' } else { b'[' });
        serde_json::to_writer(&mut bytes, &view)?;
        if bytes.len() >= PART {
            break;
        }
    }
    Ok(Part { bytes: bytes.into(), is_last: false })
}

/// Body of a JSON array that exceeds one part.
struct Body {
    next: Option<Part>,
    is_ended: bool,
    parts: Box<dyn FnMut() -> Result<Part, serde_json::Error>>,
    /// Completes once the worker has polled other tasks. A task that wakes itself would not let them run first.
    turn: Pin<Box<dyn Future<Output = ()>>>,
    _end: EndOnDrop,
}

impl MessageBody for Body {
    type Error = serde_json::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, serde_json::Error>>> {
        loop {
            match self.next.take() {
                Some(part) => {
                    self.is_ended = part.is_last;
                    // An empty chunk would end a body with chunked transfer coding.
                    if !part.bytes.is_empty() {
                        return Poll::Ready(Some(Ok(part.bytes)));
                    }
                }
                None if self.is_ended => return Poll::Ready(None),
                None => {
                    ready!(self.turn.as_mut().poll(cx));
                    self.turn = Box::pin(yield_now());
                    match (self.parts)() {
                        Err(error) => return Poll::Ready(Some(Err(error))),
                        Ok(part) => self.next = Some(part),
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::rc::Rc;

    use actix_web::body::to_bytes;
    use futures_util::FutureExt;

    use super::*;

    fn odd(number: usize) -> Option<usize> {
        (number % 2 == 1).then_some(number)
    }

    #[actix_web::test]
    async fn arrays_of_any_length_are_whole() {
        for count in [0, 1, 2, 255, 256, 257, 600, 5000] {
            let response = respond((0..count).map(odd), Some(count));
            let total = response.headers().get("x-total-count").and_then(|total| total.to_str().ok());
            assert_eq!(total, Some(&*count.to_string()));
            let body = to_bytes(response.into_body()).await.unwrap_or_default();
            let expected: Vec<usize> = (0..count).filter_map(odd).collect();
            assert_eq!(serde_json::from_slice::<Vec<usize>>(&body).ok(), Some(expected));
        }
    }

    #[actix_web::test]
    async fn a_turn_makes_no_more_than_a_part() {
        for (view, most) in [("x".repeat(100), MAX_ITEMS), ("x".repeat(PART / 4), 4)] {
            let taken = Rc::new(Cell::new(0));
            let count = Rc::clone(&taken);
            let items = (0..2000).map(move |number| {
                count.set(count.get() + 1);
                odd(number).map(|_| view.clone())
            });
            let mut body = Box::pin(respond(items, None).into_body());
            let mut before = 0;
            loop {
                let made = taken.get() - before;
                assert!(made <= 2 * most, "{made} items in one turn");
                before = taken.get();
                match poll_fn(|cx| body.as_mut().poll_next(cx)).now_or_never() {
                    Some(None) => break,
                    Some(Some(part)) => assert!(part.is_ok_and(|part| !part.is_empty())),
                    None => {}
                }
            }
            assert_eq!(taken.get(), 2000);
        }
    }
}
