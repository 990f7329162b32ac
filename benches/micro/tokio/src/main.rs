// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

//! The Tokio peer of the micro benchmarks.
//!
//! `tokio_micro WORKLOAD ROUNDS [SCALE]` prints one JSON line for each round,
//! round 0 being the cold one of a fresh process; SCALE (1 if not given)
//! multiplies the number of operations. `tokio_micro list` prints the workloads'
//! names, `tokio_micro version` what the program was built with. `idle_bytes`
//! is another program: idle_bytes.rs.
//!
//! Everything runs on one current-thread runtime without an I/O driver, made
//! before round 0; only `sleep_drop` enables time. Each workload takes its own
//! time inside the runtime, so entering it isn't measured. "In the root" means
//! in the future given to `block_on`; "in a task" means in a spawned one. The
//! difference matters: the root is woken through the driver's unpark and polled
//! only after the run queue, a task goes through the queue.
//!
//! No `#[global_allocator]`: Rust's default on Linux is the `System` allocator,
//! which is glibc's malloc, as on the C++ side.

// For the 100 nested modules and the depth of their futures' type.
#![recursion_limit = "1024"]

use std::arch::asm;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::process::exit;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, Notify};

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The handles' Vec is reserved before, but its pages are first touched here.
async fn spawn_join(n: u64) -> Duration {
    let mut handles = Vec::with_capacity(n as usize);
    let start = Instant::now();
    for _ in 0..n {
        handles.push(tokio::spawn(async {}));
    }
    for handle in handles {
        handle.await.unwrap();
    }
    start.elapsed()
}

async fn spawn_await(n: u64) -> Duration {
    let start = Instant::now();
    for _ in 0..n {
        tokio::spawn(async {}).await.unwrap();
    }
    start.elapsed()
}

/// Since Tokio 1.23 `yield_now` does not requeue its task: it leaves the waker
/// on a list that is woken only once the run queue is empty (or after 61 tasks)
/// and the driver has been polled, so that a yielding task can't starve the
/// driver. With one task alone, as here, each yield thus includes a turn of the
/// driver; without I/O and time that is a cheap `park_timeout(0)`.
async fn yield_now(n: u64) -> Duration {
    let start = Instant::now();
    for _ in 0..n {
        tokio::task::yield_now().await;
    }
    start.elapsed()
}

/// The cheapest way round the scheduler, for comparison: wake oneself, which
/// requeues the task at once, and be pending. (`yield_now` before Tokio 1.23.)
async fn yield_wake(n: u64) -> Duration {
    struct WakeSelf(bool);
    impl Future for WakeSelf {
        type Output = ();
        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
            if std::mem::replace(&mut self.0, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    }
    let start = Instant::now();
    for _ in 0..n {
        WakeSelf(false).await;
    }
    start.elapsed()
}

/// `yield_now` at the bottom of `depth` async fns, each in a box of its own.
/// This is the fair counterpart of a stack of C++ coroutines: a heap-allocated
/// frame for each level, called through a pointer, any depth, recursion too. A
/// poll goes from the top through every level, so the cost grows with depth.
fn boxed_stack(depth: u32, n: u64) -> BoxFuture<Duration> {
    if depth == 1 {
        Box::pin(yield_now(n))
    } else {
        Box::pin(async move { boxed_stack(depth - 1, n).await })
    }
}

/// The same with 100 distinct async fns and no box: what Rust code gets where
/// the depth is known statically and nothing recurses. It is one flat state
/// machine, which the compiler can inline; C++ only has it where frames are elided.
macro_rules! flat_stack {
    ($_bottom:tt) => {
        pub(crate) use crate::yield_now as run;
    };
    ($_level:tt $($rest:tt)+) => {
        mod inner { flat_stack!($($rest)+); }
        pub(crate) async fn run(n: u64) -> std::time::Duration {
            inner::run(n).await
        }
    };
}
mod flat_stack {
    flat_stack!(
        1 2 3 4 5 6 7 8 9 10 1 2 3 4 5 6 7 8 9 20 1 2 3 4 5 6 7 8 9 30 1 2 3 4 5 6 7 8 9 40
        1 2 3 4 5 6 7 8 9 50 1 2 3 4 5 6 7 8 9 60 1 2 3 4 5 6 7 8 9 70 1 2 3 4 5 6 7 8 9 80
        1 2 3 4 5 6 7 8 9 90 1 2 3 4 5 6 7 8 9 100
    );
}

/// One slot from the requester to the replier.
struct Handover {
    slot: Cell<Option<oneshot::Sender<u64>>>,
    filled: Notify,
}

// Safety: `spawn` asks for Send, but a current-thread runtime polls every task
// on the thread in `block_on`, and no other thread exists.
unsafe impl Sync for Handover {}

/// Two tasks. An iteration: A (this one) makes a channel, puts the sender in
/// the slot, wakes B by the Notify, and awaits the receiver; B, which waits in
/// the Notify, takes the sender and sends, which wakes A. The channel is freed
/// by the last of both. Two task switches an iteration.
async fn oneshot_pair(n: u64) -> Duration {
    let handover = Arc::new(Handover { slot: Cell::new(None), filled: Notify::new() });
    let peer = handover.clone();
    let replier = tokio::spawn(async move {
        for i in 0..n {
            peer.filled.notified().await;
            peer.slot.take().unwrap().send(i).unwrap();
        }
    });
    tokio::task::yield_now().await; // B waits in its Notify now.
    let start = Instant::now();
    for i in 0..n {
        let (tx, rx) = oneshot::channel();
        handover.slot.set(Some(tx));
        handover.filled.notify_one();
        assert_eq!(rx.await, Ok(i));
    }
    let elapsed = start.elapsed();
    replier.await.unwrap();
    elapsed
}

/// An iteration: make a channel, spawn a task that sends (its handle is dropped
/// at once), and await the receiver.
async fn oneshot_spawn(n: u64) -> Duration {
    let start = Instant::now();
    for i in 0..n {
        let (tx, rx) = oneshot::channel();
        drop(tokio::spawn(async move { tx.send(i).unwrap() }));
        assert_eq!(rx.await, Ok(i));
    }
    start.elapsed()
}

/// The timer is registered in the wheel by its one poll and removed by the drop;
/// it lives in this future's frame (no allocation). No turn of the driver comes
/// between: the task is polled once.
async fn sleep_drop(n: u64) -> Duration {
    struct PollOnce<'a, F>(Pin<&'a mut F>);
    impl<F: Future> Future for PollOnce<'_, F> {
        type Output = Poll<F::Output>;
        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(self.0.as_mut().poll(cx))
        }
    }
    let start = Instant::now();
    for _ in 0..n {
        let sleep = tokio::time::sleep(Duration::from_secs(60));
        tokio::pin!(sleep);
        assert!(PollOnce(sleep).await.is_pending());
    }
    start.elapsed()
}

