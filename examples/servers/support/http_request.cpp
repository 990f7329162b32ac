// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/http_request.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace servers {
namespace {

bool is_token_char(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}
bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}
bool is_visible(char c) noexcept { return c > ' ' && c != 0x7f; }
bool is_value_char(char c) noexcept {
    return c == ' ' || c == '\t' || is_visible(c) || static_cast<unsigned char>(c) >= 0x80;
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool equal(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}
std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}
bool list_has(std::string_view list, std::string_view wanted) noexcept {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        if (equal(trim(list.substr(0, comma)), wanted)) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

/// Takes a line off `text`; none while its end is not there.
std::optional<std::string_view> take_line(std::string_view& text) noexcept {
    const std::size_t end = text.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    return line;
}

/// The status that refuses it, or 200.
int parse_request_line(std::string_view line, HttpRequest& request) noexcept {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return 400;
    request.method = line.substr(0, first);
    request.target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    if (!is_token(request.method) || request.target.empty() ||
        !std::all_of(request.target.begin(), request.target.end(), is_visible))
        return 400;
    if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.') return 400;
    if (version[5] != '1') return 505;
    request.is_1_0 = version[7] == '0';
    return version[7] >= '0' && version[7] <= '9' ? 200 : 400;
}

class Fields {
public:
    int take(std::string_view line) noexcept {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
            return 400; // a folded line, too
        const std::string_view name = line.substr(0, colon);
        const std::string_view value = trim(line.substr(colon + 1));
        if (!std::all_of(value.begin(), value.end(), is_value_char)) return 400;
        if (equal(name, "host")) ++hosts_;
        else if (equal(name, "connection")) {
            closes_ |= list_has(value, "close");
            keeps_ |= list_has(value, "keep-alive");
        } else if (equal(name, "content-length")) return take_length(value);
        else if (equal(name, "transfer-encoding")) encoded_ = true;
        else if (equal(name, "expect")) continue_ |= equal(value, "100-continue");
        return 200;
    }
    int finish(HttpRequest& request) const noexcept {
        if (hosts_ > 1 || (hosts_ == 0 && !request.is_1_0)) return 400;
        if (encoded_) return length_ || request.is_1_0 ? 400 : 501; // how long it is we cannot know
        request.body = length_.value_or(0);
        request.keeps_alive = !closes_ && (!request.is_1_0 || keeps_);
        request.wants_continue = continue_ && !request.is_1_0 && request.body > 0;
        return 200;
    }

private:
    int take_length(std::string_view value) noexcept {
        std::uint64_t length = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
        if (error != std::errc() || end != value.data() + value.size() || (length_ && *length_ != length))
            return 400;
        length_ = length;
        return 200;
    }
    std::optional<std::uint64_t> length_;
    int hosts_ = 0;
    bool closes_ = false;
    bool keeps_ = false;
    bool encoded_ = false;
    bool continue_ = false;
};

} // namespace

HttpParsed parse_http_request(std::string_view text, HttpRequest& request) noexcept {
    std::string_view rest = text;
    while (rest.starts_with("\r\n")) rest.remove_prefix(2); // old clients send one after a body
    const auto first = take_line(rest);
    if (!first) return HttpParsed(0);
    request = HttpRequest();
    if (const int status = parse_request_line(*first, request); status != 200) return HttpParsed(status);
    Fields fields;
    for (;;) {
        const auto line = take_line(rest);
        if (!line) return HttpParsed(0);
        if (line->empty()) break;
        if (const int status = fields.take(*line); status != 200) return HttpParsed(status);
    }
    return HttpParsed(fields.finish(request), text.size() - rest.size());
}

} // namespace servers
