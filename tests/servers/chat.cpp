// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "servers/program.hpp"

#include <gtest/gtest.h>

namespace {

using servers_test::Client;
using servers_test::Server;

/// A client that has given its name, and read the welcome.
Client member(const Server& server, const std::string& name, const std::string& others) {
    Client client(server.port());
    EXPECT_EQ(client.line(), "* your name?");
    client.send(name + "\n");
    EXPECT_EQ(client.line(), "* here are" + others);
    return client;
}

class Chat : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(threads, Chat, testing::Values(1u, 2u));

TEST_P(Chat, lines_go_to_all_others_with_the_name) {
    Server server("chat", {}, GetParam());
    Client ada = member(server, "ada", " you alone");
    Client bob = member(server, "bob", " ada");
    EXPECT_EQ(ada.line(), "* bob is here");
    Client eve = member(server, "eve", " ada bob");
    EXPECT_EQ(ada.line(), "* eve is here");
    EXPECT_EQ(bob.line(), "* eve is here");
    bob.send("hello\r\n\r\nworld\n");
    for (Client* const other : {&ada, &eve}) {
        EXPECT_EQ(other->line(), "bob: hello");
        EXPECT_EQ(other->line(), "bob: world");
    }
    ada.send("hi\n");
    EXPECT_EQ(bob.line(), "ada: hi");
    EXPECT_EQ(eve.line(), "ada: hi");
    eve.reset();
    EXPECT_EQ(ada.line(), "* eve has left");
    EXPECT_EQ(bob.line(), "* eve has left");
    bob.shut_down_writing();
    EXPECT_EQ(ada.line(), "* bob has left");
    EXPECT_EQ(bob.receive_all(), "");
}

TEST_P(Chat, names_are_words_and_each_is_given_once) {
    Server server("chat", {}, GetParam());
    Client ada = member(server, "ada", " you alone");
    Client other(server.port());
    EXPECT_EQ(other.line(), "* your name?");
    for (const char* wrong : {"", "two words", "* server", "abcdefghijklmnopqrstuvwxyz"}) {
        other.send(std::string(wrong) + "\n");
        EXPECT_EQ(other.line(), "* a name is a word of at most 24 letters; your name?");
    }
    other.send("ada\n");
    EXPECT_EQ(other.line(), "* that name is taken; your name?");
    other.send("bob\n");
    EXPECT_EQ(other.line(), "* here are ada");
}

TEST_P(Chat, a_line_without_end_ends_its_member) {
    Server server("chat", {}, GetParam());
    Client ada = member(server, "ada", " you alone");
    Client bob = member(server, "bob", " ada");
    EXPECT_EQ(ada.line(), "* bob is here");
    bob.send(std::string(3000, 'x'));
    EXPECT_EQ(ada.line(), "* bob has left");
}

TEST_P(Chat, a_slow_reader_is_told_and_leaves_and_the_others_get_all) {
    Server server("chat", {"--patience", "60"},
                  GetParam()); // the slow one is to leave for what it left unread
    Client ada = member(server, "ada", " you alone");
    Client slow = member(server, "slow", " ada");
    EXPECT_EQ(ada.line(), "* slow is here");
    Client bob = member(server, "bob", " ada slow");
    EXPECT_EQ(ada.line(), "* bob is here");
    // Until the system's buffers and the outbox of the slow one are full. A round trip for each block keeps
    // ada from being slow.
    const std::string line(900, 'x');
    std::size_t lines = 0;
    for (int round = 0; round < 200; ++round) {
        for (int i = 0; i < 100; ++i) bob.send(line + "\n");
        for (int i = 0; i < 100; ++i, ++lines) ASSERT_EQ(ada.line(), "bob: " + line);
    }
    EXPECT_EQ(slow.line(), "* bob is here");
    std::string last;
    std::size_t got = 0;
    for (std::string text; !(text = slow.line()).empty(); last = text) ++got;
    EXPECT_EQ(last, "* you read too slowly: goodbye");
    EXPECT_LT(got, lines);
    EXPECT_EQ(ada.line(), "* slow has left");
    EXPECT_EQ(bob.line(), "* slow has left");
}

TEST_P(Chat, stops_at_sigterm) {
    Server server("chat", {}, GetParam());
    Client ada = member(server, "ada", " you alone");
    EXPECT_EQ(server.stop(), "stopped\n");
    EXPECT_EQ(ada.receive_all(), "");
}

} // namespace
