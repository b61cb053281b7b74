//! Bodies that are generated after the head of the response is sent.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::load::Connection;

/// Response extension that marks a body which is generated after the head is sent. The request ends when the
/// [`EndOnDrop`] of the body is dropped.
#[derive(Clone, Default)]
pub(crate) struct Unfinished(Rc<OnceCell<Rc<Connection>>>);

impl Unfinished {
    /// Sets the connection whose current request ends when the body is dropped.
    pub(crate) fn end_on(&self, connection: &Rc<Connection>) {
        let _ = self.0.set(Rc::clone(connection));
    }
}

/// Part of a body that ends the request when it is dropped.
pub(crate) struct EndOnDrop(pub(crate) Unfinished);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        if let Some(connection) = self.0.0.get() {
            connection.end();
        }
    }
}
