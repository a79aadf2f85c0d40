/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_lint_tshark.c - the lint's opinion of single packets, against Wireshark's.
 *
 * Packets come from lint_packet.h, from the captures given and, where it is set, from the directory
 * XDPBENCH_PCAPS. Each is written as it is, and several times with a byte changed; tshark says of
 * every checksum whether it is good. What the first header of a kind has must be told by both,
 * where Wireshark got there by a way that the lint walks too, and what the lint tells must be bad
 * somewhere for Wireshark.
 */
#include "bench/lint.h"
#include "pcaps/reader.h"
#include "pcaps/writer.h"
#include "tests/bench/lint_packet.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define MAX_PACKETS   60000 /* written; tshark reads some 10,000 in a second */
#define FROM_ONE      400   /* packets of one capture */
#define VARIANTS      6     /* of a packet */
#define MAX_BYTES     4096
#define LINK_ETHERNET 1

static struct {
	int argc;
	char **argv;
} args;

/* The lint's opinion of the packets, in order. */
struct opinions {
	u32 cnt;
	u8 wrong[MAX_PACKETS];
	u64 random;
	struct xb_writer *out;
};

static u32
next(u64 *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*state >> 32);
}

static void
put(struct opinions *o, const u8 *data, u32 caplen, u32 len)
{
	struct xb_out_packet pkt = { .data = data, .caplen = caplen, .len = len };
	const struct xb_lint_in in = { .data = data, .caplen = caplen, .len = len };
	struct xb_err err = XB_ERR_INIT;

	if (o->cnt == MAX_PACKETS)
		return;
	if (xb_writer_packet(o->out, &pkt, &err))
		fail_msg("%s", err.msg);
	o->wrong[o->cnt++] = (u8)xb_lint_packet(&in);
}

static void
put_variants(struct opinions *o, const struct xb_packet *pkt)
{
	u8 copy[MAX_BYTES];

	if (pkt->caplen < 15 || pkt->caplen > sizeof(copy) || pkt->len < pkt->caplen)
		return;
	memcpy(copy, pkt->data, pkt->caplen);
	put(o, copy, pkt->caplen, pkt->len);
	for (u32 i = 0; i < VARIANTS; i++) {
		/* Headers change more often than what they carry. */
		u32 room = i & 1 ? pkt->caplen : pkt->caplen < 80 ? pkt->caplen : 80;
		u32 at = 14 + next(&o->random) % (room - 14);
		u8 old = copy[at];

		copy[at] ^= (u8)(1 << next(&o->random) % 8);
		put(o, copy, pkt->caplen, pkt->len);
		copy[at] = old;
	}
}

/* Here tshark goes where the lint does not: into fragments, five levels deep. */
static const char *const otherwise[] = {
	"eth ip4frag ip4 tcp",
	"eth ip4frag gre ip4 tcp",
	"eth ip4 ip4 ip4 ip4 ip4 tcp",
};

/* Of a routing header of another type tshark does not know that it has the destination. */
static bool
is_otherwise(const struct pkt *p, const char *words, u32 at)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(otherwise); i++)
		if (!strcmp(words, otherwise[i]))
			return true;
	for (u32 i = 0; i < p->layer_cnt; i++)
		if (at == p->at[i] + 2 &&
		    (!strcmp(pkt_word(p, i), "srh") || !strcmp(pkt_word(p, i), "rt0")))
			return true;
	return false;
}

/* Every byte of them is changed once. */
static void
put_stacks(struct opinions *o)
{
	struct pkt p;

	for (u32 i = 0; i < pkt_stack_cnt; i++) {
		pkt_build(&p, pkt_stacks[i].words);
		put(o, p.bytes, p.len, p.len);
		for (u32 at = 14; at < p.len; at++) {
			u8 old = p.bytes[at];

			if (is_otherwise(&p, pkt_stacks[i].words, at))
				continue;
			p.bytes[at] ^= (u8)(1 << next(&o->random) % 8);
			put(o, p.bytes, p.len, p.len);
			p.bytes[at] = old;
		}
	}
}

static void
put_capture(struct opinions *o, const char *path)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_reader *r;
	struct xb_packet pkt;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	r = xb_reader_open(fd, path, &err);
	if (!r) {
		close(fd);
		return;
	}
	for (u32 i = 0; i < FROM_ONE && xb_reader_next(r, &pkt, &err) > 0; i++)
		if (xb_reader_iface(r, pkt.if_idx)->linktype == LINK_ETHERNET)
			put_variants(o, &pkt);
	xb_reader_close(r);
}

static void
put_all(struct opinions *o)
{
	const char *dir = getenv("XDPBENCH_PCAPS");
	struct dirent **names = NULL;
	char path[1024];
	int cnt;

	for (int i = 1; i < args.argc; i++)
		put_capture(o, args.argv[i]);
	cnt = dir ? scandir(dir, &names, NULL, alphasort) : 0;
	if (cnt <= 0)
		print_message("skipped: XDPBENCH_PCAPS names no folder of captures\n");
	for (int i = 0; i < cnt; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name) <
		    (int)sizeof(path))
			put_capture(o, path);
		free(names[i]);
	}
	free(names);
}

/*
 * tshark's: a field for each, with one digit a header, outermost first: 0 bad, 1 good, others: not
 * verified, not present. Before them, the protocols, "eth:ethertype:ip:tcp".
 */
static const struct column {
	const char *field;
	u32 kind;
} columns[] = {
	{ "frame.protocols", 0 },
	{ "ip.checksum.status", IP_CSUM },
	{ "tcp.checksum.status", TCP_CSUM },
	{ "udp.checksum.status", UDP_CSUM },
	{ "icmp.checksum.status", ICMP_CSUM },
	{ "icmpv6.checksum.status", ICMP_CSUM },
};

