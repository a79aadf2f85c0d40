/* SPDX-License-Identifier: BSD-2-Clause */
/* A perf event array of as many slots as there are CPUs. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} samples SEC(".maps");

SEC("xdp")
int
tell(struct xdp_md *ctx)
{
	__u64 cpu = bpf_get_smp_processor_id();

	return bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, &cpu, sizeof(cpu));
}

char _license[] SEC("license") = "GPL";
