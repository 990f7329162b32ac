// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/fs/file.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What is done to files by their paths. See `Operation` for how such a future wakes, is cancelled and fails.
//
// What is a single call of the system is done by the kernel where io_uring serves (see
// docs/guide/io-uring.md): `rename`, `remove_file`, `hard_link`, `symlink`, `create_dir`, `remove_dir`,
// `metadata`, `symlink_metadata`, `exists`. What takes several is on the pool, which does them all in one go,
// and so is what the kernel's ring does not have: links that are read, permissions, the names in a directory.
//
// ```cpp
// auto text = rouse::or_throw(co_await rouse::fs::read_to_string("/etc/hostname"));
// rouse::or_throw(co_await rouse::fs::write("copy", text));
// ```

namespace rouse::fs {

/// All that is in a file. Cancel: destroy it; a call that has begun runs to its end, and its result is
/// dropped.
[[nodiscard]] Operation<std::vector<std::byte>> read(std::string path);
/// The same as a text, of whatever encoding.
[[nodiscard]] Operation<std::string> read_to_string(std::string path);
/// Makes the file or empties it, and writes `contents`, of which it has a copy. After an error, or when it is
/// cancelled, some of it may be there.
[[nodiscard]] Operation<> write(std::string path, std::string contents);
[[nodiscard]] Operation<> write(std::string path, std::vector<std::byte> contents);
/// Copies what is in a file, and its permissions; what was in `to` is gone. How many bytes.
[[nodiscard]] Operation<std::uint64_t> copy(std::string from, std::string to);

/// Within one file system; what was at `to` is gone. Cancel: destroy it; it then is done whole or not at all,
/// and perhaps later than what comes next. So are the others that change something.
[[nodiscard]] Operation<> rename(std::string from, std::string to);
[[nodiscard]] Operation<> remove_file(std::string path);
[[nodiscard]] Operation<> hard_link(std::string original, std::string link);
/// A symbolic link at `link` that says `original`.
[[nodiscard]] Operation<> symlink(std::string original, std::string link);
/// What a symbolic link says.
[[nodiscard]] Operation<std::string> read_link(std::string path);
/// The path without links, `.` and `..`; it must be there.
[[nodiscard]] Operation<std::string> canonicalize(std::string path);

[[nodiscard]] Operation<> create_dir(std::string path, unsigned mode = 0777);
/// With all that leads there; no error if it is there.
[[nodiscard]] Operation<> create_dir_all(std::string path);
/// An empty one.
[[nodiscard]] Operation<> remove_dir(std::string path);
/// With all that is in it; links are removed, not followed. How many it was. Errors: ENOENT if it is not
/// there.
[[nodiscard]] Operation<std::uint64_t> remove_dir_all(std::string path);

/// Of what a path means, links followed.
[[nodiscard]] Operation<Metadata> metadata(std::string path);
/// Of the link itself, if it is one.
[[nodiscard]] Operation<Metadata> symlink_metadata(std::string path);
/// Whether there is something, links followed; an error when that cannot be told.
[[nodiscard]] Operation<bool> exists(std::string path);
[[nodiscard]] Operation<> set_permissions(std::string path, unsigned mode);

/// One name in a directory.
class DirEntry {
public:
    enum class Kind : std::uint8_t { file, dir, symlink, other, unknown };
    DirEntry(std::string directory, std::string name, Kind kind)
        : directory_(std::move(directory)), name_(std::move(name)), kind_(kind) {}
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// With the directory, as it was given.
    [[nodiscard]] std::string path() const { return directory_ + '/' + name_; }
    /// As the directory has it; `unknown` where the file system does not keep it there.
    [[nodiscard]] Kind kind() const noexcept { return kind_; }

private:
    std::string directory_;
    std::string name_;
    Kind kind_;
};

/// The names in a directory, but for `.` and `..`, in no order.
///
/// ```cpp
/// auto entries = rouse::or_throw(co_await rouse::fs::read_dir("."));
/// while (auto entry = rouse::or_throw(co_await entries.next())) std::puts(entry->name().c_str());
/// ```
class ReadDir {
    class State;

public:
    /// The future of the next one: `Result<std::optional<DirEntry>>`; empty at the end.
    /// Wake, errors: as `Operation`. Cancel: destroy it; none is lost.
    class [[nodiscard]] Next {
    public:
        using Output = Result<std::optional<DirEntry>>;
        explicit Next(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
        Poll<Output> poll(Context& cx) { return detail::poll_split(*this, cx); }
        bool poll_ready(Context& cx);
        Output take_ready();
        void inspect(Inspector& to) const {
            to.waits_for(WaitKind::future, state_.get(), "fs::ReadDir::next");
        }

    private:
        std::shared_ptr<State> state_;
        std::optional<Operation<>> fill_;
        std::error_code error_;
    };
    [[nodiscard]] Next next() noexcept { return Next(state_); }

private:
    friend Operation<ReadDir> read_dir(std::string path);
    explicit ReadDir(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};
[[nodiscard]] Operation<ReadDir> read_dir(std::string path);

} // namespace rouse::fs
