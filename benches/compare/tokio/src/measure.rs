// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

//! A round of a workload: its times, and the line that tells of it.

use std::fs;
use std::time::Instant;

/// Of this process, all threads, in nanoseconds.
fn cpu_time() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // Safety: a plain system call that fills `time`.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The resident memory of this process, in bytes.
pub fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64
}

/// From its making to `round`.
pub struct Watch {
    start: Instant,
    cpu: u64,
}

impl Watch {
    pub fn new() -> Self {
        Watch { cpu: cpu_time(), start: Instant::now() }
    }

    /// `check` is compared with what the workload must have computed.
    pub fn round(self, check: u64) -> Round {
        let nanoseconds = self.start.elapsed().as_nanos() as u64;
        Round { nanoseconds, cpu: cpu_time() - self.cpu, check, more: String::new() }
    }
}

pub struct Round {
    pub nanoseconds: u64,
    cpu: u64,
    check: u64,
    more: String,
}

impl Round {
    pub fn with_bytes(mut self, bytes: u64) -> Self {
        self.more = format!(",\"bytes\":{bytes}");
        self
    }

    pub fn with_latencies(mut self, mut nanoseconds: Vec<u64>) -> Self {
        nanoseconds.sort_unstable();
        let at = |part: f64| nanoseconds[(part * (nanoseconds.len() - 1) as f64) as usize];
        self.more = format!(",\"p50\":{},\"p99\":{}", at(0.50), at(0.99));
        self
    }

    pub fn print(&self, workload: &str, threads: u64, round: u64, operations: u64) {
        println!(
            "{{\"workload\":\"{workload}\",\"threads\":{threads},\"round\":{round},\"operations\":{operations},\
             \"nanoseconds\":{},\"cpu\":{},\"check\":{}{}}}",
            self.nanoseconds, self.cpu, self.check, self.more
        );
    }
}
