// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

//! Tasks that send to each other.

use crate::measure::{Round, Watch};
use crate::tasks::Yield;
use tokio::sync::{broadcast, mpsc, oneshot};

/// Two tasks and two channels with room for one: n times there and back.
pub async fn ping_pong(n: u64) -> Round {
    let (ping, mut pinged) = mpsc::channel::<u64>(1);
    let (pong, mut ponged) = mpsc::channel::<u64>(1);
    let other = tokio::spawn(async move {
        while let Some(value) = pinged.recv().await {
            pong.send(value + 1).await.unwrap();
        }
    });
    let mut sum = 0;
    let watch = Watch::new();
    for i in 0..n {
        ping.send(i).await.unwrap();
        sum += ponged.recv().await.unwrap();
    }
    let round = watch.round(sum);
    drop(ping);
    other.await.unwrap();
    round
}

/// n requests through a channel with room for one, each with a oneshot of its
/// own for the reply.
pub async fn oneshot_request(n: u64) -> Round {
    struct Request {
        value: u64,
        reply: oneshot::Sender<u64>,
    }
    let (requests, mut requested) = mpsc::channel::<Request>(1);
    let server = tokio::spawn(async move {
        while let Some(request) = requested.recv().await {
            request.reply.send(request.value + 1).unwrap();
        }
    });
    let mut sum = 0;
    let watch = Watch::new();
    for value in 0..n {
        let (reply, replied) = oneshot::channel();
        assert!(requests.send(Request { value, reply }).await.is_ok());
        sum += replied.await.unwrap();
    }
    let round = watch.round(sum);
    drop(requests);
    server.await.unwrap();
    round
}

/// 4 tasks send n / 4 numbers each to this one, through a channel with room for
/// 1024.
pub async fn mpsc_producers(n: u64) -> Round {
    let (numbers, mut received) = mpsc::channel::<u64>(1024);
    let watch = Watch::new();
    for _ in 0..4 {
        let numbers = numbers.clone();
        tokio::spawn(async move {
            for i in 1..=n / 4 {
                numbers.send(i).await.unwrap();
            }
        });
    }
    drop(numbers);
    let mut sum = 0;
    while let Some(number) = received.recv().await {
        sum += number;
    }
    watch.round(sum)
}

/// The same through a channel without a bound: nobody waits for room, and each
/// gives way after 100.
pub async fn unbounded_producers(n: u64) -> Round {
    let (numbers, mut received) = mpsc::unbounded_channel::<u64>();
    let watch = Watch::new();
    for _ in 0..4 {
        let numbers = numbers.clone();
        tokio::spawn(async move {
            for i in 1..=n / 4 {
                numbers.send(i).unwrap();
                if i % 100 == 0 {
                    Yield::default().await;
                }
            }
        });
    }
    drop(numbers);
    let mut sum = 0;
    while let Some(number) = received.recv().await {
        sum += number;
    }
    watch.round(sum)
}

/// n numbers from this task to each of 8 others, by 500: the next ones are sent
/// when all have received those. Half of what fits: nobody lags.
pub async fn broadcast_8(n: u64) -> Round {
    const BATCH: u64 = 500;
    let (numbers, _) = broadcast::channel::<u64>(1024);
    let (received, mut told) = mpsc::channel::<u64>(8);
    let listeners: [_; 8] = std::array::from_fn(|_| {
        let mut numbers = numbers.subscribe();
        let received = received.clone();
        tokio::spawn(async move {
            let mut sum = 0;
            for i in 1..=n {
                sum += numbers.recv().await.unwrap();
                if i % BATCH == 0 {
                    received.send(i).await.unwrap();
                }
            }
            sum
        })
    });
    let watch = Watch::new();
    for i in 1..=n {
        numbers.send(i).unwrap();
        if i % BATCH == 0 {
            for _ in 0..8 {
                assert_eq!(told.recv().await, Some(i));
            }
        }
    }
    let mut sum = 0;
    for listener in listeners {
        sum += listener.await.unwrap();
    }
    watch.round(sum)
}
