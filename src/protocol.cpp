// SPDX-License-Identifier: BSL-1.0

// Floor 2: the only translation unit that pays for Beast's WebSocket.
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
