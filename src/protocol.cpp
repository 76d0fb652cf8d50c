// SPDX-License-Identifier: BSL-1.0

// Floor 2: the only translation unit that pays for Beast's WebSocket.
