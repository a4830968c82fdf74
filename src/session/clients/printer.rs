//! The way from all targets to standard output: straight, or through the order of answers.
//!
//! One task hands lines on, so that those of many targets that are there at once are written with one call.

use super::order::Order;
use crate::session::shared::{InputFanout, Text};
use crate::session::stdout::Output;
use crate::sys::reactor::sleep_until;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Bytes of all targets together that may wait here before those that said them have to wait as well.
const HELD: usize = 4 << 20;

/// Takes whole lines of the targets.
pub(super) struct Printer {
    output: Output,
    fanout: Rc<InputFanout>,
    ready: RefCell<Vec<u8>>,
    order: Option<RefCell<Order>>,
    changed: Notify,
    /// There is room again, or it is another target's turn.
    room: Notify,
    /// Whose turn it was when that was told.
    turn: Cell<Option<usize>>,
    closing: Cell<bool>,
}

/// While it lives nobody blames the target for its silence.
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
            room: Notify::new(),
            turn: Cell::new(None),
            closing: Cell::new(false),
        }
    }

    /// Takes `lines` of a target that was sent `heard` lines when there is room for them, prints them or holds them for
    /// their turn.
    pub(super) async fn put(&self, seat: usize, heard: impl FnOnce() -> u64, lines: impl FnOnce() -> Text) {
        if self.is_full(seat) {
            let _pause = self.pause(seat);
            while self.is_full(seat) {
                self.room.notified().await;
            }
        }
        let mut ready = self.ready.borrow_mut();
        if let Some(order) = &self.order {
            let (mut order, heard) = (order.borrow_mut(), heard());
            order.asked(self.fanout.lines(), Instant::now());
            for (line, whole) in lines().lines() {
                order.answer(seat, heard, line, whole, &mut ready);
            }
        } else {
            ready.append(&mut lines().bytes);
        }
        self.changed.notify_one();
    }

    fn is_full(&self, seat: usize) -> bool {
        let held_back = |order: &RefCell<Order>| order.borrow().has_to_wait(seat, HELD);
        self.ready.borrow().len() > HELD || self.order.as_ref().is_some_and(held_back)
    }

    /// Waits until it is this target's turn, and others wait for it; never where no order is kept.
    pub(super) async fn turn(&self, seat: usize) {
        let Some(order) = &self.order else { return std::future::pending().await };
        let _pause = self.pause(seat);
        while !order.borrow().is_on(seat) {
            self.room.notified().await;
        }
    }

    fn pause(&self, seat: usize) -> Pause<'_> {
        if let Some(order) = &self.order {
            order.borrow_mut().pause(seat);
        }
        Pause(self, seat)
    }

    /// The target is connected, and `line` is the first it will be sent.
    pub(super) fn enter(&self, seat: usize, line: impl FnOnce() -> u64) {
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

    /// Hands lines on until [`Self::close`].
    pub(super) async fn run(&self) {
        loop {
            let last = self.closing.get();
            let due = self.advance();
            if !self.ready.borrow().is_empty() {
                self.output.put_with(|| self.ready.take()).await;
                self.room.notify_waiters();
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

    /// Moves the order on; until when somebody is waited for.
    fn advance(&self) -> Option<Instant> {
        let mut order = self.order.as_ref()?.borrow_mut();
        order.asked(self.fanout.lines(), Instant::now());
        let due = order.advance(Instant::now(), &mut self.ready.borrow_mut());
        if self.turn.replace(order.turn()) != order.turn() {
            self.room.notify_waiters();
        }
        due
    }

    /// Every target is gone: what is left is printed.
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
        let Self(printer, seat) = self;
        if let Some(order) = &printer.order {
            order.borrow_mut().resume(*seat, Instant::now());
            printer.changed.notify_one();
        }
    }
}
