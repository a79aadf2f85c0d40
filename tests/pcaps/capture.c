/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/pcaps/capture.h"
#include "pcaps/pcap_format.h"
#include "pcaps/pcapng_format.h"
#include "pcaps/reader.h"
#include "vm/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void
cap_free(struct capture *c)
{
	free(c->data);
	memset(c, 0, sizeof(*c));
}

void
cap_bytes(struct capture *c, const void *data, size_t len)
{
	if (c->len + len > c->cap) {
		c->cap = 2 * (c->len + len);
		c->data = realloc(c->data, c->cap);
		if (!c->data)
			abort();
	}
	if (len)
		memcpy(c->data + c->len, data, len);
	c->len += len;
}

void
cap_u8(struct capture *c, u8 v)
{
	cap_bytes(c, &v, sizeof(v));
}

void
cap_u16(struct capture *c, u16 v)
{
	v = c->be ? __builtin_bswap16(v) : v;
	cap_bytes(c, &v, sizeof(v));
}

void
cap_u32(struct capture *c, u32 v)
{
	v = c->be ? __builtin_bswap32(v) : v;
	cap_bytes(c, &v, sizeof(v));
}

void
cap_u64(struct capture *c, u64 v)
{
	v = c->be ? __builtin_bswap64(v) : v;
	cap_bytes(c, &v, sizeof(v));
}

void
cap_pad(struct capture *c)
{
	while ((c->len - c->block) % 4)
		cap_u8(c, 0);
}

void
cap_pattern(struct capture *c, u8 first, size_t len)
{
	for (size_t i = 0; i < len; i++)
		cap_u8(c, (u8)(first + i));
}

void
cap_pcap_hdr(struct capture *c, u32 magic, u16 major, u16 minor, u32 snaplen, u32 linktype)
{
	cap_u32(c, magic);
	cap_u16(c, major);
	cap_u16(c, minor);
	cap_u32(c, 0);
	cap_u32(c, 0);
	cap_u32(c, snaplen);
	cap_u32(c, linktype);
}

void
cap_pcap_rec(struct capture *c, u32 sec, u32 frac, u32 caplen, u32 len)
{
	cap_u32(c, sec);
	cap_u32(c, frac);
	cap_u32(c, caplen);
	cap_u32(c, len);
}

void
cap_begin(struct capture *c, u32 type)
{
	c->block = c->len;
	cap_u32(c, type);
	cap_u32(c, 0);
}

void
cap_end(struct capture *c)
{
	u32 len;

	cap_pad(c);
	len = (u32)(c->len - c->block) + 4;
	cap_u32(c, len);
	memcpy(c->data + c->block + 4, c->data + c->len - 4, 4);
}

void
cap_opt(struct capture *c, u16 code, const void *data, u16 len)
{
	cap_u16(c, code);
	cap_u16(c, len);
	cap_bytes(c, data, len);
	cap_pad(c);
}

void
cap_opt_u32(struct capture *c, u16 code, u32 v)
{
	cap_u16(c, code);
	cap_u16(c, 4);
	cap_u32(c, v);
}

void
cap_opt_u64(struct capture *c, u16 code, u64 v)
{
	cap_u16(c, code);
	cap_u16(c, 8);
	cap_u64(c, v);
}

void
cap_opt_end(struct capture *c)
{
	cap_u32(c, 0);
}

void
cap_shb(struct capture *c)
{
	cap_begin(c, XB_PCAPNG_SHB);
	cap_u32(c, XB_PCAPNG_BYTE_ORDER);
	cap_u16(c, 1);
	cap_u16(c, 0);
	cap_u64(c, UINT64_MAX);
	cap_end(c);
}

void
cap_idb(struct capture *c, u16 linktype, u32 snaplen)
{
	cap_begin(c, XB_PCAPNG_IDB);
	cap_u16(c, linktype);
	cap_u16(c, 0);
	cap_u32(c, snaplen);
	cap_end(c);
}

void
cap_epb(struct capture *c, u32 if_id, u64 ts, u32 caplen, u32 len)
{
	cap_begin(c, XB_PCAPNG_EPB);
	cap_u32(c, if_id);
	cap_u32(c, (u32)(ts >> 32));
	cap_u32(c, (u32)ts);
	cap_u32(c, caplen);
	cap_u32(c, len);
	cap_pattern(c, 0xa0, caplen);
	cap_pad(c);
}

