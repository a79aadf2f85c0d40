/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/perf/traffic.h"

#include "vm/bytes.h"

#include <stdio.h>
#include <stdlib.h>

/* xorshift64: chance that is the same everywhere. */
static u64
chance(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Sizes as on an Internet link: many small, many full, some between. */
static u32
pick_bytes(u64 *state)
{
	u64 r = chance(state) % 12;

	if (r < 7)
		return 60 + (u32)(chance(state) % 40);
	return r < 11 ? 570 + (u32)(chance(state) % 60) : TRAFFIC_MAX_BYTES;
}

static u32
put_ethernet(u8 *at, u16 proto, u64 *state)
{
	bool tagged = chance(state) % 8 == 0;

	xb_st64(at, chance(state) & ~1ull);
	xb_st32(at + 8, (u32)chance(state));
	if (tagged) {
		xb_st_be16(at + 12, 0x8100);
		xb_st_be16(at + 14, (u16)(chance(state) % 4095));
	}
	xb_st_be16(at + (tagged ? 16 : 12), proto);
	return tagged ? 18 : 14;
}

static u32
put_ipv4(u8 *at, u32 bytes, u8 proto, u64 *state)
{
	u32 options = chance(state) % 16 == 0 ? 4 : 0, sum = 0;

	at[0] = (u8)(0x45 + options / 4);
	xb_st_be16(at + 2, (u16)bytes);
	xb_st16(at + 4, (u16)chance(state));
	at[8] = 64;
	at[9] = proto;
	xb_st32(at + 12, 10 | (u32)chance(state) << 8);
	xb_st32(at + 16, 10 | (u32)chance(state) << 8);
	if (options)
		xb_st32(at + 20, 0x01010101);
	for (u32 i = 0; i < 20 + options; i += 2)
		sum += xb_ld16(at + i);
	sum = (sum & 0xffff) + (sum >> 16);
	xb_st16(at + 10, (u16) ~(sum + (sum >> 16)));
	return 20 + options;
}

static u32
put_ipv6(u8 *at, u32 bytes, u8 proto, u64 *state)
{
	at[0] = 0x60;
	xb_st_be16(at + 4, (u16)(bytes - 40));
	at[6] = proto;
	at[7] = 64;
	for (u32 i = 8; i < 40; i += 8)
		xb_st64(at + i, chance(state));
	at[8] = at[24] = 0x20;
	return 40;
}

static void
put_packet(struct traffic_packet *p, u64 *state)
{
	u64 kind = chance(state) % 32;
	u16 ethertype = kind == 0 ? 0x0806 : kind < 8 ? 0x86dd : 0x0800;
	u8 proto = chance(state) % 3 ? 6 : 17;
	u32 at;

	p->bytes = pick_bytes(state);
	at = put_ethernet(p->data, ethertype, state);
	if (ethertype == 0x0806)
		return;
	at += (ethertype == 0x0800 ? put_ipv4 : put_ipv6)(p->data + at, p->bytes - at, proto,
	                                                  state);
	if (at + 8 > p->bytes)
		return;
	xb_st_be16(p->data + at, (u16)chance(state));
	xb_st_be16(p->data + at + 2, (u16)(chance(state) % 1024));
}

struct traffic_packet *
traffic_new(void)
{
	struct traffic_packet *mix = calloc(TRAFFIC_CNT, sizeof(*mix));
	u64 state = 0x9e3779b97f4a7c15ull;

	for (u32 i = 0; mix && i < TRAFFIC_CNT; i++)
		put_packet(&mix[i], &state);
	return mix;
}

int
traffic_write(const char *path, const struct traffic_packet *mix, u32 cnt)
{
	const u32 header[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 262144, 1 };
	FILE *f = fopen(path, "wb");
	bool bad;

	if (!f)
		return -1;
	fwrite(header, sizeof(header), 1, f);
	for (u32 i = 0; i < cnt; i++) {
		const struct traffic_packet *p = &mix[i % TRAFFIC_CNT];
		const u32 record[4] = { 1700000000 + i / 1000000, i % 1000000, p->bytes, p->bytes };

		fwrite(record, sizeof(record), 1, f);
		fwrite(p->data, p->bytes, 1, f);
	}
	bad = ferror(f) != 0;
	return fclose(f) || bad ? -1 : 0;
}
