/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcaps/filter.h"
#include "pcaps/link.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>

struct xb_filter {
	struct bpf_program prog;
};

struct xb_filter *
xb_filter_new(const char *expr, u16 linktype, u32 snaplen, struct xb_err *err)
{
	int snap = (int)(snaplen && snaplen < INT32_MAX ? snaplen : xb_link_max_caplen(linktype));
	struct xb_filter *f = calloc(1, sizeof(*f));
	pcap_t *dead;

	if (!f) {
		xb_err_errno(err, ENOMEM, "a filter");
		return NULL;
	}
	dead = pcap_open_dead(xb_link_to_dlt(linktype), snap);
	if (!dead) {
		xb_err_errno(err, ENOMEM, "a filter");
		goto free_filter;
	}
	if (pcap_compile(dead, &f->prog, expr, 1, PCAP_NETMASK_UNKNOWN)) {
		xb_err_set(err, XB_ERR_USAGE, "filter '%s': %s", expr, pcap_geterr(dead));
		goto close_dead;
	}
	pcap_close(dead);
	return f;

close_dead:
	pcap_close(dead);
free_filter:
	free(f);
	return NULL;
}

bool
xb_filter_match(const struct xb_filter *f, const u8 *data, u32 caplen, u32 len)
{
	return bpf_filter(f->prog.bf_insns, data, len, caplen) != 0;
}

void
xb_filter_free(struct xb_filter *f)
{
	if (!f)
		return;
	pcap_freecode(&f->prog);
	free(f);
}
