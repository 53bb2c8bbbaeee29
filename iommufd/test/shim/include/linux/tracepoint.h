/* SPDX-License-Identifier: GPL-2.0-only */
/* Stub: events are functions that do nothing. */
#ifndef _KIT_TEST_TRACEPOINT_H
#define _KIT_TEST_TRACEPOINT_H

#define TP_PROTO(...) __VA_ARGS__
#define TP_ARGS(...)
#define DECLARE_EVENT_CLASS(...) struct shim_no_trace
#define DEFINE_EVENT(class, name, proto, args) \
	static inline void trace_##name(proto) \
	{                                      \
	}                                      \
	struct shim_no_trace
#define TRACE_EVENT(name, proto, ...) DEFINE_EVENT(, name, PARAMS(proto), )
#define PARAMS(...) __VA_ARGS__

#endif
