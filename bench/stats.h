/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.h - what is counted over a run: verdicts, targets, instructions, faults.
 *
 * Memory is bounded whatever the capture's size. Percentiles of instructions are exact: one counter
 * for each count up to XB_INSNS_EXACT, of which only the pages in use take memory; runs longer than
 * that count as that long.
 */
#ifndef XB_BENCH_STATS_H
#define XB_BENCH_STATS_H

#include "bench/stage.h"
#include "emu/emu.h"
#include "vm/fault.h"
#include "vm/prog.h"

/* Where packets go: an interface of the capture, or what a redirect reaches. */
enum xb_port_kind {
	XB_PORT_INGRESS,
	XB_PORT_IFINDEX,
	XB_PORT_RX,   /* the receiving side of an interface: bpf_redirect with BPF_F_INGRESS */
	XB_PORT_PEER, /* that of an interface's other end: bpf_redirect_peer */
	XB_PORT_CPU,
	XB_PORT_SOCKET,
};

struct xb_port {
	enum xb_port_kind kind;
	u32 index; /* of the capture's interface; ifindex; CPU; socket's number */
};

/* "ifindex", "ingress_ifindex", "cpu", ...: the name of what a port's index is. */
const char *xb_port_kind_name(enum xb_port_kind kind);

#define XB_INSNS_SMALL 65536u
#define XB_INSNS_EXACT (16u << 20)

struct xb_insn_stats {
	u64 total, max;
	u64 max_packet; /* number of the first packet that took max */
	u64 runs;
	u64 *small; /* runs by instructions */
	u64 *large; /* from XB_INSNS_SMALL on, mapped at the first need */
	u64 blocks[XB_INSNS_EXACT / XB_INSNS_SMALL]; /* sums over 65,536 of `large` */
};

struct xb_target_stats {
	struct xb_port port;
	u64 packets, bytes;
};

#define XB_STATS_FAULT_SITES 16
#define XB_STATS_LINTS       32

/* One instruction that faulted, with its first fault. */
struct xb_fault_site {
	const struct xb_prog *prog;
	u32 pc;
	enum xb_fault_kind kind;
	u64 count, first_packet;
	char message[200];
};

/* What is counted of one stage. */
struct xb_stage_stats {
	u64 runs;
	u64 verdicts[XB_VERDICT_CNT];
	u64 faults;
	struct xb_insn_stats insns;
};

struct xb_stats {
	u64 packets, bytes;            /* read, without those skipped; bytes as captured */
	u64 ran;                       /* went through a program */
	u64 verdicts[XB_VERDICT_CNT];  /* of each packet's last program */
	struct xb_stage_stats *stages; /* XB_STAGE_CNT, where there are several; or NULL */
	u64 unmatched;                 /* by the filter */
	u64 truncated;                 /* captured shorter than they were, and run so */
	u64 unfit;  /* no Ethernet form, or too long, or the context does not fit: not run */
	u64 clones; /* packets that bpf_clone_redirect sent off */
	u64 linted; /* packets with something wrong that was right before */
	u64 lints[XB_STATS_LINTS]; /* by what is wrong */
	u64 nowhere;               /* redirects without any target */
	u64 faults;
	u64 events, printks;
	struct xb_insn_stats insns;
	struct xb_target_stats *targets;
	u32 target_cnt, target_cap, target_last;
	u64 targets_lost; /* packets to targets that there was no memory to count */
	struct xb_fault_site sites[XB_STATS_FAULT_SITES];
	u32 site_cnt;
	u64 start_ns, end_ns; /* of the replay, monotonic */
};

/* `stages`: each stage is counted by itself, too. */
int xb_stats_init(struct xb_stats *s, bool stages, struct xb_err *err);
void xb_stats_fini(struct xb_stats *s);

/* The slow path of xb_stats_insns. */
void xb_stats_insns_large(struct xb_insn_stats *i, u64 insns);

/* One run of packet n. */
static inline void
xb_stats_insns(struct xb_insn_stats *i, u64 insns, u64 n)
{
	i->total += insns;
	i->runs++;
	if (XB_UNLIKELY(insns > i->max)) {
		i->max = insns;
		i->max_packet = n;
	}
	if (XB_LIKELY(insns < XB_INSNS_SMALL))
		i->small[insns]++;
	else
		xb_stats_insns_large(i, insns);
}

/* The smallest count that at least `percent` of the runs do not exceed; 0 without runs. */
u64 xb_stats_percentile(const struct xb_insn_stats *i, u32 percent);

/* One packet that reached a target. */
void xb_stats_target(struct xb_stats *s, struct xb_port port, u64 bytes);

/* Targets in order of kind and index. */
void xb_stats_sort_targets(struct xb_stats *s);

/* One run, where stages are counted by themselves. */
void xb_stats_stage(struct xb_stats *s, const struct xb_stage_run *run, u64 n);

/*
 * Adds what another vCPU counted of the same run: all but faults' places and times, which depend on
 * the order of packets.
 */
void xb_stats_add(struct xb_stats *s, const struct xb_stats *more);

void xb_stats_fault(struct xb_stats *s, const struct xb_fault *fault, u64 n);

#endif
