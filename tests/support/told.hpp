// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/core/inspect.hpp>

#include <string>

namespace rouse_test {

/// What a future says that it waits for.
template <class F>
std::string told_by(const F& future) {
    class Told : public rouse::Inspector {
    public:
        void frame(const rouse::SourceLocation&) override {}
        void leaf(std::string_view) override {}
        void waits_for(rouse::WaitKind, const void*, std::string_view text) override {
            if (!said.empty()) said += ", ";
            said += text;
        }
        void begin_child(std::string_view) override {}
        void end_child() override {}
        std::string said;
    };
    Told told;
    future.inspect(told);
    return told.said;
}

} // namespace rouse_test
