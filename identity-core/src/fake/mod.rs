//! Stateful in-memory fakes of the ports.
