/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syncookie.h - the sequence numbers by which a listener knows, without having kept anything, a
 * client that it answered.
 *
 * A cookie is made of the packet's addresses, ports and sequence number, of the world's secrets, of
 * the minutes since boot, and of one of four sizes of segments:
 *
 *   hash(addresses, ports) + sequence number + (minutes << 24)
 *           + ((hash(addresses, ports, minutes) + index of the size) & 0xffffff)
 *
 * Headers are those of the packet, an IPv4 header of 20 bytes or an IPv6 header of 40, and a TCP
 * header; they need no alignment (cf. net/ipv4/syncookies.c, net/ipv6/syncookies.c).
 */
#ifndef XB_EMU_SYNCOOKIE_H
#define XB_EMU_SYNCOOKIE_H

#include "emu/emu.h"

#include <linux/tcp.h>

#define XB_TCP_FIN 0x01
#define XB_TCP_SYN 0x02
#define XB_TCP_RST 0x04
#define XB_TCP_ACK 0x10

/* How many bytes a TCP header says that it has, and its flags. */
static inline u32
xb_tcp_bytes(const u8 *tcp)
{
	return (tcp[12] >> 4) * 4u;
}

static inline u8
xb_tcp_flags(const u8 *tcp)
{
	return tcp[13];
}

/*
 * A cookie for a SYN. *mss becomes what the cookie can say of it: the next smaller size, or the
 * smallest (cf. __cookie_v4_init_sequence, __cookie_v6_init_sequence).
 */
u32 xb_syncookie_make(const struct xb_emu *emu, const struct xb_clock *clock, u8 family,
                      const u8 *ip, const u8 *tcp, u16 *mss);

/*
 * The size of segments in the cookie that an ACK answers, or 0 where it is none that was made here
 * in the last two minutes (cf. __cookie_v4_check, __cookie_v6_check).
 */
u16 xb_syncookie_check(const struct xb_emu *emu, const struct xb_clock *clock, u8 family,
                       const u8 *ip, const u8 *tcp);

/*
 * The size that a TCP header's options announce, or 0. The header has all the bytes that it says
 * (cf. net/ipv4/tcp_input.c: tcp_parse_mss_option).
 */
u16 xb_tcp_mss_option(const u8 *tcp);

#endif
