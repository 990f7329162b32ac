// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/expected.hpp"
#include "rouse/combine/indexed.hpp"
#include "rouse/combine/ready_set.hpp"

#include <vector>

namespace rouse {

namespace detail {

/// All futures of a range, each with a place for its value.
template <Future F>
class AllOf {
public:
    using Value = NonVoid<OutputOf<F>>;

    template <FutureRange Range>
    explicit AllOf(Range&& futures) {
        std::size_t index = 0;
        for (auto&& future : futures) set_.push(Indexed<F>(index++, std::move(future)));
        values_.resize(index);
    }

    /// True: all are ready, or `stop(value)` was true for the value of one. What one throws cancels all.
    template <class Stop>
    bool poll(Context& cx, std::string_view role, Stop stop) {
        const EndOnError end(*this);
        for (;;) {
            std::optional<std::pair<std::size_t, Value>> next;
            switch (set_.poll(cx, &next, role)) {
            case ReadySet::Polled::pending:
                return false;
            case ReadySet::Polled::none:
                return true;
            case ReadySet::Polled::ready:
                Value& value = values_[next->first].emplace(std::move(next->second));
                if (!stop(value)) continue;
                set_.clear();
                return true;
            }
        }
    }
    [[nodiscard]] std::vector<std::optional<Value>>& values() noexcept { return values_; }
    void inspect(Inspector& to, std::string_view role) const { set_.inspect(to, role); }

private:
    class EndOnError {
    public:
        explicit EndOnError(AllOf& all) noexcept : all_(all) {}
        ~EndOnError() {
            if (std::uncaught_exceptions() > exceptions_) all_.set_.clear();
        }
        EndOnError(const EndOnError&) = delete;
        EndOnError& operator=(const EndOnError&) = delete;

    private:
        AllOf& all_;
        int exceptions_ = std::uncaught_exceptions();
    };

    ReadySetHandle set_;
    std::vector<std::optional<Value>> values_;
};

} // namespace detail

/// See `join_all`.
template <Future F>
class [[nodiscard]] JoinAll {
public:
    using Output = std::vector<NonVoid<OutputOf<F>>>;

    template <detail::FutureRange Range>
    explicit JoinAll(std::in_place_t, Range&& futures) : all_(std::forward<Range>(futures)) {}

    Poll<Output> poll(Context& cx) {
        if (taken_) [[unlikely]]
            detail::stop_polled_after_ready("JoinAll");
        taken_ = true; // also if one throws
        if (!all_.poll(cx, "join_all", [](const auto&) { return false; })) {
            taken_ = false;
            return Pending;
        }
        Output values;
        values.reserve(all_.values().size());
        for (auto& value : all_.values()) values.push_back(std::move(*value));
        return Poll<Output>(std::in_place, std::move(values));
    }
    void inspect(Inspector& to) const { all_.inspect(to, "join_all"); }

private:
    detail::AllOf<F> all_;
    bool taken_ = false;
};

/// See `try_join_all`.
template <Future F>
    requires detail::Expected<OutputOf<F>>
class [[nodiscard]] TryJoinAll {
    using Result = detail::ExpectedTraits<OutputOf<F>>;
    using Values = std::vector<typename Result::Value>;

public:
    using Output = std::expected<Values, typename Result::Error>;

    template <detail::FutureRange Range>
    explicit TryJoinAll(std::in_place_t, Range&& futures) : all_(std::forward<Range>(futures)) {}

    Poll<Output> poll(Context& cx) {
        if (taken_) [[unlikely]]
            detail::stop_polled_after_ready("TryJoinAll");
        taken_ = true; // also if one throws
        std::optional<typename Result::Error> error;
        const auto stop = [&](auto& value) {
            if (value.has_value()) return false;
            error.emplace(std::move(value.error()));
            return true;
        };
        if (!all_.poll(cx, "try_join_all", stop)) {
            taken_ = false;
            return Pending;
        }
        if (error) return Poll<Output>(std::in_place, std::unexpect, std::move(*error));
        Values values;
        values.reserve(all_.values().size());
        for (auto& value : all_.values())
            if constexpr (std::is_void_v<typename OutputOf<F>::value_type>) values.emplace_back();
            else values.push_back(std::move(**value));
        return Poll<Output>(std::in_place, std::move(values));
    }
    void inspect(Inspector& to) const { all_.inspect(to, "try_join_all"); }

private:
    detail::AllOf<F> all_;
    bool taken_ = false;
};

/// Completes when all futures of a range have: a vector of their values, in the order of the range (`Unit`
/// for void). The futures are moved out of the range. For futures of several types use BoxFuture, or `join`.
/// Wake:   only futures that were woken are polled, however many there are: see FuturesUnordered.
/// Cancel: destroys the futures.
/// Errors: the first exception cancels the other futures and is rethrown. A future that can never be woken
///         again throws `LostWaker` at its own await, at once.
///
/// ```cpp
/// std::vector<rouse::Task<Page>> fetches;
/// for (const auto& url : urls) fetches.push_back(fetch(url));
/// std::vector<Page> pages = co_await rouse::join_all(std::move(fetches));
/// ```
template <detail::FutureRange Range>
[[nodiscard]] auto join_all(Range&& futures) {
    return JoinAll<std::ranges::range_value_t<Range>>(std::in_place, std::forward<Range>(futures));
}

/// As `join_all`, for futures of a `std::expected<T, E>`: completes with a `std::expected<std::vector<T>, E>`
/// when all have a value, or with the first error that comes; the other futures are destroyed before it is
/// seen. (To cancel on exceptions alone, `join_all` does.)
template <detail::FutureRange Range>
[[nodiscard]] auto try_join_all(Range&& futures) {
    using F = std::ranges::range_value_t<Range>;
    static_assert(detail::Expected<OutputOf<F>>,
                  "try_join_all is for futures of a std::expected; for exceptions alone use join_all");
    return TryJoinAll<F>(std::in_place, std::forward<Range>(futures));
}

} // namespace rouse
