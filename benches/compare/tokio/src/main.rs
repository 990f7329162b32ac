// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

//! The Tokio peer of the comparison; ../../../README.md says what each workload
//! does, alike for every peer.
//!
//! One thread is a current-thread runtime, more are a multi-thread runtime with
//! as many workers, both with everything enabled, as `#[tokio::main]` has it. A
//! workload runs in a spawned task, since the future given to `block_on` runs on
//! no worker. It takes its own time.
//!
//! No `#[global_allocator]`: Rust's default on Linux is the `System` allocator,
//! which is glibc's malloc, as on the C++ side.

mod channels;
mod combine;
mod locks;
mod measure;
mod memory;
mod servers;
mod tasks;
mod timers;
mod wake;

use measure::Round;
use std::future::Future;
use std::pin::Pin;
use std::process::exit;
use tokio::runtime::{Builder, Runtime};

type Workload = Pin<Box<dyn Future<Output = Round> + Send>>;

fn boxed<F: Future<Output = Round> + Send + 'static>(workload: F) -> Workload {
    Box::pin(workload)
}

const WORKLOADS: &[(&str, fn(u64) -> Workload)] = &[
    ("spawn_all", |n| boxed(tasks::spawn_all(n))),
    ("spawn_group", |n| boxed(tasks::spawn_group(n))),
    ("spawn_await", |n| boxed(tasks::spawn_await(n))),
    ("yield_1", |n| boxed(tasks::yield_1(n))),
    ("yield_1000", |n| boxed(tasks::yield_1000(n))),
    ("skynet", |n| boxed(tasks::skynet(n))),
    ("ping_pong", |n| boxed(channels::ping_pong(n))),
    ("oneshot", |n| boxed(channels::oneshot_request(n))),
    ("mpsc", |n| boxed(channels::mpsc_producers(n))),
    ("unbounded", |n| boxed(channels::unbounded_producers(n))),
    ("broadcast_8", |n| boxed(channels::broadcast_8(n))),
    ("mutex_free", |n| boxed(locks::mutex_free(n))),
    ("mutex_100", |n| boxed(locks::mutex_100(n))),
    ("semaphore", |n| boxed(locks::semaphore(n))),
    ("notify", |n| boxed(locks::notify(n))),
    ("select_2", |n| boxed(combine::select_2(n))),
    ("select_16", |n| boxed(combine::select_16(n))),
    ("futures_unordered", |n| boxed(combine::futures_unordered(n))),
    ("stream_5", |n| boxed(combine::stream_5(n))),
    ("sleeps", |n| boxed(timers::sleeps(n))),
    ("timeout", |n| boxed(timers::timeouts(n))),
    ("timers", |n| boxed(timers::create_and_cancel(n))),
    ("idle_bytes", |n| boxed(memory::idle_bytes(n))),
    ("wake_foreign", |n| boxed(wake::wake_foreign(n))),
];

fn runtime(threads: usize) -> Runtime {
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    if threads > 1 {
        builder.worker_threads(threads);
    }
    builder.enable_all().build().unwrap()
}

enum Error {
    NotThere,
    Usage(String),
}

fn bad(what: &str, text: &str) -> Error {
    Error::Usage(format!("no such {what}: {text}"))
}

fn number(what: &str, text: &str) -> Result<u64, Error> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| bad(what, text))
}

fn measure(name: &str, threads: &str, rounds: &str, operations: &str) -> Result<(), Error> {
    let threads = number("number of threads", threads)?;
    let rounds = number("number of rounds", rounds)?;
    let operations = number("number of operations", operations)?;
    let (_, workload) = WORKLOADS.iter().find(|w| w.0 == name).ok_or(Error::NotThere)?;
    let rt = runtime(threads as usize);
    for i in 0..rounds {
        let round = rt.block_on(async { tokio::spawn(workload(operations)).await.unwrap() });
        round.print(name, threads, i, operations);
    }
    Ok(())
}

fn serve(what: &str, threads: &str) -> Result<(), Error> {
    let rt = runtime(number("number of threads", threads)? as usize);
    match what {
        "echo" => rt.block_on(servers::echo()),
        "http" => rt.block_on(servers::http()),
        _ => return Err(Error::NotThere),
    }
    Ok(())
}

fn run(args: &[&str]) -> Result<(), Error> {
    match args {
        ["version"] => println!("tokio {}\n{}", env!("TOKIO_VERSION"), env!("RUSTC_VERSION")),
        ["run", name, threads, rounds, operations] => measure(name, threads, rounds, operations)?,
        ["serve", what, threads] => serve(what, threads)?,
        _ => {
            return Err(Error::Usage(
                "usage: tokio_compare run WORKLOAD THREADS ROUNDS OPERATIONS | serve echo|http THREADS | version".into(),
            ))
        }
    }
    Ok(())
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(()) => {}
        Err(Error::NotThere) => exit(3),
        Err(Error::Usage(line)) => {
            eprintln!("tokio_compare: {line}");
            exit(2)
        }
    }
}
