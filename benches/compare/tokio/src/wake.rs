// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

//! A wake from a thread that is not the runtime's.

use crate::measure::{Round, Watch};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

struct Shared {
    sent: AtomicU64, // when, in nanoseconds after `start`
    seen: AtomicU64, // how many
    wake: Notify,
    start: Instant,
}

impl Shared {
    fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }
}

/// A foreign thread wakes a task n times, 200 µs after it went to sleep: from
/// just before the wake until the task runs.
pub async fn wake_foreign(n: u64) -> Round {
    let shared = Arc::new(Shared {
        sent: AtomicU64::new(0),
        seen: AtomicU64::new(0),
        wake: Notify::new(),
        start: Instant::now(),
    });
    let waker = shared.clone();
    let watch = Watch::new();
    let thread = thread::spawn(move || {
        for i in 0..n {
            while waker.seen.load(Ordering::Acquire) < i {
                thread::yield_now();
            }
            thread::sleep(Duration::from_micros(200)); // it is parked by then
            waker.sent.store(waker.now(), Ordering::Release);
            waker.wake.notify_one();
        }
    });
    let mut latencies = Vec::with_capacity(n as usize);
    for i in 0..n {
        shared.wake.notified().await;
        latencies.push(shared.now() - shared.sent.load(Ordering::Acquire));
        shared.seen.store(i + 1, Ordering::Release);
    }
    let round = watch.round(latencies.len() as u64).with_latencies(latencies);
    thread.join().unwrap();
    round
}
