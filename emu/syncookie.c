/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/syncookie.h"

#include "emu/clock.h"
#include "emu/siphash.h"
#include "emu/world.h"
#include "vm/bytes.h"

#include <string.h>
#include <sys/socket.h>

#define COOKIE_BITS   24
#define COOKIE_MASK   ((1u << COOKIE_BITS) - 1)
#define AGE_MOST      2u                  /* MAX_SYNCOOKIE_AGE, in periods */
#define PERIOD        (60u * XB_CLOCK_HZ) /* TCP_SYNCOOKIE_PERIOD, in ticks */
#define SIZES         4
#define SEQ_AT        offsetof(struct tcphdr, seq)
#define ACK_SEQ_AT    offsetof(struct tcphdr, ack_seq)
#define OPT_END       0
#define OPT_NOP       1
#define OPT_MSS       2
#define OPT_MSS_BYTES 4

static const u16 sizes4[SIZES] = { 536, 1300, 1440, 1460 };
static const u16 sizes6[SIZES] = { 1280 - 60, 1480 - 60, 1500 - 60, 9000 - 60 };

/* cf. include/net/tcp.h: tcp_cookie_time */
static u32
cookie_time(const struct xb_clock *clock)
{
	return (u32)(xb_clock_jiffies(clock) / PERIOD);
}

static const u16 *
sizes_of(u8 family)
{
	return family == AF_INET ? sizes4 : sizes6;
}

static u32
hash4(const u8 *ip, const u8 *tcp, u32 count, const u8 *key)
{
	u32 words[4];

	memcpy(words, ip + 12, 8);
	words[2] = (u32)xb_ld16(tcp) << 16 | xb_ld16(tcp + 2);
	words[3] = count;
	return (u32)xb_siphash(words, sizeof(words), key);
}

static u32
hash6(const u8 *ip, const u8 *tcp, u32 count, const u8 *key)
{
	u8 bytes[40];

	memcpy(bytes, ip + 8, 32);
	memcpy(bytes + 32, &count, 4);
	memcpy(bytes + 36, tcp, 4);
	return (u32)xb_siphash(bytes, sizeof(bytes), key);
}

static u32
cookie_hash(const struct xb_emu *emu, u8 family, const u8 *ip, const u8 *tcp, u32 count, u32 which)
{
	const struct xb_world *w = emu->world;

	if (family == AF_INET)
		return hash4(ip, tcp, count, w->syncookie_key[0][which]);
	return hash6(ip, tcp, count, w->syncookie_key[1][which]);
}

u32
xb_syncookie_make(const struct xb_emu *emu, const struct xb_clock *clock, u8 family, const u8 *ip,
                  const u8 *tcp, u16 *mss)
{
	const u16 *sizes = sizes_of(family);
	u32 count = cookie_time(clock), i = SIZES - 1;

	while (i > 0 && *mss < sizes[i])
		i--;
	*mss = sizes[i];
	return cookie_hash(emu, family, ip, tcp, 0, 0) + xb_ld_be32(tcp + SEQ_AT) +
	       (count << COOKIE_BITS) +
	       ((cookie_hash(emu, family, ip, tcp, count, 1) + i) & COOKIE_MASK);
}

u16
xb_syncookie_check(const struct xb_emu *emu, const struct xb_clock *clock, u8 family, const u8 *ip,
                   const u8 *tcp)
{
	u32 count = cookie_time(clock), age, i;
	u32 cookie = xb_ld_be32(tcp + ACK_SEQ_AT) - 1;

	cookie -= cookie_hash(emu, family, ip, tcp, 0, 0) + xb_ld_be32(tcp + SEQ_AT) - 1;
	age = (count - (cookie >> COOKIE_BITS)) & (~0u >> COOKIE_BITS);
	if (age >= AGE_MOST)
		return 0;
	i = (cookie - cookie_hash(emu, family, ip, tcp, count - age, 1)) & COOKIE_MASK;
	return i < SIZES ? sizes_of(family)[i] : 0;
}

u16
xb_tcp_mss_option(const u8 *tcp)
{
	const u8 *opt = tcp + sizeof(struct tcphdr);
	s32 left = (s32)xb_tcp_bytes(tcp) - (s32)sizeof(struct tcphdr);
	u16 mss = 0, said;

	while (left > 0 && opt[0] != OPT_END) {
		if (opt[0] == OPT_NOP) {
			opt++;
			left--;
			continue;
		}
		if (left < 2 || opt[1] < 2 || opt[1] > left)
			break;
		if (opt[0] == OPT_MSS && opt[1] == OPT_MSS_BYTES) {
			said = (u16)(opt[2] << 8 | opt[3]);
			mss = said ? said : mss;
		}
		left -= opt[1];
		opt += opt[1];
	}
	return mss;
}
