// SPDX-License-Identifier: BSL-1.0

// Floor 3: sockets, TLS, and the driver of a connection.
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
