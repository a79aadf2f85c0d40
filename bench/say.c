/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SAY_PREFIX "xdpbench: "

void
xb_say(const char *fmt, ...)
{
	char line[XB_ERR_LEN + 64] = SAY_PREFIX;
	size_t start = strlen(SAY_PREFIX), len;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + start, sizeof(line) - start - 1, fmt, ap);
	va_end(ap);
	len = strlen(line);
	while (len > start && (line[len - 1] == '\n' || line[len - 1] == ' '))
		len--;
	for (size_t i = start; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = ' ';
	line[len++] = '\n';
	/* Nothing can be done where standard error is closed. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

int
xb_say_error(const struct xb_err *err)
{
	static const int codes[] = {
		[XB_ERR_NONE] = XB_EXIT_USAGE,   [XB_ERR_USAGE] = XB_EXIT_USAGE,
		[XB_ERR_FILE] = XB_EXIT_USAGE,   [XB_ERR_LOAD] = XB_EXIT_LOAD,
		[XB_ERR_SYSTEM] = XB_EXIT_USAGE,
	};

	xb_say("%s", err->msg);
	return codes[err->kind];
}

void
xb_say_text(const char *text)
{
	fputs(text, stderr);
}
