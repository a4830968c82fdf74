//! The way from all targets to standard output: straight, or through the order of answers, which one task moves on.

use super::order::Order;
use crate::cmd::many::Feed;
use crate::cmd::stdout::Output;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Bytes held for their turn, all targets together, before those that said them have to wait.
const HELD: usize = 4 << 20;

/// Takes whole lines of the targets.
pub(super) struct Printer {
    output: Output,
    feed: Rc<Feed>,
    order: Option<RefCell<Order>>,
    changed: Notify,
    room: Notify,
    closing: Cell<bool>,
}

impl Printer {
    /// For `count` targets; in order if a patience is given.
    pub(super) fn new(output: Output, feed: Rc<Feed>, count: usize, ordered: Option<Duration>) -> Self {
        let order = ordered.map(|patience| RefCell::new(Order::new(count, patience, Instant::now())));
        Self { output, feed, order, changed: Notify::new(), room: Notify::new(), closing: Cell::new(false) }
    }

    /// Takes `lines` of a target that was sent `heard` lines when there is room for them, prints them or holds them for
    /// their turn.
    pub(super) async fn put(
        &self,
        seat: usize,
        heard: impl FnOnce() -> u64,
        lines: impl FnOnce() -> Vec<u8>,
    ) {
        let Some(order) = &self.order else { return self.output.put_with(lines).await };
        while order.borrow().is_full(seat, HELD) {
            self.room.notified().await;
        }
        let mut order = order.borrow_mut();
        order.asked(self.feed.lines(), Instant::now());
        let heard = heard();
        for line in lines().split_inclusive(|b| *b == b'\n') {
            order.answer(seat, heard, line);
        }
        self.changed.notify_one();
    }

    /// The target is connected, and `line` is the first it will be sent.
    pub(super) fn enter(&self, seat: usize, line: impl Fn() -> u64) {
        if let Some(order) = &self.order {
            order.borrow_mut().enter(seat, line());
        }
    }

    /// The target is not connected any more.
    pub(super) fn leave(&self, seat: usize) {
        if let Some(order) = &self.order {
            order.borrow_mut().leave(seat);
            self.changed.notify_one();
        }
    }

    /// Moves the order on until [`Self::close`].
    pub(super) async fn run(&self) {
        let Some(order) = &self.order else { return };
        loop {
            let last = self.closing.get();
            let due = self.advance(order).await;
            if last {
                return;
            }
            tokio::select! {
                () = self.changed.notified() => {}
                () = self.feed.grown() => {}
                () = sleep_until(due) => {}
            }
        }
    }

    /// Every target is gone: what is left is printed.
    pub(super) fn close(&self) {
        if let Some(order) = &self.order {
            order.borrow_mut().leave_all();
        }
        self.closing.set(true);
        self.changed.notify_one();
    }

    async fn advance(&self, order: &RefCell<Order>) -> Option<Instant> {
        let (due, ready) = {
            let mut order = order.borrow_mut();
            order.asked(self.feed.lines(), Instant::now());
            (order.advance(Instant::now()), order.ready())
        };
        if !ready.is_empty() {
            self.output.put(ready).await;
            self.room.notify_waiters();
        }
        due
    }
}

async fn sleep_until(then: Option<Instant>) {
    match then {
        Some(then) => tokio::time::sleep_until(then.into()).await,
        None => std::future::pending().await,
    }
}
