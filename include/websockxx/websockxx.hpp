// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file What every program needs. What only some need is included by itself: supervisor.hpp, observe_all.hpp,
/// pending_calls.hpp.

#include <websockxx/action.hpp>
#include <websockxx/client.hpp>
#include <websockxx/close.hpp>
#include <websockxx/config.hpp>
#include <websockxx/conn.hpp>
#include <websockxx/debug.hpp>
#include <websockxx/error.hpp>
#include <websockxx/frame.hpp>
#include <websockxx/headers.hpp>
#include <websockxx/label.hpp>
#include <websockxx/log.hpp>
#include <websockxx/observer.hpp>
#include <websockxx/options.hpp>
#include <websockxx/reconnect_policy.hpp>
#include <websockxx/ref.hpp>
#include <websockxx/registry.hpp>
#include <websockxx/reply_to.hpp>
#include <websockxx/runtime.hpp>
#include <websockxx/start.hpp>
#include <websockxx/status.hpp>
