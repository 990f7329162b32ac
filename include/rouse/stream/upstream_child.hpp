// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/child.hpp"
#include "rouse/stream/stream.hpp"

#include <string_view>

namespace rouse::detail {

/// A stream that an adaptor polls beside others. As an Upstream, with the slot through which the adaptor is
/// told when this one can never be woken. See Child.
template <class S>
class UpstreamChild final : public ChildBase {
    using Stream = std::remove_reference_t<S>;

public:
    using Item = ItemOf<Stream>;
    template <class G>
    explicit UpstreamChild(std::in_place_t, G&& stream) : stream_(std::in_place, std::forward<G>(stream)) {}
    /// Before the first poll.
    UpstreamChild(UpstreamChild&& other) noexcept : stream_(std::move(other.stream_)) {}
    ~UpstreamChild() { end(); }

    [[nodiscard]] bool is_over() const noexcept { return !stream_; }
    Poll<stream::Maybe<Item>> poll(Context& cx, ChildSet& set) {
        if (!stream_) return no_item<Item>();
        auto next = detail::or_end(*this, [&] { return poll_once(cx, set); });
        if (next.is_ready() && !next.value().has_value()) end();
        return next;
    }
    /// Between two polls.
    void cancel_next() noexcept {
        if constexpr (CancelsNext<Stream>) {
            if (!stream_) return;
            begin_end();
            (*stream_).cancel_next();
            finish_cancel();
        }
    }
    /// Destroys the stream, and with it every waker that it keeps.
    void end() noexcept {
        if (!stream_) return;
        begin_end();
        if constexpr (std::is_reference_v<S> && Failable<Stream>) (void)(*stream_).fail_await(nullptr);
        stream_.reset();
        finish_end();
    }
    /// It is lost. True: its innermost coroutine throws at the next poll. Throws, if it has none; false, if
    /// the policy is to leave it.
    bool fail_lost(std::string_view role) {
        std::exception_ptr error = diagnose_hang(report(role));
        if (!error) {
            told();
            return false;
        }
        if constexpr (Failable<Stream>)
            if ((*stream_).fail_await(error)) return true;
        std::rethrow_exception(std::move(error));
    }
    /// It is lost, and the others may go on: tells the hook, once.
    void report_lost(std::string_view role) {
        told();
        report_hang(report(role));
    }
    void inspect(Inspector& to, std::string_view role) const {
        if (!stream_) return;
        to.begin_child(role);
        to.leaf(type_name<Stream>());
        inspect_future(*stream_, to);
        to.end_child();
    }
    /// While it is the only one that is waited for.
    void inspect(Inspector& to) const {
        if (stream_) inspect_future(*stream_, to);
    }

private:
    Poll<stream::Maybe<Item>> poll_once(Context& cx, ChildSet& set) {
        return poll_in_slot(cx, set, [this](Context& own) { return (*stream_).poll_next(own); });
    }
    HangReport report(std::string_view role) {
        AwaitFrames frames;
        inspect_future(*stream_, frames);
        return report_of(role, type_name<Stream>(), frames);
    }

    Held<S> stream_;
};

} // namespace rouse::detail
