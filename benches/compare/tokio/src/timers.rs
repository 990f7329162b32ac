// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

//! Sleeps, timeouts, timers that are cancelled.

use crate::measure::{Round, Watch};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Sleep;

/// Distinct microseconds below one second for each i below n, in no order.
fn scattered(i: u64, n: u64) -> Duration {
    Duration::from_micros(i * 7919 % n * 1_000_000 / n)
}

/// n tasks without handles sleep for 1 to 2 seconds each, all at once; the last
/// one tells.
pub async fn sleeps(n: u64) -> Round {
    struct Group {
        left: AtomicU64,
        done: Notify,
    }
    let group = Arc::new(Group { left: AtomicU64::new(n), done: Notify::new() });
    let watch = Watch::new();
    for i in 0..n {
        let group = group.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1) + scattered(i, n)).await;
            if group.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                group.done.notify_one();
            }
        });
    }
    group.done.notified().await;
    let round = watch.round(n - group.left.load(Ordering::Acquire));
    assert!(round.nanoseconds >= 1_000_000_000);
    round
}

/// A timeout of a minute around a yield, n times.
pub async fn timeouts(n: u64) -> Round {
    let mut in_time = 0;
    let watch = Watch::new();
    for _ in 0..n {
        let yielded = tokio::time::timeout(Duration::from_secs(60), tokio::task::yield_now()).await;
        in_time += yielded.is_ok() as u64;
    }
    watch.round(in_time)
}

/// Sets n timers for 60 to 61 seconds, all at once, then cancels them.
pub async fn create_and_cancel(n: u64) -> Round {
    struct PollOnce<'a>(Pin<&'a mut Sleep>);
    impl Future for PollOnce<'_> {
        type Output = bool;
        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
            Poll::Ready(self.0.as_mut().poll(cx).is_pending())
        }
    }
    // One place for all: a box for each would be an allocation more. Never moved once polled.
    let mut timers: Vec<Sleep> = Vec::with_capacity(n as usize);
    let mut pending = 0;
    let watch = Watch::new();
    for i in 0..n {
        timers.push(tokio::time::sleep(Duration::from_secs(60) + scattered(i, n)));
        // Safety: the vector has room for all from the start, and is only ever dropped.
        let timer = unsafe { Pin::new_unchecked(timers.last_mut().unwrap()) };
        pending += PollOnce(timer).await as u64;
    }
    drop(timers);
    watch.round(pending)
}
