// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Copies a file, and shows how far it is: two tasks of one thread. The copy waits for the disk, on the pool
// for blocking calls; meanwhile the other draws its line, and Ctrl-C is heard. What is not whole has another
// name (`TARGET.part`), and is gone when the copy fails or is interrupted.

#include "support/server.hpp"

#include <fmt/format.h>

#include <cstdio>

#include <unistd.h>

using namespace std::chrono_literals;
using rouse::Result;
using rouse::Task;
using rouse::fs::File;

/// Of one thread: no lock.
class Progress {
public:
    std::uint64_t size = 0; // 0: nobody knows
    std::uint64_t done = 0;
    rouse::Instant begin = rouse::now();

    [[nodiscard]] std::string line() const {
        const auto mebibytes = [](std::uint64_t count) { return static_cast<double>(count) / (1 << 20); };
        std::string text = fmt::format("{:.1f} MiB", mebibytes(done));
        if (size != 0)
            text += fmt::format(" of {:.1f} ({} %)", mebibytes(size),
                                std::min<std::uint64_t>(100, done * 100 / size));
        const double seconds = std::chrono::duration<double>(rouse::now() - begin).count();
        return text + fmt::format(", {:.0f} MiB/s", seconds > 0 ? mebibytes(done) / seconds : 0.0);
    }
};

/// On a terminal one line that is drawn again; else nothing until the end: a log has no use for it.
class ProgressLine {
public:
    ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}
    void draw(const Progress& progress) {
        if (!terminal_) return;
        fmt::print(stderr, "\r{}\x1b[K", progress.line()); // and clears what was longer
        std::fflush(stderr);
        drawn_ = true;
    }
    void last(const Progress& progress) {
        draw(progress);
        if (!terminal_) fmt::print(stderr, "{}", progress.line());
        fmt::print(stderr, "\n");
    }
    /// Something else is to be said.
    void leave() {
        if (drawn_) fmt::print(stderr, "\n");
    }

private:
    bool terminal_;
    bool drawn_ = false;
};

/// Why it failed, with the name of what it failed at.
class Failure {
public:
    Failure(std::string_view what, const std::string& path, std::error_code why)
        : text(fmt::format("copy: cannot {} {}: {}", what, path, why.message())) {}
    std::string text;
};

Task<std::optional<Failure>> copy_bytes(std::string from, std::string to, Progress& progress) {
    auto source = co_await File::open(from);
    if (!source) co_return Failure("open", from, source.error());
    const auto metadata = co_await source->metadata();
    if (!metadata) co_return Failure("look at", from, metadata.error());
    if (metadata->is_dir()) co_return Failure("copy", from, std::make_error_code(std::errc::is_a_directory));
    progress.size = metadata->is_file() ? metadata->size() : 0; // a pipe has none
    auto target = co_await File::create(to);
    if (!target) co_return Failure("create", to, target.error());

    std::vector<std::byte> buffer(1 << 20);
    for (;;) {
        const auto got = co_await source->read(buffer);
        if (!got) co_return Failure("read", from, got.error());
        if (*got == 0) break;
        const auto bytes = rouse::io::ConstBytes(buffer).first(*got);
        if (auto sent = co_await rouse::io::write_all(*target, bytes); !sent)
            co_return Failure("write", to, sent.error());
        progress.done += *got;
    }
    if (metadata->is_file())
        if (auto set = co_await target->set_permissions(metadata->permissions() & 0777); !set)
            co_return Failure("set the permissions of", to, set.error());
    if (auto synced = co_await target->sync_all(); !synced) co_return Failure("write", to, synced.error());
    co_return std::nullopt;
}

Task<> draw(const Progress& progress, ProgressLine& line) {
    auto ticks = rouse::interval(100ms);
    for (;;) {
        co_await ticks.tick();
        line.draw(progress);
    }
}

Task<int> copy(std::string from, std::string to) {
    auto interrupt = rouse::signal::ctrl_c(); // heard from here on
    const std::string part = to + ".part";
    Progress progress;
    ProgressLine line;
    // Whichever is first; the others are dropped, with what they are at. The drawing never ends by itself.
    auto ended =
        co_await rouse::select(copy_bytes(from, part, progress), std::move(interrupt), draw(progress, line));

    std::string why;
    if (ended.index() != 0) why = "copy: interrupted";
    else if (auto& failure = std::get<0>(ended)) why = failure->text;
    else if (auto renamed = co_await rouse::fs::rename(part, to); !renamed)
        why = Failure("create", to, renamed.error()).text;
    if (why.empty()) {
        line.last(progress);
        co_return 0;
    }
    line.leave();
    servers::complain(why);
    // It may not be there; and what was read or written when we gave up goes on, in a file without a name.
    (void)co_await rouse::fs::remove_file(part);
    co_return ended.index() != 0 ? 130 : 1;
}

int main(int argc, char** argv) {
    servers::Arguments arguments("copy",
                                 "Copies a file, and shows how far it is. Ctrl-C leaves nothing behind.");
    std::string from, to;
    arguments.required("source", from, "The file to copy");
    arguments.required("target", to, "What the copy is called; a file of that name is replaced");
    if (const auto ended = arguments.parse(argc, argv)) return *ended;
    rouse::RuntimeOptions options;
    options.blocking_patience =
        100ms; // a read that hangs (a dead disk, a pipe) is not waited for after Ctrl-C
    return rouse::run(copy(from, to), options);
}
