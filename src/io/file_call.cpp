// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/file_call.hpp"

#include <system_error>

#include <unistd.h>

namespace rouse::detail {

void FileCall::complete(int result) noexcept {
    const bool moves = action == FileAction::read || action == FileAction::write;
    if (moves && result > 0) ::lseek(fd(), place + result, SEEK_SET);
    if (result < 0) value.emplace(std::unexpect, -result, std::system_category());
    else value.emplace(static_cast<std::uint64_t>(result));
    let_go();
    finish();
}

void FileCall::abandon() noexcept {
    share();
    give_up(make_error_code(IoError::runtime_ended));
}

} // namespace rouse::detail
