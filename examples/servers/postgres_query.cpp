// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Queries a PostgreSQL server through libpq, which knows nothing of rouse: it says when it would like to read
// or write, and AsyncFd waits for that. All queries run at the same time, each on a connection of its own.

#include "support/server.hpp"

#include <fmt/format.h>

#include <expected>
#include <vector>

#include <libpq-fe.h>

using rouse::io::AsyncFd;
using rouse::io::Interest;

/// What a query gives: its rows, or why there are none.
using Rows = std::expected<std::vector<std::string>, std::string>;

class FreeConnection {
public:
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, FreeConnection>;
class FreeAnswer {
public:
    void operator()(PGresult* answer) const { PQclear(answer); }
};
using Answer = std::unique_ptr<PGresult, FreeAnswer>;

/// What libpq has to say, in one line.
std::string problem_of(const Connection& connection) {
    std::string text = PQerrorMessage(connection.get());
    while (text.ends_with('\n')) text.pop_back();
    for (char& c : text)
        if (c == '\n') c = ' ';
    return text;
}

/// None, if all is well. (A name of a host is looked up by libpq, which blocks: give it a hostaddr, or a
/// folder with a Unix socket.)
rouse::Task<std::optional<std::string>> connect(const Connection& connection) {
    if (!connection || PQstatus(connection.get()) == CONNECTION_BAD) co_return problem_of(connection);
    for (PostgresPollingStatusType wants = PGRES_POLLING_WRITING;;) {
        {
            // Borrowed anew each time: libpq may go on with another socket, when one address does not answer.
            const auto fd = AsyncFd::borrow(PQsocket(connection.get()));
            if (!fd) co_return fd.error().message();
            const auto ready =
                co_await fd->ready(wants == PGRES_POLLING_READING ? Interest::readable : Interest::writable);
            if (!ready) co_return ready.error().message();
        }
        wants = PQconnectPoll(connection.get());
        if (wants == PGRES_POLLING_OK) break;
        if (wants == PGRES_POLLING_FAILED) co_return problem_of(connection);
    }
    if (PQsetnonblocking(connection.get(), 1) != 0) co_return problem_of(connection);
    co_return std::nullopt;
}

void append(Rows& rows, const PGresult* answer) {
    for (int row = 0; row < PQntuples(answer); ++row) {
        std::string line;
        for (int column = 0; column < PQnfields(answer); ++column) {
            if (column > 0) line += '\t';
            line += PQgetisnull(answer, row, column) ? "NULL" : PQgetvalue(answer, row, column);
        }
        rows->push_back(std::move(line));
    }
}

/// A dropped query is a closed connection: the server notices when it is through.
rouse::Task<Rows> query(const std::string& where, const std::string& sql) {
    const Connection connection(PQconnectStart(where.c_str()));
    if (const auto problem = co_await connect(connection)) co_return std::unexpected(*problem);
    const auto fd = AsyncFd::borrow(PQsocket(connection.get())); // destroyed before the connection
    if (!fd) co_return std::unexpected(fd.error().message());

    if (!PQsendQuery(connection.get(), sql.c_str())) co_return std::unexpected(problem_of(connection));
    while (const int left = PQflush(connection.get())) {
        if (left < 0) co_return std::unexpected(problem_of(connection));
        // The server may want to be read first.
        const auto ready = co_await fd->ready(Interest::readable | Interest::writable);
        if (!ready) co_return std::unexpected(ready.error().message());
        if (ready->is_readable() && !PQconsumeInput(connection.get()))
            co_return std::unexpected(problem_of(connection));
    }

    Rows rows;
    for (;;) {
        while (PQisBusy(connection.get())) {
            const auto ready = co_await fd->readable();
            if (!ready) co_return std::unexpected(ready.error().message());
            if (!PQconsumeInput(connection.get())) co_return std::unexpected(problem_of(connection));
        }
        const Answer answer(PQgetResult(connection.get()));
        if (!answer) co_return rows;
        switch (PQresultStatus(answer.get())) {
        case PGRES_TUPLES_OK:
            if (rows) append(rows, answer.get());
            break;
        case PGRES_COMMAND_OK:
        case PGRES_EMPTY_QUERY:
            break;
        case PGRES_COPY_IN:
        case PGRES_COPY_OUT:
        case PGRES_COPY_BOTH:
            co_return std::unexpected("COPY is not for here");
        default:
            rows = std::unexpected(problem_of(connection)); // the rest is still to be read
        }
    }
}

rouse::Task<int> query_all(const std::string& where, const std::vector<std::string>& texts,
                           rouse::Duration patience) {
    const auto one = [patience](const std::string& at, const std::string& sql) -> rouse::Task<Rows> {
        auto rows = co_await rouse::timeout(patience, query(at, sql));
        if (!rows) co_return std::unexpected(std::string(rows.error().what()));
        co_return std::move(*rows);
    };
    std::vector<rouse::JoinHandle<Rows>> running;
    for (const std::string& sql : texts) running.push_back(rouse::spawn(one, where, sql));
    int exit_code = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const Rows rows = co_await running[i];
        if (!rows) {
            servers::complain(fmt::format("{}: {}", texts[i], rows.error()));
            exit_code = 1;
            continue;
        }
        for (const std::string& row : *rows) servers::say(row);
    }
    co_return exit_code;
}

int main(int argc, char** argv) {
    servers::Arguments arguments(
        "postgres_query",
        "Sends queries to a PostgreSQL server, all at the same time, and prints their rows in order.");
    servers::Options options;
    std::string where;
    std::vector<std::string> texts;
    arguments.optional("--connect", where, "As libpq takes it: \"host=/run/postgresql dbname=postgres\"")
        .optional("--threads", options.threads, 1024, servers::about_threads)
        .optional("--patience", options.patience, "How long a query may take, with its connection")
        .required("SQL", texts, "The queries");
    if (const auto ended = arguments.parse(argc, argv)) return *ended;
    auto runtime = servers::make_runtime(options);
    return runtime.block_on(query_all(where, texts, options.limit()));
}