/* The protocols that the lint walks, with what there is to judge in them. */
static const struct step {
	const char *protocol;
	u32 kind;
	bool last;
} steps[] = {
	{ "eth", 0, false },          { "ethertype", 0, false },     { "vlan", 0, false },
	{ "ip", IP_CSUM, false },     { "ipv6", 0, false },          { "ipv6.hopopts", 0, false },
	{ "ipv6.dstopts", 0, false }, { "ipv6.routing", 0, false },  { "ipv6.fraghdr", 0, false },
	{ "ah", 0, false },           { "gre", 0, false },           { "vxlan", 0, false },
	{ "geneve", 0, false },       { "udp", UDP_CSUM, false },    { "tcp", TCP_CSUM, true },
	{ "icmp", ICMP_CSUM, true },  { "icmpv6", ICMP_CSUM, true },
};

static const struct step *
step_by_name(const char *name)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(steps); i++)
		if (!strcmp(steps[i].protocol, name))
			return &steps[i];
	return NULL;
}

/* The kinds that the lint walks to on this way; not to ICMP of the other IP. */
static u32
walked(char *protocols)
{
	const struct step *step;
	u32 kinds = 0, vlans = 0;
	bool v6 = false;

	for (char *name; (name = strsep(&protocols, ":"));) {
		step = step_by_name(name);
		vlans += !strcmp(name, "vlan");
		v6 = strcmp(name, "ip") && (v6 || !strcmp(name, "ipv6"));
		if (!step || vlans > 2 || !strcmp(name, v6 ? "icmp" : "icmpv6"))
			break;
		kinds |= step->kind;
		if (step->last)
			break;
	}
	return kinds;
}

static FILE *
open_tshark(int fd)
{
	char cmd[1024];
	int len =
	        snprintf(cmd, sizeof(cmd),
	                 "tshark -n -r /proc/%d/fd/%d -o ip.check_checksum:TRUE "
	                 "-o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE "
	                 "-o ip.defragment:FALSE -o ipv6.defragment:FALSE -d udp.port==8472,vxlan "
	                 "-o tcp.desegment_tcp_streams:FALSE -T fields",
	                 getpid(), fd);

	for (size_t i = 0; i < XB_ARRAY_SIZE(columns); i++)
		len += snprintf(cmd + len, sizeof(cmd) - (size_t)len, " -e %s", columns[i].field);
	snprintf(cmd + len, sizeof(cmd) - (size_t)len, " 2>/dev/null");
	return popen(cmd, "r");
}

/* Kinds: bad in the first header that is walked to, bad in any, judged at all. */
struct line {
	u32 first, any, judged;
};

static struct line
parse(char *text)
{
	struct line l = { 0 };
	u32 kinds = 0;

	for (size_t i = 0; i < XB_ARRAY_SIZE(columns); i++) {
		char *field = strsep(&text, "\t\n");

		if (!field)
			fail_msg("tshark has no field %s", columns[i].field);
		if (i == 0)
			kinds = walked(field);
		if (*field == '0')
			l.first |= columns[i].kind & kinds;
		if (strchr(field, '0'))
			l.any |= columns[i].kind;
		if (strpbrk(field, "01"))
			l.judged |= columns[i].kind;
	}
	return l;
}

/* Where a length is wrong, tshark takes another, and the lint goes no further. */
static bool
agree(u32 wrong, const struct line *l)
{
	if (wrong & (IP_LEN | UDP_LEN))
		return !(l->first & IP_CSUM & ~wrong);
	return !(wrong & l->judged & ~l->any) && !(l->first & ~wrong);
}

static void
test_against_tshark(void **state)
{
	static struct opinions o;
	const struct xb_writer_iface iface = { .linktype = LINK_ETHERNET };
	struct xb_err err = XB_ERR_INIT;
	int fd = memfd_create("lint", MFD_CLOEXEC);
	u32 cnt = 0, bad = 0, judged = 0, differ = 0;
	char text[4096];
	FILE *f;

	(void)state;
	if (system("command -v tshark >/dev/null")) {
		print_message("skipped: no tshark\n");
		close(fd);
		skip();
	}
	o.out = xb_writer_open(dup(fd), "lint", &(struct xb_writer_opts){ 0 }, &err);
	assert_non_null(o.out);
	xb_writer_add_interface(o.out, &iface, &err);
	put_stacks(&o);
	put_all(&o);
	assert_int_equal(xb_writer_close(o.out, &err), 0);
	f = open_tshark(fd);
	assert_non_null(f);
	for (; cnt < o.cnt && fgets(text, sizeof(text), f); cnt++) {
		struct line l = parse(text);

		judged += !!l.judged;
		bad += !!l.first;
		if (agree(o.wrong[cnt], &l))
			continue;
		if (differ++ < 10)
			print_message("packet %u: %x, tshark's first %x, any %x\n", cnt + 1,
			              o.wrong[cnt], l.first, l.any);
	}
	assert_int_equal(pclose(f), 0);
	assert_int_equal(cnt, o.cnt);
	print_message("%u packets, %u judged, %u bad\n", cnt, judged, bad);
	assert_true(judged > cnt / 4 && bad > cnt / 10);
	close(fd);
	assert_int_equal(differ, 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_against_tshark) };

	args.argc = argc;
	args.argv = argv;
	return cmocka_run_group_tests_name("bench-lint-tshark", tests, NULL, NULL);
}
