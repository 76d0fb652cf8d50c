// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file All bodies, for those who compile the library themselves: link websockxx::header_only, and include this in
/// exactly one of your files.

#include <websockxx/impl/action.ipp>
#include <websockxx/impl/client.ipp>
#include <websockxx/impl/close.ipp>
#include <websockxx/impl/conn.ipp>
#include <websockxx/impl/counters.ipp>
#include <websockxx/impl/detail/address_range.ipp>
#include <websockxx/impl/detail/text.ipp>
#include <websockxx/impl/detail/utf8.ipp>
#include <websockxx/impl/error.ipp>
#include <websockxx/impl/frame.ipp>
#include <websockxx/impl/headers.ipp>
#include <websockxx/impl/log.ipp>
#include <websockxx/impl/observer.ipp>
#include <websockxx/impl/restart.ipp>
#include <websockxx/impl/status.ipp>

#include <websockxx/impl/core/deadlines.ipp>
#include <websockxx/impl/core/reach.ipp>
#include <websockxx/impl/core/redact.ipp>
#include <websockxx/impl/core/restart_rules.ipp>
#include <websockxx/impl/core/round_trip.ipp>
#include <websockxx/impl/core/send_queue.ipp>
#include <websockxx/impl/core/session.ipp>
#include <websockxx/impl/core/trace_text.ipp>
#include <websockxx/impl/reconnect_policy.ipp>

#include <websockxx/impl/protocol/answer.ipp>
#include <websockxx/impl/protocol/close_payload.ipp>
#include <websockxx/impl/protocol/deflate.ipp>
#include <websockxx/impl/protocol/encoder.ipp>
#include <websockxx/impl/protocol/fragmented_text.ipp>
#include <websockxx/impl/protocol/input_buffer.ipp>
#include <websockxx/impl/protocol/mask.ipp>
#include <websockxx/impl/protocol/output_buffer.ipp>
#include <websockxx/impl/protocol/protocol.ipp>
#include <websockxx/impl/protocol/receiver.ipp>
#include <websockxx/impl/protocol/refusal_body.ipp>
#include <websockxx/impl/protocol/request.ipp>
#include <websockxx/impl/protocol/stream.ipp>
#include <websockxx/impl/protocol/upgrade.ipp>

#include <websockxx/impl/io/alarm.ipp>
#include <websockxx/impl/io/attachments.ipp>
#include <websockxx/impl/io/call.ipp>
#include <websockxx/impl/io/channel.ipp>
#include <websockxx/impl/io/connection.ipp>
#include <websockxx/impl/io/connection_ending.ipp>
#include <websockxx/impl/io/connection_mailbox.ipp>
#include <websockxx/impl/io/connection_sending.ipp>
#include <websockxx/impl/io/connection_status.ipp>
#include <websockxx/impl/io/connection_timing.ipp>
#include <websockxx/impl/io/connector.ipp>
#include <websockxx/impl/io/happy_eyeballs.ipp>
#include <websockxx/impl/io/mailbox.ipp>
#include <websockxx/impl/io/mailbox_calls.ipp>
#include <websockxx/impl/io/mailbox_ending.ipp>
#include <websockxx/impl/io/mailbox_sending.ipp>
#include <websockxx/impl/io/monitor.ipp>
#include <websockxx/impl/io/resolver.ipp>
#include <websockxx/impl/io/tcp_transport.ipp>
#include <websockxx/impl/io/tls_context.ipp>
#include <websockxx/impl/io/tls_error.ipp>
#include <websockxx/impl/io/tls_filter.ipp>
#include <websockxx/impl/io/tls_transport.ipp>
#include <websockxx/impl/io/tracer.ipp>
#include <websockxx/impl/io/transport.ipp>
#include <websockxx/impl/io/tree.ipp>
#include <websockxx/impl/io/visit.ipp>

#include <websockxx/impl/observe_all.ipp>
#include <websockxx/impl/ref.ipp>
#include <websockxx/impl/registry.ipp>
#include <websockxx/impl/runtime.ipp>
#include <websockxx/impl/start.ipp>
#include <websockxx/impl/supervisor.ipp>
