// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

//! A mutex, a semaphore, a Notify.

use crate::measure::{Round, Watch};
use crate::tasks::Yield;
use std::sync::Arc;
use tokio::sync::{Mutex, Notify, Semaphore};

const TASKS: u64 = 100;

/// One task locks a mutex n times that nobody else wants.
pub async fn mutex_free(n: u64) -> Round {
    let counter = Mutex::new(0);
    let watch = Watch::new();
    for _ in 0..n {
        *counter.lock().await += 1;
    }
    watch.round(counter.into_inner())
}

/// 100 tasks lock one mutex n / 100 times each, and go to the end of the run
/// queue while they have it.
pub async fn mutex_100(n: u64) -> Round {
    let counter = Arc::new(Mutex::new(0));
    let watch = Watch::new();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let counter = counter.clone();
            tokio::spawn(async move {
                for _ in 0..n / TASKS {
                    let mut guard = counter.lock().await;
                    Yield::default().await;
                    *guard += 1;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let count = *counter.lock().await;
    watch.round(count)
}

/// 100 tasks take one of 10 permits n / 100 times each, and go to the end of
/// the run queue with it.
pub async fn semaphore(n: u64) -> Round {
    let permits = Arc::new(Semaphore::new(10));
    let watch = Watch::new();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let permits = permits.clone();
            tokio::spawn(async move {
                let mut used = 0;
                for _ in 0..n / TASKS {
                    let _permit = permits.acquire().await.unwrap();
                    Yield::default().await;
                    used += 1;
                }
                used
            })
        })
        .collect();
    let mut used = 0;
    for task in tasks {
        used += task.await.unwrap();
    }
    watch.round(used)
}

/// Two tasks notify each other, n times there and back.
pub async fn notify(n: u64) -> Round {
    let asked = Arc::new(Notify::new());
    let answered = Arc::new(Notify::new());
    let other = tokio::spawn({
        let (asked, answered) = (asked.clone(), answered.clone());
        async move {
            for _ in 0..n {
                asked.notified().await;
                answered.notify_one();
            }
        }
    });
    let mut count = 0;
    let watch = Watch::new();
    for _ in 0..n {
        asked.notify_one();
        answered.notified().await;
        count += 1;
    }
    let round = watch.round(count);
    other.await.unwrap();
    round
}
