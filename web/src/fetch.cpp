// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/web/fetch.hpp"

namespace rouse::web {
namespace {

/// Aborts what it was made for, unless told that it is over.
class AbortOnExit {
public:
    AbortOnExit() : controller_(js::global("AbortController").construct()) {}
    AbortOnExit(const AbortOnExit&) = delete;
    AbortOnExit& operator=(const AbortOnExit&) = delete;
    ~AbortOnExit() {
        if (armed_) (void)controller_.try_invoke("abort");
    }
    [[nodiscard]] js::Value signal() const { return controller_.get("signal"); }
    void disarm() noexcept { armed_ = false; }

private:
    js::Value controller_;
    bool armed_ = true;
};

Task<js::Value> body(js::Value response, std::string_view how) {
    co_return co_await JsFuture(response.invoke(how));
}
Task<std::string> text_body(js::Value response) {
    const js::Value text = co_await JsFuture(response.invoke("text"));
    co_return text.to_string();
}

} // namespace

std::string Response::header(std::string_view name) const {
    const js::Value value = response_.get("headers").invoke("get", name);
    return value.is_null() ? std::string() : value.to_string();
}
Task<std::string> Response::text() const { return text_body(response_); }
Task<js::Value> Response::json() const { return body(response_, "json"); }

Task<Response> fetch(std::string url, js::Value options) {
    AbortOnExit abort;
    const js::Value with_signal = js::object();
    if (!options.is_undefined()) js::global("Object").invoke("assign", with_signal, options);
    if (with_signal.get("signal").is_undefined()) with_signal.set("signal", abort.signal());
    js::Value response = co_await JsFuture(js::global("fetch").call(url, with_signal));
    abort.disarm();
    co_return Response(std::move(response));
}

} // namespace rouse::web
