/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LEVEL_MASK 15u /* cf. include/linux/bpf_verifier.h: BPF_LOG_MASK, with BPF_LOG_FIXED */

int
xb_log_begin(struct xb_log *log, u32 level, u64 buf, u32 bytes)
{
	char *text = (char *)(uintptr_t)buf;

	*log = (struct xb_log){ 0 };
	if (!!text != !!bytes || (text && level == 0) || level & ~LEVEL_MASK ||
	    bytes > UINT32_MAX >> 2)
		return -EINVAL;
	*log = (struct xb_log){ .level = level, .buf = text, .bytes = bytes };
	if (text)
		text[0] = '\0';
	return 0;
}

void
xb_log_printf(struct xb_log *log, const char *fmt, ...)
{
	u32 room = log->bytes - log->used;
	va_list ap;
	int n;

	if (log->buf == NULL)
		return;
	va_start(ap, fmt);
	n = vsnprintf(log->buf + log->used, room, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	log->full |= (u32)n >= room;
	log->used += (u32)n < room ? (u32)n : room - 1;
}

int
xb_log_end(const struct xb_log *log, int rc)
{
	return log->full ? -ENOSPC : rc;
}
