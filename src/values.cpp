// SPDX-License-Identifier: BSL-1.0

// Floors 0 and 1: values and decisions. Neither Asio nor Beast, so it compiles in seconds.
#include <websockxx/impl/action.ipp>
#include <websockxx/impl/client.ipp>
#include <websockxx/impl/close.ipp>
#include <websockxx/impl/conn.ipp>
#include <websockxx/impl/core/deadlines.ipp>
#include <websockxx/impl/core/reach.ipp>
#include <websockxx/impl/core/redact.ipp>
#include <websockxx/impl/core/restart_rules.ipp>
#include <websockxx/impl/core/round_trip.ipp>
#include <websockxx/impl/core/send_queue.ipp>
#include <websockxx/impl/core/session.ipp>
#include <websockxx/impl/core/trace_text.ipp>
#include <websockxx/impl/counters.ipp>
#include <websockxx/impl/detail/address_range.ipp>
#include <websockxx/impl/detail/text.ipp>
#include <websockxx/impl/detail/utf8.ipp>
#include <websockxx/impl/error.ipp>
#include <websockxx/impl/frame.ipp>
#include <websockxx/impl/headers.ipp>
#include <websockxx/impl/log.ipp>
#include <websockxx/impl/observer.ipp>
#include <websockxx/impl/reconnect_policy.ipp>
#include <websockxx/impl/restart.ipp>
#include <websockxx/impl/status.ipp>
