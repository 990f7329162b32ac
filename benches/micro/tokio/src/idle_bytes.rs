// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

//! `tokio_idle_bytes ROUNDS [SCALE]`: the `idle_bytes` row. A program of its
//! own, since its counting allocator would slow the other rows.
//!
//! Each of N = 1,000,000 tasks waits in a `oneshot::Receiver<i32>`. The number
//! is how much the sum of the live *requested* sizes grows from just before the
//! first spawn (channels and the Vecs that hold them are already there) until
//! every task has been polled once and waits; the join handles are dropped.
//!
//! Round 0 has the growth of the scheduler's run queue in it (a VecDeque of
//! pointers that never shrinks: 2^20 * 8 bytes for 1,000,000 tasks, all of them
//! queued at once); later rounds find the queue grown and show the task alone.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::sync::oneshot;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// realloc and alloc_zeroed are the trait's own, which go through these two.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Relaxed);
        System.alloc(layout)
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        System.dealloc(ptr, layout)
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

async fn idle_bytes(n: usize) -> usize {
    let mut senders = Vec::with_capacity(n);
    let mut receivers = Vec::with_capacity(n);
    for _ in 0..n {
        let (tx, rx) = oneshot::channel::<i32>();
        senders.push(tx);
        receivers.push(rx);
    }

    let before = LIVE.load(Relaxed);
    for rx in receivers.drain(..) {
        tokio::spawn(async move { assert_eq!(rx.await, Ok(1)) });
    }
    // The run queue is FIFO: once this one is done, each of the others waits.
    tokio::spawn(async {}).await.unwrap();
    let bytes = LIVE.load(Relaxed) - before;

    for tx in senders {
        tx.send(1).unwrap();
    }
    tokio::spawn(async {}).await.unwrap();
    bytes
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rounds = args.first().and_then(|arg| arg.parse::<u32>().ok());
    let scale = args.get(1).map_or(Some(1.0), |arg| arg.parse::<f64>().ok());
    let (rounds, scale) = rounds.zip(scale).unwrap_or_else(|| {
        eprintln!("usage: tokio_idle_bytes ROUNDS [SCALE]");
        std::process::exit(2)
    });
    let n = (1e6 * scale).max(1.0) as usize;
    let rt = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for round in 0..rounds {
        let bytes = rt.block_on(idle_bytes(n)) as f64 / n as f64;
        println!("{{\"workload\":\"idle_bytes\",\"round\":{round},\"bytes_per_task\":{bytes:.2}}}");
    }
}
