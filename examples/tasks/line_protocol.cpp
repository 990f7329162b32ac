// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A protocol of lines, over a pipe in memory: the same code serves a TcpStream. A line that is too long is
// answered, and skipped; the connection goes on.

#include <rouse/rouse.hpp>

#include <cstdio>
#include <map>
#include <string>

using rouse::codec::Framed;
using rouse::codec::LinesCodec;
using rouse::io::DuplexStream;

/// "set KEY VALUE", "get KEY".
std::string answer(const std::string& line, std::map<std::string, std::string>& values) {
    const std::size_t key = line.find(' ');
    const std::string command = line.substr(0, key);
    const std::string rest = key == std::string::npos ? "" : line.substr(key + 1);
    if (command == "get") {
        const auto found = values.find(rest);
        return found == values.end() ? "none" : "value " + found->second;
    }
    const std::size_t value = rest.find(' ');
    if (command != "set" || value == std::string::npos) return "error: unknown command";
    values[rest.substr(0, value)] = rest.substr(value + 1);
    return "ok";
}

rouse::Task<> serve(DuplexStream stream) {
    Framed lines(std::move(stream), LinesCodec::with_max_length(32));
    std::map<std::string, std::string> values;
    while (auto line = co_await lines.next()) {
        std::string reply = *line ? answer(**line, values) : "error: " + line->error().message();
        auto sent = co_await lines.send(std::move(reply));
        rouse::or_throw(std::move(sent));
    }
    std::printf("the server has seen the end\n");
}

rouse::Task<> main_task() {
    auto ends = rouse::io::duplex(64);
    auto server = rouse::spawn(serve(std::move(ends.second)));

    Framed lines(std::move(ends.first), LinesCodec());
    for (const char* question : {"set color green", "get color", "get shape",
                                 "set shape a line of more than 32 bytes", "set shape round", "get shape"}) {
        auto sent = co_await lines.send(question);
        rouse::or_throw(std::move(sent));
        auto reply = co_await lines.next();
        std::printf("> %s\n< %s\n", question, reply->value().c_str());
    }
    auto closed = co_await lines.close();
    rouse::or_throw(std::move(closed));
    co_await server;
}

int main() { rouse::run(main_task()); }
