// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

//! Several futures in one task, and streams. What Tokio has not is the futures
//! crate's.

use crate::measure::{Round, Watch};
use futures::future::ready;
use futures::stream::{self, FuturesUnordered, StreamExt};
use tokio::sync::{mpsc, oneshot};

/// The next number goes through another channel, when the one before was
/// answered.
async fn send_in_turn(numbers: Vec<mpsc::Sender<u64>>, mut answers: mpsc::Receiver<u64>, n: u64) {
    for i in 1..=n {
        numbers[i as usize % numbers.len()].send(i).await.unwrap();
        assert_eq!(answers.recv().await, Some(i));
    }
}

/// Channels with room for one, and the task that sends through them.
macro_rules! select_of {
    ($n:ident, $($received:ident),+) => {{
        let mut numbers = Vec::new();
        $(
            let (sender, mut $received) = mpsc::channel::<u64>(1);
            numbers.push(sender);
        )+
        let (answers, answered) = mpsc::channel::<u64>(1);
        let sender = tokio::spawn(send_in_turn(numbers, answered, $n));
        let mut sum = 0;
        let watch = Watch::new();
        for _ in 0..$n {
            let number = tokio::select! {
                $(number = $received.recv() => number.unwrap(),)+
            };
            sum += number;
            answers.send(number).await.unwrap();
        }
        let round = watch.round(sum);
        sender.await.unwrap();
        round
    }};
}

/// n times the first of 2 channels that has a number; the others are asked in
/// vain.
pub async fn select_2(n: u64) -> Round {
    select_of!(n, a, b)
}

/// The same with 16.
pub async fn select_16(n: u64) -> Round {
    select_of!(n, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q)
}

/// A set of 10,000 futures, each of a oneshot of its own, whose values are taken
/// as they come; n / 10,000 times.
pub async fn futures_unordered(n: u64) -> Round {
    const SIZE: usize = 10000;
    let (batches, mut received) = mpsc::channel::<Vec<Option<oneshot::Sender<u64>>>>(1);
    let sender = tokio::spawn(async move {
        let mut number = 0;
        while let Some(mut batch) = received.recv().await {
            // In no order, and all at once.
            for i in 0..SIZE {
                number += 1;
                batch[i * 7919 % SIZE].take().unwrap().send(number).unwrap();
            }
        }
    });
    let mut sum = 0;
    let watch = Watch::new();
    for _ in 0..n / SIZE as u64 {
        let mut set = FuturesUnordered::new();
        let mut batch = Vec::with_capacity(SIZE);
        for _ in 0..SIZE {
            let (tx, rx) = oneshot::channel();
            batch.push(Some(tx));
            set.push(async move { rx.await.unwrap() });
        }
        batches.send(batch).await.unwrap();
        while let Some(number) = set.next().await {
            sum += number;
        }
    }
    let round = watch.round(sum);
    drop(batches);
    sender.await.unwrap();
    round
}

/// n numbers through five adaptors, and their sum.
pub async fn stream_5(n: u64) -> Round {
    let watch = Watch::new();
    let sum = stream::iter(0..n)
        .map(|i| i * 3)
        .filter(|i| ready(i % 2 == 0))
        .enumerate()
        .take_while(|(_, i)| ready(*i < 3 * n))
        .chunks(64)
        .fold(0u64, |sum, chunk| {
            let more: u64 = chunk.iter().map(|(index, i)| *index as u64 ^ i).sum();
            ready(sum + more)
        })
        .await;
    watch.round(sum)
}
