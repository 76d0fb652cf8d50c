// SPDX-License-Identifier: BSL-1.0

// Floor 4: the entry points.
#include <websockxx/impl/observe_all.ipp>
#include <websockxx/impl/ref.ipp>
#include <websockxx/impl/registry.ipp>
#include <websockxx/impl/runtime.ipp>
#include <websockxx/impl/start.ipp>
#include <websockxx/impl/supervisor.ipp>