int
cap_fd(const void *data, size_t len)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);
	size_t done = 0;
	ssize_t put;

	while (fd >= 0 && done < len) {
		put = write(fd, (const u8 *)data + done, len - done);
		if (put <= 0)
			abort();
		done += (size_t)put;
	}
	if (fd < 0 || lseek(fd, 0, SEEK_SET))
		abort();
	return fd;
}

static void
print_meta(FILE *f, const struct xb_packet_meta *m)
{
	if (m->has & XB_PACKET_FLAGS)
		fprintf(f, " flags=%x", m->flags);
	if (m->has & XB_PACKET_HASH)
		fprintf(f, " hash=%u:%x", m->hash_type, m->hash);
	if (m->has & XB_PACKET_ID)
		fprintf(f, " id=%llx", (unsigned long long)m->packet_id);
	if (m->has & XB_PACKET_QUEUE)
		fprintf(f, " queue=%u", m->queue);
	if (m->has & XB_PACKET_VERDICT)
		fprintf(f, " verdict=%u:%llx", m->verdict_type, (unsigned long long)m->verdict);
}

static void
print_packet(FILE *f, const struct xb_reader *r, const struct xb_packet *pkt)
{
	const struct xb_iface *iface = xb_reader_iface(r, pkt->if_idx);
	u32 off = 0, len, shown = pkt->caplen < 8 ? pkt->caplen : 8;
	const char *text;

	fprintf(f, "%llu: %llu.%09llu if %u%s%s link %u %u/%u ", (unsigned long long)pkt->n,
	        (unsigned long long)pkt->ts_ns / 1000000000,
	        (unsigned long long)pkt->ts_ns % 1000000000, pkt->if_idx, *iface->name ? " " : "",
	        iface->name, pkt->linktype, pkt->caplen, pkt->len);
	for (u32 i = 0; i < shown; i++)
		fprintf(f, "%02x", pkt->data[i]);
	print_meta(f, &pkt->meta);
	while ((text = xb_packet_comment_next(pkt, &off, &len)))
		fprintf(f, " '%.*s'", (int)len, text);
	fprintf(f, "\n");
}

static void
print_all(FILE *f, int fd)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_reader *r = xb_reader_open(fd, "c", &err);
	struct xb_packet pkt;
	int ret;

	if (!r) {
		fprintf(f, "%s", err.msg);
		close(fd);
		return;
	}
	while ((ret = xb_reader_next(r, &pkt, &err)) > 0)
		print_packet(f, r, &pkt);
	fprintf(f, "%s", ret ? err.msg : "end");
	xb_reader_close(r);
}

char *
cap_read(int fd)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	print_all(f, fd);
	fclose(f);
	return text;
}

char *
cap_read_free(struct capture *c)
{
	char *text = cap_read(cap_fd(c->data, c->len));

	cap_free(c);
	return text;
}

static int
check(const struct cap_row *row)
{
	struct capture c = { .len = 0 };
	char *got;
	int bad;

	row->build(&c);
	got = cap_read_free(&c);
	bad = strcmp(got, row->want) != 0;
	if (bad)
		fprintf(stderr, "%s:\n  got:\n%s\n  want:\n%s\n", row->name, got, row->want);
	free(got);
	return bad;
}

int
cap_check(const struct cap_row *rows, size_t cnt)
{
	int bad = 0;

	for (size_t i = 0; i < cnt; i++)
		bad += check(&rows[i]);
	return bad;
}

/* Whether the text is the beginning of the whole one, and then a good reason to stop. */
static bool
is_cut(const char *got, const char *whole)
{
	const char *last = strrchr(got, '\n') ? strrchr(got, '\n') + 1 : got;

	return !strncmp(got, whole, (size_t)(last - got)) &&
	       (!strcmp(last, "end") || strstr(last, "the file ends ") ||
	        strstr(last, "is empty") || strstr(last, "begins with"));
}

int
cap_check_cuts(const struct cap_row *row)
{
	struct capture c = { .len = 0 };
	int bad = 0;
	char *got;

	row->build(&c);
	for (size_t len = 0; len < c.len; len++) {
		got = cap_read(cap_fd(c.data, len));
		if (!is_cut(got, row->want)) {
			fprintf(stderr, "%s, cut at byte %zu: %s\n", row->name, len, got);
			bad++;
		}
		free(got);
	}
	cap_free(&c);
	return bad;
}
