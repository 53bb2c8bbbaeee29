/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h - tracepoints: events/iommufd/ in tracefs
 *
 * One event for each thing a driver or a program can do to an IOAS, after it was
 * done, with its result; and one before each call of a driver.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM iommufd

#if !defined(_KIT_IOMMUFD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KIT_IOMMUFD_TRACE_H

#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(iommufd_range,
	TP_PROTO(u32 id, unsigned long iova, unsigned long last, int rc),
	TP_ARGS(id, iova, last, rc),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(unsigned long, iova)
		__field(unsigned long, last)
		__field(int, rc)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->iova = iova;
		__entry->last = last;
		__entry->rc = rc;
	),
	TP_printk("id=%u iova=%lx last=%lx rc=%d", __entry->id, __entry->iova,
		  __entry->last, __entry->rc)
);

/* id is the IOAS */
DEFINE_EVENT(iommufd_range, iommufd_map,
	TP_PROTO(u32 id, unsigned long iova, unsigned long last, int rc),
	TP_ARGS(id, iova, last, rc));
DEFINE_EVENT(iommufd_range, iommufd_unmap,
	TP_PROTO(u32 id, unsigned long iova, unsigned long last, int rc),
	TP_ARGS(id, iova, last, rc));

/* id is the access */
DEFINE_EVENT(iommufd_range, iommufd_pin,
	TP_PROTO(u32 id, unsigned long iova, unsigned long last, int rc),
	TP_ARGS(id, iova, last, rc));
DEFINE_EVENT(iommufd_range, iommufd_unpin,
	TP_PROTO(u32 id, unsigned long iova, unsigned long last, int rc),
	TP_ARGS(id, iova, last, rc));
DEFINE_EVENT(iommufd_range, iommufd_notify,
	TP_PROTO(u32 id, unsigned long iova, unsigned long last, int rc),
	TP_ARGS(id, iova, last, rc));

TRACE_EVENT(iommufd_rw,
	TP_PROTO(u32 id, unsigned long iova, unsigned long last,
		 unsigned int flags, int rc),
	TP_ARGS(id, iova, last, flags, rc),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(unsigned long, iova)
		__field(unsigned long, last)
		__field(unsigned int, flags)
		__field(int, rc)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->iova = iova;
		__entry->last = last;
		__entry->flags = flags;
		__entry->rc = rc;
	),
	TP_printk("id=%u iova=%lx last=%lx %s rc=%d", __entry->id,
		  __entry->iova, __entry->last,
		  __entry->flags & IOMMUFD_ACCESS_RW_WRITE ? "write" : "read",
		  __entry->rc)
);

DECLARE_EVENT_CLASS(iommufd_change,
	TP_PROTO(u32 id, u32 from, u32 to, int rc),
	TP_ARGS(id, from, to, rc),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(u32, from)
		__field(u32, to)
		__field(int, rc)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->from = from;
		__entry->to = to;
		__entry->rc = rc;
	),
	TP_printk("id=%u ioas=%u->%u rc=%d", __entry->id, __entry->from,
		  __entry->to, __entry->rc)
);

DEFINE_EVENT(iommufd_change, iommufd_attach,
	TP_PROTO(u32 id, u32 from, u32 to, int rc),
	TP_ARGS(id, from, to, rc));
DEFINE_EVENT(iommufd_change, iommufd_replace,
	TP_PROTO(u32 id, u32 from, u32 to, int rc),
	TP_ARGS(id, from, to, rc));
DEFINE_EVENT(iommufd_change, iommufd_detach,
	TP_PROTO(u32 id, u32 from, u32 to, int rc),
	TP_ARGS(id, from, to, rc));

#endif

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
