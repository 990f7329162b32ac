// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What combinators take, and what they say to the rest.

#include <rouse/combine/either.hpp>
#include <rouse/combine/join_all.hpp>
#include <rouse/combine/map.hpp>
#include <rouse/combine/select_on.hpp>
#include <rouse/combine/shared.hpp>
#include <rouse/combine/try_join.hpp>
#include <rouse/task/task.hpp>

#include <memory>
#include <string>
#include <vector>

rouse::Task<int> number();
rouse::Task<std::unique_ptr<int>> owned();
rouse::Task<std::expected<int, std::string>> text_error();
rouse::Task<std::expected<int, std::unique_ptr<int>>> other_error();

rouse::Task<> combines() {
    std::vector<rouse::Task<std::expected<int, std::string>>> all;
    (void)co_await rouse::try_join_all(std::move(all));
    (void)co_await rouse::map_ok(text_error(), [](int n) { return n; });
    (void)co_await rouse::select_on(rouse::on(number(), [](int) {}));
}

#ifdef FAULTS
// clang-format off

// REFUSED: static assertion failed.*: try_join_all is for futures of a std::expected
void joins_what_has_no_error(std::vector<rouse::Task<int>> numbers) { (void)rouse::try_join_all(std::move(numbers)); }
// REFUSED: static assertion failed.*: map_ok, map_err, and_then and or_else are for futures of a
void goes_on_after_no_error() { (void)rouse::and_then(number(), [](int) { return number(); }); }
// REFUSED: static assertion failed.*: select_on takes arms
void selects_on_futures() { (void)rouse::select_on(number(), number()); }
// REFUSED: static assertion failed.*: shared\(\) gives each who awaits a copy
void shares_what_has_no_copy() { auto shared = rouse::shared(owned()); }
// REFUSED: static assertion failed.*: the two futures of an Either have one output type
void either_of_two_types() { (void)rouse::Either<rouse::Task<int>, rouse::Task<std::string>>::left(number()).is_left(); }
// REFUSED: static assertion failed.*: the handlers of select_on return
void handlers_of_two_types() {
    (void)rouse::select_on(rouse::on(number(), [](int) { return std::string(); }), rouse::on(number(), [](int) { return 1; }));
}
// REFUSED: static assertion failed.*: the futures have error types of which none takes the others
void errors_of_two_types() { (void)rouse::try_join(text_error(), other_error()); }
// REFUSED: static assertion failed.*: the handler of an arm takes what its future returns
void handler_of_another_type() { (void)rouse::on(number(), [](std::string) {}); }
#endif
