// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/stdio.hpp"

#include "rouse/io/operation.hpp"

#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rouse::io {
namespace {

/// O_NONBLOCK is of the open file, not of the descriptor: set on ours, it would surprise everybody who shares
/// it, the shell first of all. So what has a name in /proc is opened again.
int open_again(int fd, int flags) noexcept {
    struct stat raw{};
    if (::fstat(fd, &raw) != 0 || !(S_ISFIFO(raw.st_mode) || S_ISCHR(raw.st_mode))) return -1;
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    return detail::retry([&] { return ::open(path.c_str(), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); });
}

template <class Stream, class Variant>
Result<Variant> open_stream(int fd, int flags) {
    if (const int again = open_again(fd, flags); again >= 0)
        if (auto stream = Stream::own(again))
            return Variant(std::move(*stream)); // /dev/null cannot be watched
    detail::UniqueFd same(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (same.get() < 0) return detail::last_error();
    return Variant(detail::PoolFile(std::move(same)));
}

} // namespace

Result<Stdin> Stdin::of(int fd) {
    auto input = open_stream<PipeReceiver, Input>(fd, O_RDONLY);
    if (!input) return std::unexpected(input.error());
    return Stdin(std::move(*input));
}

Result<Stdout> Stdout::of(int fd) {
    auto output = open_stream<PipeSender, Out>(fd, O_WRONLY);
    if (!output) return std::unexpected(output.error());
    return Stdout(std::move(*output));
}

} // namespace rouse::io
