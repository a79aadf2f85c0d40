/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/intake.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What is said once. */
enum note {
	NOTE_LINKTYPE = 1,
	NOTE_NO_ETHER = 2,
	NOTE_UNFIT = 4,
};

static void say_once(struct xb_intake *in, enum note note, const char *fmt, ...) XB_PRINTF(3, 4);

static void
say_once(struct xb_intake *in, enum note note, const char *fmt, ...)
{
	char text[XB_ERR_LEN];
	va_list ap;

	if (in->said & note || in->opts.cli->quiet)
		return;
	in->said |= note;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	in->opts.say(in->opts.arg, text);
}

/* The packet as Ethernet. 0; 1 where it has no such form; -1 where the capture cannot be used. */
static int
make_ether(struct xb_intake *in, const struct xb_packet *pkt, struct xb_result *r,
           struct xb_err *err)
{
	struct xb_xdp_in *to = &r->in;
	char name[XB_LINK_NAME_LEN];
	int rc;

	to->hdr_bytes = 0;
	to->data = pkt->data;
	to->bytes = pkt->caplen;
	if (XB_LIKELY(pkt->linktype == XB_LINKTYPE_ETHERNET))
		return 0;
	if (in->opts.cli->linktype_strict)
		return xb_err_set(err, XB_ERR_FILE, "%s: link type %s is not Ethernet",
		                  in->opts.capture, xb_link_name(pkt->linktype, name));
	rc = xb_link_to_ether(pkt->linktype, pkt->data, pkt->caplen, &in->ether, err);
	if (rc < 0)
		return xb_err_prefix(err, "%s", in->opts.capture);
	if (rc > 0) {
		say_once(in, NOTE_NO_ETHER, "%s: packet %llu is not run: %s", in->opts.capture,
		         (unsigned long long)r->n, err->msg);
		return 1;
	}
	say_once(in, NOTE_LINKTYPE, "%s: link type %s: Ethernet headers are made up",
	         in->opts.capture, xb_link_name(pkt->linktype, name));
	to->hdr = in->ether.hdr;
	to->hdr_bytes = in->ether.hdr_len;
	to->data += in->ether.strip_bytes;
	to->bytes -= in->ether.strip_bytes;
	return 0;
}

static struct xb_filter *
filter_of(struct xb_intake *in, u16 linktype, struct xb_err *err)
{
	struct xb_intake_filter *f;

	for (u32 i = 0; i < in->filter_cnt; i++)
		if (in->filters[i].linktype == linktype)
			return in->filters[i].filter;
	if (in->filter_cnt == XB_INTAKE_MAX_FILTERS) {
		xb_err_set(err, XB_ERR_FILE, "%s: more than %d link types to filter",
		           in->opts.capture, XB_INTAKE_MAX_FILTERS);
		return NULL;
	}
	f = &in->filters[in->filter_cnt];
	f->linktype = linktype;
	f->filter = xb_filter_new(in->opts.cli->filter, linktype, 0, err);
	if (!f->filter) {
		xb_err_prefix(err, "--filter");
		return NULL;
	}
	in->filter_cnt++;
	return f->filter;
}

int
xb_intake_wanted(struct xb_intake *in, const struct xb_packet *pkt, struct xb_result *r,
                 struct xb_err *err)
{
	const struct xb_filter *filter;
	int rc = make_ether(in, pkt, r, err);
	const char *why;

	r->ether = rc == 0;
	if (rc != 0) {
		in->opts.stats->unfit++;
		return rc < 0 ? -1 : 0;
	}
	if (in->opts.cli->filter) {
		filter = filter_of(in, pkt->linktype, err);
		if (!filter)
			return -1;
		if (!xb_filter_match(filter, pkt->data, pkt->caplen, pkt->len)) {
			in->opts.stats->unmatched++;
			return 0;
		}
	}
	why = xb_path_unfit(in->opts.path, r);
	if (XB_UNLIKELY(why != NULL)) {
		in->opts.stats->unfit++;
		say_once(in, NOTE_UNFIT, "%s: packet %llu is not run: %s", in->opts.capture,
		         (unsigned long long)r->n, why);
		return 0;
	}
	return 1;
}

void
xb_intake_end_round(struct xb_intake *in)
{
	if (in->timed)
		in->shift_ns += in->last_ns - in->first_ns + 1000;
	in->timed = false;
}

int
xb_intake_check(const struct xb_opts *cli, const struct xb_reader *reader, struct xb_err *err)
{
	const struct xb_iface *iface = xb_reader_iface(reader, 0);
	struct xb_err filter_err = XB_ERR_INIT;
	struct xb_filter *f;

	if (!cli->filter)
		return 0;
	f = xb_filter_new(cli->filter, iface ? iface->linktype : XB_LINKTYPE_ETHERNET, 0,
	                  &filter_err);
	if (!f && (iface || strstr(filter_err.msg, "syntax error"))) {
		*err = filter_err;
		return xb_err_prefix(err, "--filter");
	}
	xb_filter_free(f);
	return 0;
}

void
xb_intake_init(struct xb_intake *in, const struct xb_intake_opts *opts)
{
	*in = (struct xb_intake){ .opts = *opts };
	in->has_queue = xb_ctx_has(&opts->cli->ctx, "rx_queue_index");
}

void
xb_intake_start(const struct xb_intake *in, struct xb_result *r)
{
	xb_path_init_in(in->opts.cli, in->opts.session, &r->in);
}

void
xb_intake_fini(struct xb_intake *in)
{
	for (u32 i = 0; i < in->filter_cnt; i++)
		xb_filter_free(in->filters[i].filter);
}
