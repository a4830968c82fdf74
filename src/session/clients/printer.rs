//! From all targets to standard output: straight, or in the order of answers.
//!
//! One task hands lines on, so that those of many targets that come at once are written with one call.

use super::order::Order;
use crate::session::shared::{InputFanout, Text};
use crate::session::stdout::Output;
use crate::sys::reactor::sleep_until;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Bytes of all targets together that may wait here before the targets have to wait.
const CAPACITY: usize = 4 << 20;

/// Takes whole lines of the targets.
pub(super) struct Printer {
    output: Output,
    fanout: Rc<InputFanout>,
    ready: RefCell<Vec<u8>>,
    order: Option<RefCell<Order>>,
    changed: Notify,
    /// There is space again, or it is another target's turn.
    space: Notify,
    /// The target whose turn it was at the last notification.
    turn: Cell<Option<usize>>,
    closing: Cell<bool>,
}

/// While it exists the order does not wait for the target.
struct Pause<'a>(&'a Printer, usize);

impl Printer {
    /// For `count` targets; in order if a patience is given.
    pub(super) fn new(
        output: Output,
        fanout: Rc<InputFanout>,
        count: usize,
        ordered: Option<Duration>,
    ) -> Self {
        Self {
            output,
            fanout,
            ready: RefCell::default(),
            order: ordered.map(|patience| RefCell::new(Order::new(count, patience, Instant::now()))),
            changed: Notify::new(),
            space: Notify::new(),
            turn: Cell::new(None),
            closing: Cell::new(false),
        }
    }

    /// Takes `lines` of a target that was sent `heard` lines once there is space for them; prints them or holds them for
    /// their turn.
    pub(super) async fn put(&self, index: usize, heard: impl FnOnce() -> u64, lines: impl FnOnce() -> Text) {
        if self.is_full(index) {
            let _pause = self.pause(index);
            while self.is_full(index) {
                self.space.notified().await;
            }
        }
        let mut ready = self.ready.borrow_mut();
        if let Some(order) = &self.order {
            let (mut order, heard) = (order.borrow_mut(), heard());
            order.asked(self.fanout.lines(), Instant::now());
            for (line, whole) in lines().lines() {
                order.answer(index, heard, line, whole, &mut ready);
            }
        } else {
            ready.append(&mut lines().bytes);
        }
        self.changed.notify_one();
    }

    fn is_full(&self, index: usize) -> bool {
        let held_back = |order: &RefCell<Order>| order.borrow().has_to_wait(index, CAPACITY);
        self.ready.borrow().len() > CAPACITY || self.order.as_ref().is_some_and(held_back)
    }

    /// Waits until it is this target's turn, and others wait for it; never where no order is kept.
    pub(super) async fn turn(&self, index: usize) {
        let Some(order) = &self.order else { return std::future::pending().await };
        let _pause = self.pause(index);
        while !order.borrow().is_on(index) {
            self.space.notified().await;
        }
    }

    fn pause(&self, index: usize) -> Pause<'_> {
        if let Some(order) = &self.order {
            order.borrow_mut().pause(index);
        }
        Pause(self, index)
    }

    /// Reports that the target is connected, and that `line` is the first it will be sent.
    pub(super) fn enter(&self, index: usize, line: impl FnOnce() -> u64) {
        if let Some(order) = &self.order {
            order.borrow_mut().enter(index, line());
        }
    }

    /// Reports that the target is disconnected.
    pub(super) fn leave(&self, index: usize) {
        if let Some(order) = &self.order {
            order.borrow_mut().leave(index);
            self.changed.notify_one();
        }
    }

    /// Hands lines on until [`Self::close`].
    pub(super) async fn run(&self) {
        loop {
            let last = self.closing.get();
            let due = self.advance();
            if !self.ready.borrow().is_empty() {
                self.output.put_with(|| self.ready.take()).await;
                self.space.notify_waiters();
            } else if last {
                return;
            } else {
                tokio::select! {
                    () = self.changed.notified() => {}
                    () = self.fanout.grown(), if self.order.is_some() => {}
                    () = sleep_until(due) => {}
                }
            }
        }
    }

    /// Moves the order on; returns until when a target is waited for.
    fn advance(&self) -> Option<Instant> {
        let mut order = self.order.as_ref()?.borrow_mut();
        order.asked(self.fanout.lines(), Instant::now());
        let due = order.advance(Instant::now(), &mut self.ready.borrow_mut());
        if self.turn.replace(order.turn()) != order.turn() {
            self.space.notify_waiters();
        }
        due
    }

    /// Reports that every target has ended: all that is left is printed.
    pub(super) fn close(&self) {
        if let Some(order) = &self.order {
            order.borrow_mut().leave_all();
        }
        self.closing.set(true);
        self.changed.notify_one();
    }
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        let Self(printer, index) = self;
        if let Some(order) = &printer.order {
            order.borrow_mut().resume(*index, Instant::now());
            printer.changed.notify_one();
        }
    }
}
