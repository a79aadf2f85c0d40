/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * write_pcap.c - pcap files with nanoseconds: one link type, and nothing but packets.
 */
#include "pcaps/link.h"
#include "pcaps/pcap_format.h"
#include "pcaps/writer_priv.h"

#include <string.h>

#define NS_PER_S 1000000000u

static int
write_header(struct xb_writer *w, u16 linktype, u32 snaplen, struct xb_err *err)
{
	const struct xb_pcap_file_hdr hdr = {
		.magic = XB_PCAP_MAGIC_NS,
		.major = XB_PCAP_MAJOR,
		.minor = XB_PCAP_MINOR,
		.snaplen = snaplen ? snaplen : xb_link_max_caplen(linktype),
		.linktype = linktype,
	};
	u8 *p = xb_writer_room(w, sizeof(hdr), err);

	if (!p)
		return -1;
	memcpy(p, &hdr, sizeof(hdr));
	xb_writer_commit(w, sizeof(hdr));
	return 0;
}

static int
pcap_start(struct xb_writer *w, const struct xb_writer_opts *opts, struct xb_err *err)
{
	(void)w, (void)opts, (void)err;
	return 0;
}

static int
pcap_interface(struct xb_writer *w, const struct xb_writer_iface *iface, struct xb_err *err)
{
	char first[XB_LINK_NAME_LEN], other[XB_LINK_NAME_LEN];

	if (!w->iface_cnt)
		return write_header(w, iface->linktype, iface->snaplen, err);
	if (iface->linktype == w->ifaces[0].linktype)
		return 0;
	return xb_err_set(err, XB_ERR_FILE,
	                  "a pcap has one link type: %s, and no %s beside it; pcapng has several",
	                  xb_link_name(w->ifaces[0].linktype, first),
	                  xb_link_name(iface->linktype, other));
}

static int
pcap_packet(struct xb_writer *w, const struct xb_out_packet *pkt, struct xb_err *err)
{
	const u64 sec = pkt->ts_ns / NS_PER_S;
	const struct xb_pcap_rec_hdr hdr = {
		.sec = (u32)sec,
		.frac = (u32)(pkt->ts_ns % NS_PER_S),
		.caplen = pkt->caplen,
		.len = pkt->len,
	};
	u8 *p;

	if (XB_UNLIKELY(sec > UINT32_MAX))
		return xb_err_set(err, XB_ERR_FILE,
		                  "a packet's time is %llu s after 1970; a pcap's times end at %u, "
		                  "pcapng has more",
		                  (unsigned long long)sec, UINT32_MAX);
	p = xb_writer_room(w, sizeof(hdr) + pkt->caplen, err);
	if (XB_UNLIKELY(!p))
		return -1;
	memcpy(p, &hdr, sizeof(hdr));
	if (pkt->caplen)
		memcpy(p + sizeof(hdr), pkt->data, pkt->caplen);
	xb_writer_commit(w, sizeof(hdr) + pkt->caplen);
	return 0;
}

/* A capture without packets is one all the same. */
static int
pcap_finish(struct xb_writer *w, struct xb_err *err)
{
	return w->iface_cnt ? 0 : write_header(w, XB_LINKTYPE_ETHERNET, 0, err);
}

static size_t
pcap_block_len(const u8 *data, u64 off)
{
	struct xb_pcap_rec_hdr hdr;

	if (!off)
		return sizeof(struct xb_pcap_file_hdr);
	memcpy(&hdr, data, sizeof(hdr));
	return sizeof(hdr) + hdr.caplen;
}

const struct xb_writer_ops xb_writer_pcap = {
	.start = pcap_start,
	.interface = pcap_interface,
	.packet = pcap_packet,
	.finish = pcap_finish,
	.block_len = pcap_block_len,
};
