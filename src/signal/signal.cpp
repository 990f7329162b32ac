// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/signal/signal.hpp"

#include "rouse/base/atomic.hpp"
#include "rouse/io/signal_claim.hpp"

#include <cerrno>
#include <mutex>
#include <thread>

#include <sys/eventfd.h>
#include <unistd.h>

namespace rouse::detail {

/// A place in a list that the handler walks through. It is never freed, but used again.
///
/// [G1] The handler counts itself in, then reads the `signal` of each place, and writes to its descriptor.
/// [G2] Who leaves clears `signal`, then waits until no handler runs; only then the descriptor may be closed.
/// If G1 read the old signal, its count was there before G2's load: seq_cst, since both store and then load.
class SignalListener {
public:
    Atomic<int> signal{0}; // 0: nobody listens here
    Atomic<int> eventfd{-1};
    Atomic<bool> taken{true};
    SignalListener* next = nullptr;
};

namespace {

constinit Atomic<SignalListener*> first_listener{nullptr};
constinit Atomic<int> handlers_running{0};

std::mutex install_mutex; // for what follows
bool installed[NSIG] = {};
// Written before our handler is installed, and never again.
struct sigaction previous[NSIG] = {};

// Whatever the flags say: the two names of the handler are one place.
bool has_handler(const struct sigaction& action) noexcept {
    return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

void on_signal(int signal, siginfo_t* info, void* context) {
    const int errno_before = errno;
    handlers_running.fetch_add(1, memory_order_seq_cst); // [G1]
    for (const SignalListener* each = first_listener.load(memory_order_acquire); each; each = each->next) {
        if (each->signal.load(memory_order_seq_cst) != signal) continue;
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written =
            ::write(each->eventfd.load(memory_order_relaxed), &one, sizeof(one));
    }
    handlers_running.fetch_sub(1, memory_order_seq_cst);
    errno = errno_before;
    const struct sigaction& before = previous[signal];
    if (!has_handler(before)) return;
    if (before.sa_flags & SA_SIGINFO) before.sa_sigaction(signal, info, context);
    else before.sa_handler(signal);
}

std::error_code install(int signal) noexcept {
    const std::lock_guard lock(install_mutex);
    if (installed[signal]) return {};
    if (sigaction(signal, nullptr, &previous[signal]) != 0)
        return std::error_code(errno, std::system_category());
    struct sigaction action{};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    if (sigaction(signal, &action, nullptr) != 0) return std::error_code(errno, std::system_category());
    installed[signal] = true;
    if (!has_handler(previous[signal])) claim_signal(signal);
    return {};
}

SignalListener* take_place(int signal, int eventfd) {
    SignalListener* place = first_listener.load(memory_order_acquire);
    for (; place; place = place->next)
        if (!place->taken.load(memory_order_relaxed) && !place->taken.exchange(true, memory_order_acq_rel))
            break;
    const bool is_new = !place;
    if (is_new) place = new SignalListener;
    count_signal_listeners(signal, 1);
    place->eventfd.store(eventfd, memory_order_relaxed);
    place->signal.store(signal, memory_order_seq_cst);
    if (!is_new) return place;
    place->next = first_listener.load(memory_order_relaxed);
    while (!first_listener.compare_exchange_weak(place->next, place, memory_order_acq_rel,
                                                 memory_order_relaxed)) {}
    return place;
}

bool is_fault(int signal) noexcept {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL;
}

} // namespace

SignalPlace::~SignalPlace() {
    if (!listener_) return;
    const int signal = listener_->signal.exchange(0, memory_order_seq_cst); // [G2]
    while (handlers_running.load(memory_order_seq_cst) != 0) std::this_thread::yield();
    count_signal_listeners(signal, -1);
    listener_->taken.store(false, memory_order_release);
}

Result<> take_signal(int eventfd) noexcept {
    std::uint64_t count = 0;
    if (retry([&] { return ::read(eventfd, &count, sizeof(count)); }) < 0) return last_error();
    return {};
}

} // namespace rouse::detail

namespace rouse::signal {

Result<Signal> listen(int number) {
    if (number <= 0 || number >= NSIG || number == SIGKILL || number == SIGSTOP || detail::is_fault(number))
        return std::unexpected(std::error_code(EINVAL, std::system_category()));
    const int eventfd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (eventfd < 0) return detail::last_error();
    auto fd = io::AsyncFd::own(eventfd);
    if (!fd) return std::unexpected(fd.error());
    detail::SignalPlace place(detail::take_place(number, eventfd));
    if (const std::error_code error = detail::install(number)) return std::unexpected(error);
    return Signal(number, std::move(*fd), std::move(place));
}

} // namespace rouse::signal
