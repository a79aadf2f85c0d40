/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/captures/out.h"

#include <string.h>

static void
put(struct out *o, const void *data, size_t bytes)
{
	fwrite(data, 1, bytes, o->file); /* errors stay in the stream, see out_close() */
}

static void
put32(struct out *o, u32 v)
{
	put(o, &v, sizeof(v));
}

static void
pcap_header(struct out *o)
{
	static const u32 header[6] = { 0xa1b2c3d4, 0x00040002, 0, 0, 262144, 1 };

	put(o, header, sizeof(header));
}

static void
pcapng_header(struct out *o)
{
	static const u32 section[7] = { 0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff, 28 };
	/* Ethernet, 262144 bytes, if_name "eth0", end of options */
	static const u32 interface[8] = { 1, 32, 1, 262144, 0x00040002, 0x30687465, 0, 32 };

	put(o, section, sizeof(section));
	put(o, interface, sizeof(interface));
}

int
out_open(struct out *o, const char *path, u64 start_us)
{
	size_t n = strlen(path);

	o->file = fopen(path, "wb");
	o->pcapng = n > 7 && !strcmp(path + n - 7, ".pcapng");
	o->ts_us = start_us;
	if (!o->file)
		return -1;
	if (o->pcapng)
		pcapng_header(o);
	else
		pcap_header(o);
	return 0;
}

void
out_packet(struct out *o, const u8 *data, u32 caplen, u32 len, u32 step_us)
{
	static const u8 zeros[4];
	u32 pad = (4 - caplen % 4) % 4, block = 32 + caplen + pad;

	if (o->pcapng) {
		u32 header[7] = { 6, block, 0, (u32)(o->ts_us >> 32), (u32)o->ts_us, caplen, len };

		put(o, header, sizeof(header));
		put(o, data, caplen);
		put(o, zeros, pad);
		put32(o, block);
	} else {
		u32 header[4] = { (u32)(o->ts_us / 1000000), (u32)(o->ts_us % 1000000), caplen,
			          len };

		put(o, header, sizeof(header));
		put(o, data, caplen);
	}
	o->ts_us += step_us;
}

int
out_close(struct out *o)
{
	int err = ferror(o->file);

	return fclose(o->file) || err ? -1 : 0;
}
