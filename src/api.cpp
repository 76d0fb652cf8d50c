// SPDX-License-Identifier: BSL-1.0

// Floor 4: the entry points.
