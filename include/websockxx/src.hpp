// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file All bodies, for those who do not link the library: link websockxx::header_only, and include this in exactly one
/// of your files.

#include <websockxx/impl/client.ipp>
#include <websockxx/impl/close.ipp>
#include <websockxx/impl/conn.ipp>
#include <websockxx/impl/detail/text.ipp>
#include <websockxx/impl/detail/utf8.ipp>
#include <websockxx/impl/error.ipp>
#include <websockxx/impl/frame.ipp>
#include <websockxx/impl/headers.ipp>

#include <websockxx/impl/core/deadlines.ipp>
#include <websockxx/impl/core/session.ipp>
#include <websockxx/impl/reconnect_policy.ipp>

#include <websockxx/impl/io/alarm.ipp>
#include <websockxx/impl/io/channel.ipp>
#include <websockxx/impl/io/connector.ipp>
#include <websockxx/impl/io/happy_eyeballs.ipp>
#include <websockxx/impl/io/mailbox.ipp>
#include <websockxx/impl/io/tcp_transport.ipp>
#include <websockxx/impl/io/tls_context.ipp>
#include <websockxx/impl/io/tls_error.ipp>
