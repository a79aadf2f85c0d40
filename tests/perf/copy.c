/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perf-copy - prints what reading and copying a capture costs a packet, beside libpcap's own loops
 * over the same file, in turn with them.
 *
 *   perf-copy [PACKETS [DIRECTORY]]
 */
#include "pcaps/reader.h"
#include "pcaps/writer.h"
#include "tests/perf/traffic.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RUNS 7

struct copy {
	char in[512];
	char out[512];
	u32 packets;
	u64 sum; /* of a byte of each packet, so that reading is not optimised away */
};

static u64
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000u + (u64)ts.tv_nsec;
}

/* libpcap: reads, and copies where `out` is not NULL. Returns how many packets, 0 on an error. */
static u32
run_libpcap(struct copy *c, const char *out)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	pcap_t *in = pcap_open_offline(c->in, errbuf);
	pcap_dumper_t *dump = in && out ? pcap_dump_open(in, out) : NULL;
	struct pcap_pkthdr *hdr;
	const u8 *data;
	u32 cnt = 0;

	while (in && pcap_next_ex(in, &hdr, &data) == 1) {
		c->sum += data[hdr->caplen / 2];
		if (dump)
			pcap_dump((u8 *)dump, hdr, data);
		cnt++;
	}
	if (dump)
		pcap_dump_close(dump);
	if (in)
		pcap_close(in);
	return cnt;
}

static struct xb_writer *
open_writer(const char *out, enum xb_writer_format format, struct xb_err *err)
{
	static const struct xb_writer_iface iface = { .name = "in", .linktype = 1 };
	const struct xb_writer_opts opts = { .format = format, .app = "perf-copy" };
	struct xb_writer *w;
	int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	w = xb_writer_open(fd, out, &opts, err);
	if (w && xb_writer_add_interface(w, &iface, err) < 0) {
		xb_writer_close(w, err);
		return NULL;
	}
	return w;
}

static int
copy_packet(struct xb_writer *w, const struct xb_packet *pkt, struct xb_err *err)
{
	const struct xb_out_packet out = {
		.ts_ns = pkt->ts_ns,
		.data = pkt->data,
		.caplen = pkt->caplen,
		.len = pkt->len,
		.meta = {
			.has = XB_PACKET_FLAGS | XB_PACKET_ID | XB_PACKET_QUEUE | XB_PACKET_VERDICT,
			.flags = XB_PACKET_DIR_INBOUND,
			.packet_id = pkt->n,
			.verdict_type = XB_VERDICT_XDP,
			.verdict = 2,
		},
	};

	return xb_writer_packet(w, &out, err);
}

/* The same with the project's reader and writer. */
static u32
run_own(struct copy *c, const char *out, enum xb_writer_format format)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_reader *r = xb_reader_open(open(c->in, O_RDONLY | O_CLOEXEC), c->in, &err);
	struct xb_writer *w = r && out ? open_writer(out, format, &err) : NULL;
	struct xb_packet pkt;
	u32 cnt = 0;

	while (r && xb_reader_next(r, &pkt, &err) == 1) {
		c->sum += pkt.data[pkt.caplen / 2];
		if (w && copy_packet(w, &pkt, &err))
			break;
		cnt++;
	}
	if (xb_writer_close(w, &err))
		cnt = 0;
	xb_reader_close(r);
	if (cnt != c->packets)
		fprintf(stderr, "perf-copy: %s\n", err.msg);
	return cnt;
}

static u32
libpcap_read(struct copy *c)
{
	return run_libpcap(c, NULL);
}

static u32
libpcap_copy(struct copy *c)
{
	return run_libpcap(c, c->out);
}

static u32
own_read(struct copy *c)
{
	return run_own(c, NULL, XB_WRITER_PCAPNG);
}

static u32
own_copy_pcap(struct copy *c)
{
	return run_own(c, c->out, XB_WRITER_PCAP);
}

static u32
own_copy_pcapng(struct copy *c)
{
	return run_own(c, c->out, XB_WRITER_PCAPNG);
}

static u32
own_copy_null(struct copy *c)
{
	return run_own(c, "/dev/null", XB_WRITER_PCAPNG);
}

static const struct {
	const char *name;
	u32 (*run)(struct copy *c);
} loops[] = {
	{ "libpcap: read", libpcap_read },
	{ "xdpbench: read", own_read },
	{ "xdpbench: read, write pcapng to /dev/null", own_copy_null },
	{ "libpcap: copy to pcap", libpcap_copy },
	{ "xdpbench: copy to pcap", own_copy_pcap },
	{ "xdpbench: copy to pcapng with verdicts", own_copy_pcapng },
};

static int
compare_u64(const void *a, const void *b)
{
	const u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

static int
run_all(struct copy *c)
{
	u64 took_ns[XB_ARRAY_SIZE(loops)][RUNS];
	u64 begin;

	for (u32 run = 0; run < RUNS; run++) {
		for (size_t i = 0; i < XB_ARRAY_SIZE(loops); i++) {
			unlink(c->out);
			begin = now_ns();
			if (loops[i].run(c) != c->packets)
				return -1;
			took_ns[i][run] = now_ns() - begin;
		}
	}
	printf("ns a packet, %u packets, median of %u runs (fastest)\n\n", c->packets, RUNS);
	for (size_t i = 0; i < XB_ARRAY_SIZE(loops); i++) {
		qsort(took_ns[i], RUNS, sizeof(u64), compare_u64);
		printf("%-45s %6.1f  (%.1f)\n", loops[i].name,
		       (double)took_ns[i][RUNS / 2] / c->packets,
		       (double)took_ns[i][0] / c->packets);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct copy c = { .packets = argc > 1 ? (u32)strtoul(argv[1], NULL, 0) : 1000000 };
	const char *dir = argc > 2 ? argv[2] : "/tmp";
	struct traffic_packet *mix = traffic_new();
	int ret = 1;

	snprintf(c.in, sizeof(c.in), "%s/perf-copy-%d.pcap", dir, getpid());
	snprintf(c.out, sizeof(c.out), "%s/perf-copy-%d.out", dir, getpid());
	if (!mix || traffic_write(c.in, mix, c.packets))
		fprintf(stderr, "perf-copy: %s: %s\n", c.in, strerror(errno));
	else
		ret = run_all(&c) ? 1 : 0;
	unlink(c.in);
	unlink(c.out);
	free(mix);
	return ret;
}
