// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/action.hpp>
#include <websockxx/client.hpp>
#include <websockxx/io/letter.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

/// @file What Ref::cast(), info() and send_after() are made of.

namespace websockxx::detail {

// What a message is kept as: characters that somebody else owns are copied.
template <class M>
using Kept =
    std::conditional_t<std::is_convertible_v<std::decay_t<M>, std::string_view> && std::is_pointer_v<std::decay_t<M>>,
        std::string, std::decay_t<M>>;

template <class C, class M>
concept HandlesCast = requires(C& client, M message) {
    {
        client.handle_cast(std::move(message))
    } -> std::convertible_to<Action>;
};

template <class C, class M>
concept HandlesInfo = requires(C& client, M message) {
    {
        client.handle_info(std::move(message))
    } -> std::convertible_to<Action>;
};

template <class C, class M>
class CastLetter final : public io::Letter {
public:
    explicit CastLetter(M message) : message_(std::move(message)) {}
    Action deliver(Client& client) override { return static_cast<C&>(client).handle_cast(std::move(message_)); }
    const std::type_info& type() const noexcept override { return typeid(M); }

private:
    M message_;
};

template <class C, class M>
class InfoLetter final : public io::Letter {
public:
    explicit InfoLetter(M message) : message_(std::move(message)) {}
    Action deliver(Client& client) override
    {
        if constexpr (HandlesInfo<C, M>) return static_cast<C&>(client).handle_info(std::move(message_));
        else return Ok{};
    }
    const std::type_info& type() const noexcept override { return typeid(M); }
    const std::type_info* unhandled() const noexcept override { return HandlesInfo<C, M> ? nullptr : &typeid(M); }

private:
    M message_;
};

} // namespace websockxx::detail
