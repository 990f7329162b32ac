// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace bench {
namespace {

constexpr double label_width = 210;
constexpr double chart_width = 640;
constexpr double right_width = 30;
constexpr double line_height = 20;
constexpr double head_height = 74;

/// The chart's scale is logarithmic, from ten times better than the best of the others to 100 times worse.
constexpr double lowest = 0.05;
constexpr double highest = 100;
double x_of(double value) {
    const double part = std::log(std::clamp(value, lowest, highest) / lowest) / std::log(highest / lowest);
    return label_width + part * chart_width;
}

std::string color_of(const std::string& program) {
    static const std::map<std::string, std::string> colors = {{"rouse", "#c8102e"}, {"Tokio", "#e08e0b"},
                                                              {"Go", "#00859b"},    {"Asio", "#5b4b9a"},
                                                              {"libuv", "#5a8f29"}, {"epoll", "#444444"}};
    const auto at = colors.find(program);
    return at == colors.end() ? "#888888" : at->second;
}

std::string escaped(const std::string& text) {
    std::string safe;
    for (const char c : text) {
        if (c == '&') safe += "&amp;";
        else if (c == '<') safe += "&lt;";
        else if (c == '>') safe += "&gt;";
        else safe += c;
    }
    return safe;
}

std::string text(double x, double y, const std::string& content, const std::string& more = "") {
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" {}>{}</text>\n", x, y, more, escaped(content));
}

/// All programs of one figure. Empty where nobody has it.
std::string line_of(const Result& result, const Metric& metric, double y) {
    const Entry* const best = result.best_peer(metric);
    if (!best) return "";
    const double scale = best->samples(metric.key).median();
    if (scale <= 0) return "";
    const auto relative = [&](double value) { return metric.more_is_better ? scale / value : value / scale; };
    std::string svg = text(label_width - 8, y + 4,
                           fmt::format("{}{}", metric.name, result.job().threads > 1 ? ", 2 threads" : ""),
                           "text-anchor=\"end\"");
    svg += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#eeeeee\"/>\n",
                       label_width, y, label_width + chart_width, y);
    if (metric.goal.kind == Goal::Kind::at_most_of_peer || metric.goal.kind == Goal::Kind::at_least_of_peer) {
        const Entry* const peer = result.goal_peer(metric);
        const double part =
            metric.goal.kind == Goal::Kind::at_most_of_peer ? metric.goal.limit : 1 / metric.goal.limit;
        const double target = peer ? part * relative(peer->samples(metric.key).median()) : part;
        svg += fmt::format("<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" "
                           "stroke=\"#c8102e\" stroke-width=\"2\"><title>target {3:.2f}</title></line>\n",
                           x_of(target), y - 7, y + 7, target);
    }
    // Ours last: on top.
    std::vector<const Entry*> entries;
    for (const Entry& entry : result.entries()) entries.push_back(&entry);
    std::reverse(entries.begin(), entries.end());
    for (const Entry* entry : entries) {
        const Samples samples = entry->samples(metric.key);
        if (samples.empty() || samples.median() <= 0) continue;
        svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"{}\"><title>{}: {:.4g} {}"
                           "</title></circle>\n",
                           x_of(relative(samples.median())), y, entry->who.is_ours() ? 6 : 4,
                           color_of(entry->who.program), escaped(result.label(*entry)), samples.median(),
                           escaped(metric.unit));
    }
    return svg;
}

} // namespace

std::string plot(const std::vector<Result>& results, const std::string& title) {
    std::string lines;
    double y = head_height;
    std::vector<std::string> programs;
    for (const Result& result : results) {
        for (const Metric& metric : result.job().metrics) {
            const std::string line = line_of(result, metric, y);
            lines += line;
            if (!line.empty()) y += line_height;
        }
        for (const Entry& entry : result.entries())
            if (std::find(programs.begin(), programs.end(), entry.who.program) == programs.end())
                programs.push_back(entry.who.program);
    }

    std::string svg = fmt::format(
        "<!-- SPDX-FileCopyrightText: The rouse authors -->\n"
        "<!-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception -->\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
        "height=\"{1:.0f}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222222\">\n"
        "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
        label_width + chart_width + right_width, y + 16);
    svg += text(16, 20, title, "font-weight=\"bold\"");
    double x = label_width;
    for (const std::string& program : programs) {
        svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"36\" r=\"{}\" fill=\"{}\"/>\n", x,
                           program == "rouse" ? 6 : 4, color_of(program));
        svg += text(x + 9, 40, program);
        x += 70;
    }
    svg += text(x, 40, "red stroke: rouse's target; 1: the best of the others; left is better");
    for (const double value : {0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 100.0}) {
        svg += fmt::format(
            "<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"{3}\"/>\n",
            x_of(value), head_height - 12, y, value == 1.0 ? "#888888" : "#dddddd");
        svg += text(x_of(value), head_height - 16, fmt::format("{:g}", value),
                    "text-anchor=\"middle\" fill=\"#666666\"");
    }
    return svg + lines + "</svg>\n";
}

} // namespace bench
