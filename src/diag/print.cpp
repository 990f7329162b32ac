// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diag/print.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <unistd.h>

namespace rouse::detail {
namespace {

constexpr std::string_view red = "\033[1;31m";
constexpr std::string_view bold = "\033[1m";
constexpr std::string_view blue = "\033[34m";
constexpr std::string_view cyan = "\033[1;36m";
constexpr std::string_view plain = "\033[0m";

bool wants_color() noexcept {
    const char* none = std::getenv("NO_COLOR"); // see no-color.org
    const char* terminal = std::getenv("TERM");
    return isatty(STDERR_FILENO) && !(none && *none) && terminal && std::strcmp(terminal, "dumb") != 0;
}

void append(std::string& text, std::string_view color, std::string_view part) {
    text.append(color).append(part).append(plain);
}

/// The end of `  41 |`, if the line is a quotation of source.
std::size_t gutter(std::string_view line) noexcept {
    const std::size_t digit = line.find_first_not_of(' ');
    if (digit == std::string_view::npos) return 0;
    const std::size_t after = line.find_first_not_of("0123456789", digit);
    return after != digit && line.substr(after).starts_with(" |") ? after + 2 : 0;
}

void append_line(std::string& text, std::string_view line, bool first) {
    static constexpr std::string_view help = "   help:";
    if (const std::size_t colon = line.find(':'); first && colon != std::string_view::npos) {
        append(text, red, line.substr(0, colon + 1));
        append(text, bold, line.substr(colon + 1));
    } else if (line.starts_with(help)) {
        append(text, cyan, help);
        text += line.substr(help.size());
    } else if (const std::size_t end = gutter(line)) {
        append(text, blue, line.substr(0, end));
        text += line.substr(end);
    } else {
        text += line;
    }
}

} // namespace

std::string colored(std::string_view report) {
    std::string text;
    for (bool first = true; !report.empty(); first = false) {
        const std::size_t end = report.find('\n');
        append_line(text, report.substr(0, end), first);
        text += '\n';
        report.remove_prefix(end == std::string_view::npos ? report.size() : end + 1);
    }
    return text;
}

void print_report(std::string_view report) noexcept {
    std::string text = wants_color() ? colored(report) : std::string(report);
    if (!text.ends_with("\n\n")) text += '\n';
    std::fwrite(text.data(), 1, text.size(), stderr);
}

} // namespace rouse::detail
