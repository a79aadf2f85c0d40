/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/e2e/replay.h"

#include "xdp/xdp.h"

#define PCAP_DONT_INCLUDE_PCAP_BPF_H /* its struct bpf_insn is another one */
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#define ETHERNET_BYTES 14

static bool
add_packet(struct replay_packets *packets, const char *capture, u32 n, const u8 *data, u32 bytes)
{
	struct replay_packet *p;

	if (packets->cnt == packets->cap) {
		packets->cap = packets->cap ? packets->cap * 2 : 64;
		p = realloc(packets->packets, packets->cap * sizeof(*p));
		if (!p)
			return false;
		packets->packets = p;
	}
	p = &packets->packets[packets->cnt];
	*p = (struct replay_packet){ .n = n, .bytes = bytes };
	snprintf(p->capture, sizeof(p->capture), "%s", capture);
	p->data = malloc(bytes);
	if (!p->data)
		return false;
	memcpy(p->data, data, bytes);
	packets->cnt++;
	return true;
}

bool
replay_read(struct replay_packets *packets, const char *path, u32 max)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, why);
	const char *slash = strrchr(path, '/');
	struct pcap_pkthdr *hdr;
	const u8 *data;

	if (!pcap)
		return false;
	for (u32 n = 1; n <= max && pcap_next_ex(pcap, &hdr, &data) == 1; n++) {
		if (hdr->caplen < ETHERNET_BYTES || hdr->caplen > XB_XDP_MAX_BYTES)
			continue;
		if (!add_packet(packets, slash ? slash + 1 : path, n, data, hdr->caplen))
			break;
	}
	pcap_close(pcap);
	return true;
}

/* splitmix64 */
static u64
draw(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static u32
draw_below(u64 *state, u32 limit)
{
	return (u32)(draw(state) % limit);
}

/* Mostly among the headers, where it matters. */
static void
change_bytes(struct replay_packet *p, u64 *state)
{
	u32 changes = draw_below(state, 6);

	for (u32 i = 0; i < changes; i++) {
		u32 limit = draw_below(state, 4) && p->bytes > 80 ? 80 : p->bytes;

		p->data[draw_below(state, limit)] = (u8)draw(state);
	}
}

bool
replay_mutate(struct replay_packets *packets, u32 cnt, u64 seed)
{
	u32 originals = packets->cnt;
	u64 state = seed;

	for (u32 n = 1; originals && n <= cnt; n++) {
		const struct replay_packet *from = &packets->packets[draw_below(&state, originals)];
		u32 bytes = from->bytes;

		if (draw_below(&state, 3) == 0)
			bytes = ETHERNET_BYTES + draw_below(&state, bytes - ETHERNET_BYTES + 1);
		if (!add_packet(packets, "mutated", n, from->data, bytes))
			return false;
		change_bytes(&packets->packets[packets->cnt - 1], &state);
	}
	return true;
}

void
replay_packets_fini(struct replay_packets *packets)
{
	for (u32 i = 0; i < packets->cnt; i++)
		free(packets->packets[i].data);
	free(packets->packets);
	*packets = (struct replay_packets){ .cnt = 0 };
}
