// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

//! Spawning, yielding, and a tree of tasks.

use crate::measure::{Round, Watch};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::Notify;

/// Goes to the end of the run queue. `tokio::task::yield_now` lets the driver
/// have a turn first where nothing else is runnable, a system call each time;
/// whoever holds a lock that all others wait for would measure that.
#[derive(Default)]
pub struct Yield {
    yielded: bool,
}

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Spawns n empty tasks, keeps their handles, then awaits all of them.
pub async fn spawn_all(n: u64) -> Round {
    let mut handles = Vec::with_capacity(n as usize);
    let watch = Watch::new();
    for _ in 0..n {
        handles.push(tokio::spawn(async {}));
    }
    let mut joined = 0;
    for handle in handles {
        handle.await.unwrap();
        joined += 1;
    }
    watch.round(joined)
}

/// The same without handles: the last task to end tells. Tokio's own set of
/// tasks, JoinSet, allocates for each, and is slower.
pub async fn spawn_group(n: u64) -> Round {
    struct Group {
        left: AtomicU64,
        done: Notify,
    }
    let group = Arc::new(Group { left: AtomicU64::new(n), done: Notify::new() });
    let watch = Watch::new();
    for _ in 0..n {
        let group = group.clone();
        tokio::spawn(async move {
            if group.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                group.done.notify_one();
            }
        });
    }
    group.done.notified().await;
    watch.round(n - group.left.load(Ordering::Acquire))
}

/// Spawns an empty task and awaits it, n times.
pub async fn spawn_await(n: u64) -> Round {
    let mut joined = 0;
    let watch = Watch::new();
    for _ in 0..n {
        tokio::spawn(async {}).await.unwrap();
        joined += 1;
    }
    watch.round(joined)
}

/// One task yields n times. Since Tokio 1.23 `yield_now` lets the driver have a
/// turn first where nothing else is runnable: a system call each time.
pub async fn yield_1(n: u64) -> Round {
    let mut yields = 0;
    let watch = Watch::new();
    for _ in 0..n {
        tokio::task::yield_now().await;
        yields += 1;
    }
    watch.round(yields)
}

/// 1000 tasks yield n / 1000 times each.
pub async fn yield_1000(n: u64) -> Round {
    let each = n / 1000;
    let watch = Watch::new();
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            tokio::spawn(async move {
                let mut yields = 0;
                for _ in 0..each {
                    tokio::task::yield_now().await;
                    yields += 1;
                }
                yields
            })
        })
        .collect();
    let mut yields = 0;
    for task in tasks {
        yields += task.await.unwrap();
    }
    watch.round(yields)
}

/// A tree of tasks with ten children each and n leaves, which are tasks too; a
/// leaf returns its number, the others the sum of their children's.
pub async fn skynet(n: u64) -> Round {
    fn node(first: u64, leaves: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
        Box::pin(async move {
            let each = leaves / 10;
            let mut sum = 0;
            if each == 1 {
                let children: [_; 10] = std::array::from_fn(|i| {
                    let number = first + i as u64;
                    tokio::spawn(async move { number })
                });
                for child in children {
                    sum += child.await.unwrap();
                }
            } else {
                let children: [_; 10] =
                    std::array::from_fn(|i| tokio::spawn(node(first + i as u64 * each, each)));
                for child in children {
                    sum += child.await.unwrap();
                }
            }
            sum
        })
    }
    let watch = Watch::new();
    let sum = tokio::spawn(node(0, n)).await.unwrap();
    watch.round(sum)
}
