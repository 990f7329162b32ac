// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Ten jobs, of which a semaphore lets three run at a time.

#include <rouse/rouse.hpp>

#include <algorithm>
#include <cstdio>

using namespace std::chrono_literals;

class Pool {
public:
    rouse::Semaphore slots{3};
    int running = 0;
    int most = 0;
};

rouse::Task<> job(Pool& pool, int id) {
    auto slot = co_await pool.slots.acquire(); // given back at the end, however that comes
    pool.most = std::max(pool.most, ++pool.running);
    co_await rouse::sleep(id * 100ms);
    --pool.running;
    std::printf("job %d is done\n", id);
}

rouse::Task<> main_task() {
    rouse::pause_clock(); // so that this takes no time
    Pool pool;
    rouse::JoinSet<> jobs;
    for (int id = 1; id <= 10; ++id) jobs.spawn(job, std::ref(pool), id);
    while (co_await jobs.join_next()) {}
    std::printf("at most %d at a time\n", pool.most);
}

int main() { rouse::run(main_task()); }
