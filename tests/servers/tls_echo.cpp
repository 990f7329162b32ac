// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "servers/program.hpp"
#include "tls/certificates.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace {

using servers_test::Client;
using servers_test::Outcome;
using servers_test::program;
using servers_test::Server;

class TlsEcho : public testing::TestWithParam<unsigned> {
protected:
    TlsEcho() {
        std::string pattern = (std::filesystem::temp_directory_path() / "rouse-tls-XXXXXX").string();
        EXPECT_NE(mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        tls_test::Subject subject("a server");
        subject.alternatives = "DNS:localhost";
        const tls_test::Identity identity = authority_.issue(subject);
        write("ca.pem", authority_.certificate());
        write("server.pem", identity.certificate);
        write("key.pem", identity.key);
    }
    ~TlsEcho() override { std::filesystem::remove_all(folder_); }
    [[nodiscard]] std::string file(const std::string& name) const { return (folder_ / name).string(); }
    [[nodiscard]] std::vector<std::string> arguments() const {
        return {"--certificate", file("server.pem"), "--key", file("key.pem"), "--patience", "2"};
    }
    /// What `openssl s_client` says when it sends `text`, and reads it back.
    [[nodiscard]] Outcome s_client(const Server& server, const std::string& host,
                                   const std::string& more = "") const {
        // It ends when its input does, so that is held open until the echo is there. When it ends before, as
        // it does where it refuses, its place is kept: bash forgets a coprocess that is gone, and a write to
        // nobody ends the shell.
        return servers_test::run(
            {"bash", "-c",
             "coproc { openssl s_client -connect \"$0\" -CAfile \"$1\" -verify_return_error "
             "-verify_hostname \"$2\" -servername \"$2\" -brief -quiet -no_ign_eof $3; "
             "exec >&-; cat >/dev/null; }; "
             "pid=$COPROC_PID; exec 3<&\"${COPROC[0]}\" 4>&\"${COPROC[1]}\"; "
             "echo hello by TLS >&4; IFS= read -r -t 20 line <&3; printf '%s\\n' \"$line\"; "
             "exec 4>&-; eval \"exec ${COPROC[1]}>&-\"; wait $pid",
             server.address(), file("ca.pem"), host, more});
    }

private:
    void write(const std::string& name, const std::string& text) const { std::ofstream(file(name)) << text; }
    tls_test::Authority authority_{"an authority"};
    std::filesystem::path folder_;
};
INSTANTIATE_TEST_SUITE_P(threads, TlsEcho, testing::Values(1u, 2u));

TEST_P(TlsEcho, openssl_s_client_gets_its_line_back_by_each_version) {
    Server server("tls_echo", arguments(), GetParam());
    for (const char* version : {"-tls1_3", "-tls1_2"}) {
        const Outcome outcome = s_client(server, "localhost", version);
        EXPECT_EQ(outcome.out, "hello by TLS\n") << outcome.err;
    }
}

TEST_P(TlsEcho, openssl_s_client_refuses_another_host) {
    Server server("tls_echo", arguments(), GetParam());
    const Outcome outcome = s_client(server, "example.org");
    EXPECT_EQ(outcome.out, "\n");
    EXPECT_NE(outcome.err.find("ostname mismatch"), std::string::npos) << outcome.err;
}

TEST_P(TlsEcho, goes_on_when_clients_talk_something_else_or_nothing) {
    Server server("tls_echo", arguments(), GetParam());
    Client silent(server.port());
    Client http(server.port());
    http.send("GET / HTTP/1.1\r\n\r\n");
    (void)http.receive_all();
    EXPECT_EQ(s_client(server, "localhost").out, "hello by TLS\n");
    EXPECT_EQ(silent.receive_all(), "") << "it was not waited for";
}

TEST_P(TlsEcho, says_what_is_wrong_with_its_files) {
    const Outcome missing =
        servers_test::run({program("tls_echo"), "--certificate", file("nosuch"), "--key", file("key.pem")});
    EXPECT_EQ(missing.exit_code, 1);
    EXPECT_TRUE(missing.err.ends_with("No such file or directory\n")) << missing.err;
    EXPECT_EQ(servers_test::run({program("tls_echo")}).exit_code, 2);
}

} // namespace
