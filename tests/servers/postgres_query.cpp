// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "servers/program.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <optional>

#include <pwd.h>
#include <unistd.h>

namespace {

using servers_test::Child;
using servers_test::Outcome;
using servers_test::program;

/// A PostgreSQL server in a folder of its own, that listens on a Unix socket only. It runs as somebody
/// without rights: as root it would refuse.
class PostgresServer {
public:
    PostgresServer() {
        std::string pattern = (std::filesystem::temp_directory_path() / "rouse-pg-XXXXXX").string();
        EXPECT_NE(mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        if (::geteuid() == 0) {
            const passwd* const user = ::getpwnam("postgres");
            if (!user) {
                ADD_FAILURE() << "no user `postgres`: is the package postgresql installed?";
                return;
            }
            EXPECT_EQ(::chown(folder_.c_str(), user->pw_uid, user->pw_gid), 0);
        }
        const Outcome made = servers_test::run(as_nobody(
            {tool("initdb"), "-D", data(), "-A", "trust", "-U", "tester", "-N", "--no-instructions"}));
        EXPECT_EQ(made.exit_code, 0) << made.out << made.err;
        if (made.exit_code != 0) return;
        std::vector<std::string> start = {"bash", "-c", "exec \"$@\" 2>&1", "bash"};
        for (const std::string& word :
             as_nobody({tool("postgres"), "-D", data(), "-k", folder_.string(), "-h", "", "-F"}))
            start.push_back(word);
        server_.emplace(std::move(start), -1);
        for (std::string line = server_->line();
             line.find("ready to accept connections") == std::string::npos; line = server_->line())
            if (line.empty()) return;
    }
    ~PostgresServer() {
        if (server_) {
            server_->signal(SIGINT); // for PostgreSQL: at once, in good order
            (void)server_->rest();
            EXPECT_EQ(server_->wait(), 0);
        }
        std::filesystem::remove_all(folder_);
    }
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    [[nodiscard]] std::string where() const {
        return "host=" + folder_.string() + " user=tester dbname=postgres";
    }

private:
    [[nodiscard]] std::string data() const { return (folder_ / "data").string(); }
    static std::vector<std::string> as_nobody(std::vector<std::string> command) {
        if (::geteuid() != 0) return command;
        command.insert(command.begin(), {"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
                                         "--pdeathsig=KILL", "--reset-env", "--"});
        return command;
    }
    /// Debian keeps them out of the way, in a folder for each release.
    static std::string tool(const std::string& name) {
        std::string found = name;
        std::error_code ignored;
        for (const auto& release : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored))
            if (std::filesystem::exists(release.path() / "bin" / name))
                found = (release.path() / "bin" / name).string();
        return found;
    }
    std::filesystem::path folder_;
    std::optional<Child> server_;
};

class PostgresQuery : public testing::Test {
protected:
    static void SetUpTestSuite() { server_ = std::make_unique<PostgresServer>(); }
    static void TearDownTestSuite() { server_.reset(); }
    static Outcome query(std::vector<std::string> arguments, const char* threads) {
        arguments.insert(arguments.begin(),
                         {program("postgres_query"), "--connect", server_->where(), "--threads", threads});
        return servers_test::run(std::move(arguments));
    }

private:
    static inline std::unique_ptr<PostgresServer> server_;
};

// One test: each would start a server of its own under ctest.
TEST_F(PostgresQuery, asks_a_real_server) {
    for (const char* threads : {"1", "2"}) {
        const Outcome rows =
            query({"select 6*7", "select pg_sleep(0.2), 'slept'", "select 'a', null, 'b c'", ""}, threads);
        EXPECT_EQ(rows.out, "42\n\tslept\na\tNULL\tb c\n") << rows.err;
        EXPECT_EQ(rows.exit_code, 0);

        // More than fits into any buffer, both ways.
        const Outcome large = query(
            {"select length('" + std::string(100'000, 'x') + "') from generate_series(1, 50000)"}, threads);
        EXPECT_EQ(large.out.size(), 50'000 * 7u);
        EXPECT_EQ(large.err, "");

        const Outcome wrong = query({"select nosuch", "select 1"}, threads);
        EXPECT_EQ(wrong.exit_code, 1);
        EXPECT_EQ(wrong.out, "1\n") << "the others are not held up";
        EXPECT_TRUE(wrong.err.starts_with("select nosuch: ERROR:  column \"nosuch\" does not exist"))
            << wrong.err;

        const Outcome slow = query({"--patience", "0.3", "select pg_sleep(60)"}, threads);
        EXPECT_EQ(slow.exit_code, 1);
        EXPECT_EQ(slow.err, "select pg_sleep(60): timed out\n");
    }
}

TEST(PostgresQueryAlone, a_server_that_is_not_there_is_said) {
    const Outcome outcome =
        servers_test::run({program("postgres_query"), "--connect", "host=nosuch-folder/x", "select 1"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_TRUE(outcome.err.starts_with("select 1: ")) << outcome.err;
    const Outcome refused =
        servers_test::run({program("postgres_query"), "--connect", "hostaddr=127.0.0.1 port=1", "select 1"});
    EXPECT_NE(refused.err.find("Connection refused"), std::string::npos) << refused.err;
    EXPECT_EQ(servers_test::run({program("postgres_query")}).exit_code, 2);
}

} // namespace
