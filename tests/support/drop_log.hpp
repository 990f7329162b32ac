// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace rouse_test {

/// What was destroyed, in order.
using DropLog = std::vector<std::string>;

/// Writes its name into the log when it is destroyed, unless it was moved from.
class Dropped {
public:
    Dropped(DropLog& log, std::string name) : log_(&log), name_(std::move(name)) {}
    Dropped(Dropped&& other) noexcept
        : log_(std::exchange(other.log_, nullptr)), name_(std::move(other.name_)) {}
    Dropped& operator=(Dropped&&) = delete;
    ~Dropped() {
        if (log_) log_->push_back(name_);
    }

private:
    DropLog* log_;
    std::string name_;
};

/// Counts its live objects, copies and moves included: 0 at the end, or something was destroyed twice or
/// never.
class Alive {
public:
    explicit Alive(int& count) noexcept : count_(&count) { ++*count_; }
    Alive(const Alive& other) noexcept : count_(other.count_) { ++*count_; }
    Alive(Alive&& other) noexcept : count_(other.count_) { ++*count_; }
    Alive& operator=(const Alive&) = delete;
    ~Alive() { --*count_; }

private:
    int* count_;
};

} // namespace rouse_test
