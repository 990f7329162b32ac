// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace tls_test {

/// A certificate and its key, in PEM.
class Identity {
public:
    std::string certificate;
    std::string key;
};

/// What a certificate says.
class Subject {
public:
    explicit Subject(std::string of) : common_name(std::move(of)) {}
    std::string common_name;
    std::string alternatives; ///< "DNS:localhost,IP:127.0.0.1"
    int valid_from_days = -1; ///< From now.
    int valid_to_days = 30;
};

/// Issues certificates, made with OpenSSL when they are asked for.
class Authority {
public:
    explicit Authority(const std::string& name);
    ~Authority();
    Authority(const Authority&) = delete;
    Authority& operator=(const Authority&) = delete;

    [[nodiscard]] const std::string& certificate() const noexcept { return certificate_; }
    [[nodiscard]] Identity issue(const Subject& subject) const;
    /// An authority below this one: what it issues needs `certificate()` of both.
    Authority(const std::string& name, const Authority& above);

private:
    class Keys;
    std::unique_ptr<Keys> keys_;
    std::string certificate_;
};

Identity self_signed(const Subject& subject);
/// The key, protected by a pass phrase.
std::string protect(const std::string& key);

} // namespace tls_test
