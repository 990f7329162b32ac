// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A room in which each line goes to everybody else. What a member has not read yet waits in an outbox with a
// bound: who lets it overflow is told so, and leaves. One slow reader costs nobody else anything.

#include "support/server.hpp"

#include <fmt/format.h>

#include <array>
#include <deque>
#include <map>

using rouse::net::TcpStream;
using servers::Connections;

constexpr std::size_t longest_line = 1000;
constexpr std::size_t longest_name = 24;
constexpr std::size_t outbox_size = 256;

/// Lines on their way to one member: many put them in, one task takes them out.
class Outbox {
public:
    using Line = std::shared_ptr<const std::string>;

    void put(const Line& line) {
        std::unique_lock lock(mutex_);
        if (ended_) return;
        if (lines_.size() < outbox_size) {
            lines_.push_back(line);
        } else { // what is in there will not be read in time; that is news enough
            lines_.clear();
            lines_.push_back(std::make_shared<std::string>("* you read too slowly: goodbye\n"));
            ended_ = true;
        }
        lock.unlock();
        waker_.wake();
    }
    /// No more lines: `poll_next` gives those that are there, and then the end.
    void end() {
        std::unique_lock lock(mutex_);
        ended_ = true;
        lock.unlock();
        waker_.wake();
    }
    /// The next line; null at the end.
    rouse::Poll<Line> poll_next(rouse::Context& cx) {
        waker_.register_by_ref(cx.waker()); // before we look: what comes after that wakes us
        const std::lock_guard lock(mutex_);
        if (lines_.empty() && !ended_) return rouse::Pending;
        (void)waker_.take();
        if (lines_.empty()) return rouse::Ready(Line());
        rouse::Poll<Line> line(std::in_place, std::move(lines_.front()));
        lines_.pop_front();
        return line;
    }

private:
    std::mutex mutex_;
    std::deque<Line> lines_;
    bool ended_ = false;
    rouse::AtomicWaker waker_;
};

class Room {
public:
    /// A place in the room, under a name that nobody else has.
    bool enter(const std::string& name, const std::shared_ptr<Outbox>& outbox) {
        const std::lock_guard lock(mutex_);
        return members_.emplace(name, outbox).second;
    }
    void leave(const std::string& name) {
        const std::lock_guard lock(mutex_);
        members_.erase(name);
    }
    void say(const std::string& from, std::string line) const {
        const auto shared = std::make_shared<const std::string>(std::move(line));
        for (const auto& [name, outbox] : members())
            if (name != from) outbox->put(shared);
    }
    [[nodiscard]] std::map<std::string, std::shared_ptr<Outbox>> members() const {
        const std::lock_guard lock(mutex_); // wakes happen outside of it
        return members_;
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Outbox>> members_;
};

/// Reads lines off a stream.
class Lines {
public:
    explicit Lines(TcpStream& stream) : stream_(stream) {}
    /// None: the end, or a line that is too long.
    rouse::Task<std::optional<std::string>> next() {
        for (;;) {
            if (const std::size_t end = text_.find('\n'); end != std::string::npos) {
                std::string line = text_.substr(0, end);
                text_.erase(0, end + 1);
                while (!line.empty() && static_cast<unsigned char>(line.back()) < ' ') line.pop_back();
                co_return line;
            }
            if (text_.size() > longest_line) co_return std::nullopt;
            std::array<char, 1024> buffer;
            const auto got = co_await stream_.read(rouse::io::room(buffer));
            if (!got || *got == 0) co_return std::nullopt;
            text_.append(buffer.data(), *got);
        }
    }

private:
    TcpStream& stream_;
    std::string text_;
};

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_name &&
           name.find_first_of(" *:\t") == std::string_view::npos;
}

/// From the outbox to the member. Ends the connection with itself: its reader finds the end then.
rouse::Task<> deliver(TcpStream& stream, std::shared_ptr<Outbox> outbox, rouse::Duration patience) {
    for (;;) {
        auto poll_next = [&](rouse::Context& cx) { return outbox->poll_next(cx); };
        const Outbox::Line line = co_await rouse::poll_fn(poll_next);
        if (!line) break;
        // Who reads nothing at all cannot be told that he is to go.
        const auto sent =
            co_await rouse::timeout(patience, rouse::io::write_all(stream, rouse::io::bytes(*line)));
        if (!sent || !*sent) break;
    }
    (void)stream.shutdown(rouse::net::Shutdown::both);
}

/// From the member to the others.
rouse::Task<> listen(TcpStream& stream, Room& room, std::shared_ptr<Outbox> outbox) {
    const auto tell = [&](std::string text) { outbox->put(std::make_shared<std::string>(std::move(text))); };
    Lines lines(stream);
    tell("* your name?\n");
    std::optional<std::string> name = co_await lines.next();
    for (; name; name = co_await lines.next()) {
        if (!is_name(*name)) tell("* a name is a word of at most 24 letters; your name?\n");
        else if (!room.enter(*name, outbox)) tell("* that name is taken; your name?\n");
        else break;
    }
    if (name) {
        std::string others;
        for (const auto& [other, box] : room.members())
            if (other != *name) others += " " + other;
        tell(fmt::format("* here are{}\n", others.empty() ? " you alone" : others));
        room.say(*name, fmt::format("* {} is here\n", *name));
        for (auto line = co_await lines.next(); line; line = co_await lines.next())
            if (!line->empty()) room.say(*name, fmt::format("{}: {}\n", *name, *line));
        room.leave(*name);
        room.say(*name, fmt::format("* {} has left\n", *name));
    }
    outbox->end();
}

rouse::Task<> serve(TcpStream stream, Connections& connections, std::shared_ptr<Room> room,
                    rouse::Duration patience) {
    const Connections::Listed listed(connections, stream.fd());
    const auto outbox = std::make_shared<Outbox>();
    co_await rouse::join(listen(stream, *room, outbox), deliver(stream, outbox, patience));
}

int main(int argc, char** argv) {
    servers::CommandLine line("chat", "A chat room, for nc or telnet, until SIGTERM or SIGINT.",
                              "How long a member may take to read anything at all");
    if (const auto ended = line.parse(argc, argv)) return *ended;
    const auto room = std::make_shared<Room>();
    const rouse::Duration patience = line.options.limit();
    return servers::run(line.options, [=](TcpStream stream, Connections& connections) {
        return serve(std::move(stream), connections, room, patience);
    });
}
