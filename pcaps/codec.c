/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcaps/codec_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
xb_codec_in_init(struct xb_codec_in *in, struct xb_source *src, const u8 *data, size_t len,
                 struct xb_err *err)
{
	u8 *buf = malloc(XB_CODEC_IN_BYTES);

	if (!buf)
		return xb_err_errno(err, ENOMEM, "a block of %zu bytes", XB_CODEC_IN_BYTES);
	memcpy(buf, data, len);
	*in = (struct xb_codec_in){ .src = src, .buf = buf, .len = len };
	return 0;
}

int
xb_codec_in_fill(struct xb_codec_in *in, struct xb_err *err)
{
	ssize_t got;

	if (in->pos < in->len)
		return 1;
	got = xb_source_read(in->src, in->buf, XB_CODEC_IN_BYTES, err);
	if (got <= 0)
		return (int)got;
	in->pos = 0;
	in->len = (size_t)got;
	return 1;
}

void
xb_codec_in_fini(struct xb_codec_in *in)
{
	free(in->buf);
}
