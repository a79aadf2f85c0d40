/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.c - a context's packet: base64 under "packet", or hex digits under "packet_hex".
 */
#include "lib/context_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
ctx_read_packet(struct ctx_reader *r, const struct xb_value *v, struct ctx_packet *to, u32 most)
{
	bool hex = strcmp(v->key, "packet_hex") == 0;
	u8 *data = NULL;
	u32 bytes = 0;

	if (to->given)
		return ctx_fail(r, v, "there is a packet already");
	if (v->kind == XB_VALUE_NULL)
		return 0;
	if ((hex ? ctx_hex(r, v, &data, &bytes) : ctx_base64(r, v, &data, &bytes)) != 0)
		return -1;
	if (bytes > most) {
		free(data);
		return ctx_fail(r, v, "%u bytes are more than %u", bytes, most);
	}
	*to = (struct ctx_packet){ .given = true, .data = data, .bytes = bytes };
	return 0;
}

void
ctx_write_packet(struct xb_json *j, const struct ctx_packet *packet)
{
	if (packet->given)
		xb_json_base64(j, "packet", packet->data, packet->bytes);
}

int
ctx_set_packet(struct ctx_packet *to, const u8 *data, u32 bytes, struct xb_err *err)
{
	u8 *copy = malloc((size_t)bytes + 1);

	if (!copy)
		return xb_err_errno(err, ENOMEM, "packet");
	if (bytes)
		memcpy(copy, data, bytes);
	free(to->data);
	*to = (struct ctx_packet){ .given = true, .data = copy, .bytes = bytes };
	return 0;
}