/// `std::hint::black_box` came with Rust 1.66.
#[inline(always)]
fn black_box(value: u64) -> u64 {
    let result;
    // Safety: the assembly is a comment.
    unsafe { asm!("/* {0} */", inout(reg) value => result) };
    result
}

async fn ready(value: u64) -> u64 {
    black_box(value)
}

// Not inlined, or the compiler could see the box's whole life and remove it.
#[inline(never)]
fn ready_boxed(value: u64) -> BoxFuture<u64> {
    Box::pin(ready(value))
}

/// A heap-allocated future for each call, as a C++ coroutine's frame is (where
/// it isn't elided): malloc, a poll through the vtable, free.
async fn await_ready(n: u64) -> Duration {
    let start = Instant::now();
    for i in 0..n {
        assert_eq!(ready_boxed(i).await, i);
    }
    start.elapsed()
}

/// What idiomatic Rust costs: the callee is part of the caller's state machine
/// and is inlined; `black_box` keeps a call's worth of work in the loop.
async fn await_ready_unboxed(n: u64) -> Duration {
    let start = Instant::now();
    for i in 0..n {
        assert_eq!(ready(i).await, i);
    }
    start.elapsed()
}

fn in_root<F: Future<Output = Duration>>(rt: &Runtime, workload: F) -> Duration {
    rt.block_on(workload)
}

fn in_task<F>(rt: &Runtime, workload: F) -> Duration
where
    F: Future<Output = Duration> + Send + 'static,
{
    rt.block_on(async { tokio::spawn(workload).await.unwrap() })
}

const MILLION: f64 = 1e6;

type Round = fn(&Runtime, u64) -> Duration;

/// Name, operations at scale 1, and how a round is run.
const WORKLOADS: &[(&str, f64, Round)] = &[
    ("spawn_join_1m", MILLION, |rt, n| in_root(rt, spawn_join(n))),
    ("spawn_await", MILLION, |rt, n| in_root(rt, spawn_await(n))),
    ("spawn_await_spawned", MILLION, |rt, n| in_task(rt, spawn_await(n))),
    ("yield_depth1", 10.0 * MILLION, |rt, n| in_root(rt, yield_now(n))),
    ("yield_depth1_spawned", 10.0 * MILLION, |rt, n| in_task(rt, yield_now(n))),
    ("yield_wake_spawned", 10.0 * MILLION, |rt, n| in_task(rt, yield_wake(n))),
    ("yield_depth100", 10.0 * MILLION, |rt, n| in_root(rt, boxed_stack(100, n))),
    ("yield_depth100_unboxed", 10.0 * MILLION, |rt, n| in_root(rt, flat_stack::run(n))),
    ("oneshot", MILLION, |rt, n| in_task(rt, oneshot_pair(n))),
    ("oneshot_spawn", MILLION, |rt, n| in_task(rt, oneshot_spawn(n))),
    ("sleep_drop", MILLION, |rt, n| in_task(rt, sleep_drop(n))),
    ("await_ready", 10.0 * MILLION, |rt, n| in_root(rt, await_ready(n))),
    ("await_ready_unboxed", 10.0 * MILLION, |rt, n| in_root(rt, await_ready_unboxed(n))),
];

fn measure(name: &str, rounds: u32, scale: f64) -> Option<()> {
    let (_, ops, round) = WORKLOADS.iter().find(|workload| workload.0 == name)?;
    let ops = (ops * scale).max(1.0) as u64;
    let mut builder = Builder::new_current_thread();
    if name == "sleep_drop" {
        builder.enable_time();
    }
    let rt = builder.build().unwrap();
    for i in 0..rounds {
        let ns = round(&rt, ops).as_nanos() as f64 / ops as f64;
        println!("{{\"workload\":\"{name}\",\"round\":{i},\"ns_per_op\":{ns:.2}}}");
    }
    Some(())
}

fn run(args: &[&str]) -> Option<()> {
    match args {
        ["list"] => WORKLOADS.iter().for_each(|workload| println!("{}", workload.0)),
        ["version"] => {
            println!("tokio {}\n{}", env!("TOKIO_VERSION"), env!("RUSTC_VERSION"))
        }
        [name, rounds] => measure(name, rounds.parse().ok()?, 1.0)?,
        [name, rounds, scale] => measure(name, rounds.parse().ok()?, scale.parse().ok()?)?,
        _ => return None,
    }
    Some(())
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if run(&args).is_none() {
        eprintln!("usage: tokio_micro WORKLOAD ROUNDS [SCALE] | list | version");
        exit(2);
    }
}
