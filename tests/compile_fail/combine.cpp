// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What combinators take, and what they say to the rest.
// FAULT 1: static assertion failed.*: try_join_all is for futures of a std::expected
// FAULT 2: static assertion failed.*: map_ok, map_err, and_then and or_else are for futures of a
// FAULT 3: static assertion failed.*: select_on takes arms
// FAULT 4: static assertion failed.*: shared\(\) gives each who awaits a copy
// FAULT 5: static assertion failed.*: the two futures of an Either have one output type
// FAULT 6: static assertion failed.*: the handlers of select_on return
// FAULT 7: static assertion failed.*: the futures have error types of which none takes the others
// FAULT 8: static assertion failed.*: the handler of an arm takes what its future returns

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
#if FAULT == 1
    std::vector<rouse::Task<int>> numbers;
    (void)co_await rouse::try_join_all(std::move(numbers));
#elif FAULT == 2
    (void)co_await rouse::and_then(number(), [](int) { return number(); });
#elif FAULT == 3
    (void)co_await rouse::select_on(number(), number());
#elif FAULT == 4
    auto shared = rouse::shared(owned());
#elif FAULT == 5
    using Wrong = rouse::Either<rouse::Task<int>, rouse::Task<std::string>>;
    (void)Wrong::left(number()).is_left();
#elif FAULT == 6
    (void)co_await rouse::select_on(rouse::on(number(), [](int) { return std::string(); }),
                                    rouse::on(number(), [](int) { return 1; }));
#elif FAULT == 7
    (void)co_await rouse::try_join(text_error(), other_error());
#elif FAULT == 8
    (void)rouse::on(number(), [](std::string) {});
#endif
}
