// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

//! What an idle task takes.

use crate::measure::{resident_bytes, Round, Watch};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use tokio::sync::oneshot;

/// n tasks without handles wait for a message of their own each; the channels
/// are there before. How much the resident memory grows by the tasks.
pub async fn idle_bytes(n: u64) -> Round {
    let mut senders = Vec::with_capacity(n as usize);
    let mut receivers = Vec::with_capacity(n as usize);
    for _ in 0..n {
        let (tx, rx) = oneshot::channel::<u64>();
        senders.push(tx);
        receivers.push(rx);
    }
    let waiting = Arc::new(AtomicU64::new(0));
    let sum = Arc::new(AtomicU64::new(0));
    let before = resident_bytes();
    let watch = Watch::new();
    for (i, rx) in receivers.drain(..).enumerate() {
        let (waiting, sum) = (waiting.clone(), sum.clone());
        tokio::spawn(async move {
            waiting.fetch_add(1, Ordering::Relaxed);
            sum.fetch_add(rx.await.unwrap(), Ordering::Relaxed);
        });
        // The run queue is not to be counted: they are let in by the thousand.
        if i % 1000 == 999 {
            tokio::task::yield_now().await;
        }
    }
    while waiting.load(Ordering::Relaxed) < n {
        tokio::task::yield_now().await;
    }
    let bytes = resident_bytes().saturating_sub(before);
    for tx in senders {
        tx.send(1).unwrap();
    }
    while sum.load(Ordering::Relaxed) < n {
        tokio::task::yield_now().await;
    }
    watch.round(sum.load(Ordering::Relaxed)).with_bytes(bytes)
}
