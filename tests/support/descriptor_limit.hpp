// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>

#include <sys/resource.h>

namespace rouse_test {

/// Room for more descriptors while it lives, here and in the processes that are started meanwhile.
class DescriptorLimit {
public:
    explicit DescriptorLimit(rlim_t wanted) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit more = before_;
        if (more.rlim_cur < wanted) more.rlim_cur = wanted;
        if (more.rlim_max < wanted) more.rlim_max = wanted; // root may
        if (::setrlimit(RLIMIT_NOFILE, &more) == 0) return;
        why_ = std::to_string(wanted) + " descriptors are needed in each process, and the hard limit is " +
               std::to_string(before_.rlim_max) + ": raise it (ulimit -Hn)";
    }
    ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    DescriptorLimit(const DescriptorLimit&) = delete;
    DescriptorLimit& operator=(const DescriptorLimit&) = delete;

    /// Empty: there is room.
    [[nodiscard]] const std::string& why_not() const noexcept { return why_; }

private:
    rlimit before_{};
    std::string why_;
};

} // namespace rouse_test
