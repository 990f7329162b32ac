// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "servers/program.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <regex>

namespace {

using servers_test::Client;
using servers_test::Outcome;
using servers_test::Server;

constexpr std::string_view body = "Hello, world!\n";

/// One answer off a connection; a 200 has its body.
class Answer {
public:
    explicit Answer(Client& client, bool has_body = true) {
        const std::string first = client.line();
        if (first.starts_with("HTTP/1.1 ")) status = std::stoi(first.substr(9));
        std::size_t length = 0;
        for (std::string line = client.line(); line != "\r" && !line.empty(); line = client.line()) {
            head += line + "\n";
            if (line.starts_with("Content-Length: ")) length = std::stoul(line.substr(16));
        }
        if (has_body && length > 0) text = client.receive(length);
    }
    [[nodiscard]] bool has(std::string_view field) const {
        return ("\n" + head).find("\n" + std::string(field) + "\r\n") != std::string::npos;
    }
    int status = 0;
    std::string head;
    std::string text;
};

class HttpHello : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(threads, HttpHello, testing::Values(1u, 2u));

TEST_P(HttpHello, curl_gets_the_greeting_and_keeps_the_connection) {
    Server server("http_hello", {}, GetParam());
    const std::string url = "http://" + server.address() + "/";
    const Outcome curl = servers_test::run(
        {"curl", "-sS", "--max-time", "20", "-w", "%{http_code} %{num_connects}\n", url, url + "a?b"});
    EXPECT_EQ(curl.exit_code, 0) << curl.err;
    EXPECT_EQ(curl.out, "Hello, world!\n200 1\nHello, world!\n200 0\n");

    const Outcome head = servers_test::run({"curl", "-sSI", "--max-time", "20", url});
    EXPECT_TRUE(head.out.starts_with("HTTP/1.1 200 OK\r\n")) << head.out;
    EXPECT_NE(head.out.find("Content-Length: 14\r\n"), std::string::npos) << head.out;
    EXPECT_TRUE(std::regex_search(head.out, std::regex("Date: ..., .. ... .... ..:..:.. GMT\r\n")))
        << head.out;

    const Outcome post =
        servers_test::run({"curl", "-sS", "--max-time", "20", "-w", "%{http_code} %{num_connects}\n", "-H",
                           "Expect: 100-continue", "-d", "a=b", url, url});
    EXPECT_EQ(post.out, "405 1\n405 0\n");
}

TEST_P(HttpHello, wrk_finds_no_error) {
    Server server("http_hello", {}, GetParam());
    const Outcome wrk =
        servers_test::run({"wrk", "-t1", "-c20", "-d1s", "--latency", "http://" + server.address() + "/"});
    EXPECT_EQ(wrk.exit_code, 0) << wrk.err;
    EXPECT_EQ(wrk.out.find("Socket errors"), std::string::npos) << wrk.out;
    EXPECT_EQ(wrk.out.find("Non-2xx"), std::string::npos) << wrk.out;
    EXPECT_NE(wrk.out.find("requests in"), std::string::npos) << wrk.out;
}

TEST_P(HttpHello, answers_pipelined_requests_in_order) {
    Server server("http_hello", {}, GetParam());
    Client client(server.port());
    constexpr int count = 1000;
    std::string requests;
    for (int i = 0; i < count; ++i)
        requests += (i % 2 ? "HEAD" : "GET") + std::string(" / HTTP/1.1\r\nHost: x\r\n\r\n");
    client.send(requests);
    for (int i = 0; i < count; ++i) {
        const Answer answer(client, i % 2 == 0);
        ASSERT_EQ(answer.status, 200) << i;
        ASSERT_EQ(answer.text, i % 2 ? "" : body) << i;
        ASSERT_TRUE(answer.has("Content-Length: 14")) << answer.head;
    }
}

TEST_P(HttpHello, takes_a_request_one_byte_at_a_time) {
    Server server("http_hello", {}, GetParam());
    Client client(server.port());
    for (
        const char c : std::string_view(
            "\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nhost:\tx\r\n\r\n"))
        client.send(std::string_view(&c, 1));
    EXPECT_EQ(Answer(client).status, 405);
    EXPECT_EQ(Answer(client).status, 200);
}

TEST_P(HttpHello, connection_lives_as_long_as_the_client_asks) {
    Server server("http_hello", {}, GetParam());
    const auto ask = [&](std::string request, bool lives) {
        Client client(server.port());
        client.send(request);
        const Answer answer(client);
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.has("Connection: close"), !lives) << request << answer.head;
        if (lives) {
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            EXPECT_EQ(Answer(client).status, 200) << request;
        } else {
            EXPECT_EQ(client.receive_all(), "") << request;
            EXPECT_EQ(client.error(), 0);
        }
        return answer;
    };
    ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n", true);
    ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false);
    ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: TE , CLOSE\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        false);
    ask("GET / HTTP/1.0\r\n\r\n", false);
    EXPECT_TRUE(ask("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true).has("Connection: keep-alive"));
}

TEST_P(HttpHello, bodies_are_passed_over) {
    Server server("http_hello", {}, GetParam());
    Client client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.line(), "HTTP/1.1 100 Continue\r");
    EXPECT_EQ(client.line(), "\r");
    client.send(std::string(100000, 'b') + "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(Answer(client).status, 200);
    EXPECT_EQ(Answer(client).status, 200);
}

TEST_P(HttpHello, bad_and_too_large_requests_are_refused_and_the_server_goes_on) {
    Server server("http_hello", {}, GetParam());
    const std::string large(9000, 'x');
    const std::vector<std::pair<std::string, int>> cases = {
        {"nonsense\r\n\r\n", 400},
        {"GET /\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
        {"G@T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\ny: z\r\n\r\n", 400},
        {std::string("GET / HTTP/1.1\r\nHost: x\0\r\n\r\n", 29), 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n", 413},
        {"GET / HTTP/1.1\r\nHost: x\r\nA: " + large + "\r\n\r\n", 431},
        {"GET /" + large, 431},
        {"\x16\x03\x01\x02\x01\x01\r\n\r\n", 400},
    };
    for (const auto& [request, status] : cases) {
        Client client(server.port());
        client.send(request);
        const Answer answer(client);
        EXPECT_EQ(answer.status, status) << request;
        EXPECT_TRUE(answer.has("Connection: close")) << answer.head;
        EXPECT_EQ(client.receive_all(), "");
        EXPECT_EQ(client.error(), 0) << "a reset might have eaten the answer";
    }
    Client client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(Answer(client).status, 200);
}

TEST_P(HttpHello, who_is_slow_is_not_waited_for) {
    Server server("http_hello", {"--patience", "2"}, GetParam());
    Client idle(server.port());
    Client begun(server.port());
    begun.send("GET / HT");
    Client in_body(server.port());
    in_body.send("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc");
    Client deaf(server.port());
    std::string requests;
    for (int i = 0; i < 100'000; ++i) requests += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    EXPECT_LT(deaf.send_what_fits(requests), requests.size() * 100);
    EXPECT_EQ(idle.receive_all(), "");
    EXPECT_EQ(idle.error(), 0);
    EXPECT_EQ(Answer(begun).status, 408);
    EXPECT_EQ(begun.receive_all(), "");
    EXPECT_EQ(Answer(in_body).status, 408);
    // It gets what was on its way, and then no more.
    while (!deaf.receive().empty()) {}
}

TEST_P(HttpHello, stops_gracefully_at_sigterm) {
    Server server("http_hello", {}, GetParam());
    Client idle(server.port());
    idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(Answer(idle).status, 200);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(server.stop(), "stopped\n");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5))
        << "idle ones are not waited for";
    EXPECT_EQ(idle.receive_all(), "");
    EXPECT_EQ(idle.error(), 0);
}

} // namespace
