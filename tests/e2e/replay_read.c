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

void
replay_packets_fini(struct replay_packets *packets)
{
	for (u32 i = 0; i < packets->cnt; i++)
		free(packets->packets[i].data);
	free(packets->packets);
	*packets = (struct replay_packets){ .cnt = 0 };
}
