// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "servers/program.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <thread>

namespace {

using servers_test::Client;
using servers_test::Outcome;
using servers_test::program;
using servers_test::Server;

class TcpEcho : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(threads, TcpEcho, testing::Values(1u, 2u));

TEST_P(TcpEcho, sends_back_what_each_of_many_clients_sends) {
    Server server("tcp_echo", {}, GetParam());
    std::vector<Client> clients;
    for (int i = 0; i < 50; ++i) clients.emplace_back(server.port());
    for (int round = 0; round < 5; ++round)
        for (std::size_t i = 0; i < clients.size(); ++i)
            clients[i].send("round " + std::to_string(round) + " of " + std::to_string(i));
    for (std::size_t i = 0; i < clients.size(); ++i)
        for (int round = 0; round < 5; ++round) {
            const std::string sent = "round " + std::to_string(round) + " of " + std::to_string(i);
            EXPECT_EQ(clients[i].receive(sent.size()), sent);
        }
}

TEST_P(TcpEcho, sends_back_the_rest_after_the_client_has_ended_its_side) {
    Server server("tcp_echo", {}, GetParam());
    Client client(server.port());
    const std::string text(100'000, 'x');
    std::jthread sender([&] {
        client.send(text);
        client.shut_down_writing();
    });
    EXPECT_EQ(client.receive_all(), text);
    EXPECT_EQ(client.error(), 0);
}

TEST_P(TcpEcho, goes_on_when_clients_reset_or_never_read) {
    Server server("tcp_echo", {"--patience", "0.2"}, GetParam());
    Client greedy(server.port());
    const std::string much(64 << 20, 'x');
    EXPECT_LT(greedy.send_what_fits(much), much.size()) << "it was all taken, and nothing was read";
    for (int i = 0; i < 20; ++i) {
        Client client(server.port());
        client.send("x");
        client.reset();
    }
    Client client(server.port());
    client.send("still there?");
    EXPECT_EQ(client.receive(12), "still there?");
}

TEST_P(TcpEcho, stops_at_sigterm_and_ends_idle_connections) {
    Server server("tcp_echo", {}, GetParam());
    Client idle(server.port());
    idle.send("x");
    EXPECT_EQ(idle.receive(1), "x");
    EXPECT_EQ(server.stop(), "stopped\n");
    EXPECT_EQ(idle.receive_all(), "");
    EXPECT_EQ(idle.error(), 0);
}

TEST(ServerCommandLine, help_goes_to_stdout_and_ends_well) {
    for (const char* name : {"tcp_echo", "http_hello", "proxy", "chat"}) {
        const Outcome help = servers_test::run({program(name), "--help"});
        EXPECT_EQ(help.exit_code, 0);
        for (const char* word : {"--host", "--port", "--threads", "--patience"})
            EXPECT_NE(help.out.find(word), std::string::npos) << help.out;
        EXPECT_EQ(help.err, "");
    }
}

TEST(ServerCommandLine, bad_arguments_are_one_line_and_end_with_2) {
    const std::vector<std::vector<std::string>> wrong = {{"tcp_echo", "--nosuch"},
                                                         {"tcp_echo", "--port", "70000"},
                                                         {"tcp_echo", "--port", "http"},
                                                         {"tcp_echo", "--threads", "-1"},
                                                         {"chat", "--patience", "soon"},
                                                         {"http_hello", "more"},
                                                         {"proxy"},
                                                         {"proxy", "--target", "somewhere"}};
    for (std::vector<std::string> arguments : wrong) {
        const std::string name = arguments[0];
        arguments[0] = program(name);
        const Outcome outcome = servers_test::run(arguments);
        EXPECT_EQ(outcome.exit_code, 2);
        EXPECT_EQ(outcome.out, "");
        EXPECT_TRUE(outcome.err.starts_with(name + ": ")) << outcome.err;
        EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
    }
}

TEST(ServerCommandLine, an_address_that_is_taken_is_said_and_ends_with_1) {
    Server server("tcp_echo");
    const Outcome outcome = servers_test::run({program("tcp_echo"), "--port", std::to_string(server.port())});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.err, "cannot listen on " + server.address() + ": Address already in use\n");
}

} // namespace
