/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/log.h"

#include "emu/user.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define LINE_BYTES 2048 /* the longest text at once */
#define LEVEL_MASK 15u  /* cf. include/linux/bpf_verifier.h: BPF_LOG_MASK, with BPF_LOG_FIXED */

int
xb_log_begin(struct xb_log *log, u32 level, u64 buf, u32 bytes)
{
	*log = (struct xb_log){ 0 };
	if (!buf != !bytes || (buf && level == 0) || level & ~LEVEL_MASK || bytes > UINT32_MAX >> 2)
		return -EINVAL;
	*log = (struct xb_log){ .level = level, .buf = buf, .bytes = bytes };
	if (buf && xb_user_write(buf, "", 1))
		log->lost = true;
	return 0;
}

void
xb_log_printf(struct xb_log *log, const char *fmt, ...)
{
	u32 room = log->bytes - log->used, len;
	char text[LINE_BYTES];
	va_list ap;
	int n;

	if (log->buf == 0 || log->lost)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	len = (u32)n < sizeof(text) ? (u32)n : (u32)sizeof(text) - 1;
	if (len >= room) {
		log->full = true;
		len = room - 1;
		text[len] = '\0';
	}
	if (xb_user_write(log->buf + log->used, text, len + 1))
		log->lost = true;
	else
		log->used += len;
}

int
xb_log_end(const struct xb_log *log, int rc)
{
	if (log->lost)
		return -EFAULT;
	return log->full ? -ENOSPC : rc;
}
