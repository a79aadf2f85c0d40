/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
xb_err_set(struct xb_err *err, enum xb_err_kind kind, const char *fmt, ...)
{
	va_list ap;

	err->kind = kind;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return -1;
}

int
xb_err_prefix(struct xb_err *err, const char *fmt, ...)
{
	char rest[XB_ERR_LEN];
	va_list ap;
	size_t len;

	memcpy(rest, err->msg, sizeof(rest));
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", rest);
	return -1;
}

int
xb_err_errno(struct xb_err *err, int errnum, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	err->kind = XB_ERR_SYSTEM;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", strerror(errnum));
	return -1;
}
