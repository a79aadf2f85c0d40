/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/e2e/replay_priv.h"

#include "tests/e2e/record.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>

#define TEST_SKB_CHECKSUM_COMPLETE (1u << 2) /* not in older headers */
#define SEGMENT_BYTES              1000
#define STEP_NS                    1000000ull

void
run_skb_sections(void)
{
	libbpf_register_prog_handler("tcx/ingress", BPF_PROG_TYPE_SCHED_CLS, 0, NULL);
	libbpf_register_prog_handler("tcx/egress", BPF_PROG_TYPE_SCHED_CLS, 0, NULL);
}

/* All that a test run takes, another one from packet to packet; now and then what it has by itself.
 */
static struct __sk_buff
skb_in(const struct run *run)
{
	u32 n = run->packet->n, bytes = run->packet->bytes;

	return (struct __sk_buff){
		.mark = n % 11,
		.priority = n % 9,
		.ingress_ifindex = n >> 1 & 1,
		.ifindex = n & 1,
		.cb = { n, n * 3, n << 8, 0, ~n },
		.tstamp = n % 5 * STEP_NS * n,
		.wire_len = n % 4 ? 0 : bytes + n % 3 * 24,
		.gso_segs = n % 6,
		.gso_size = run->opts->row->skb & CORPUS_SEGMENTS ? SEGMENT_BYTES : 0,
		.hwtstamp = n % 7,
	};
}

void
run_skb_packet(struct run *run, const struct bpf_program *prog)
{
	const struct replay_packet *p = run->packet;
	struct __sk_buff in = skb_in(run), out = { .len = 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p->data, .data_size_in = p->bytes,
	            .data_out = run->out, .data_size_out = XB_XDP_MAX_BYTES, .ctx_in = &in,
	            .ctx_size_in = sizeof(in), .ctx_out = &out, .ctx_size_out = sizeof(out));
	int err;

	if (run->opts->row->skb & CORPUS_SUM_KNOWN)
		opts.flags = TEST_SKB_CHECKSUM_COMPLETE;
	err = run->world == WORLD_EMU ? -EOPNOTSUPP
	                              : bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
	run_events_take(run);
	if (err) {
		record_note(run->file, "%s packet %u: error %d", p->capture, p->n, err);
		return;
	}
	record_note(run->file, "%s packet %u: returns %u", p->capture, p->n, opts.retval);
	record_put(run->file, run->out, opts.data_size_out, "%s packet %u: bytes", p->capture,
	           p->n);
	record_put(run->file, &out, opts.ctx_size_out, "%s packet %u: context", p->capture, p->n);
}
