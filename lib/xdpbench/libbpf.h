/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libbpf.h - programs that libbpf has read or loaded, as the machine's. The functions here are
 * compiled into their callers, so that libbpf is the callers' own, of whatever version.
 */
#ifndef XDPBENCH_LIBBPF_H
#define XDPBENCH_LIBBPF_H

#include <bpf/libbpf.h>
#include <string.h>

#include "xdpbench/linux.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A program of libbpf's in the machine. With Linux it is the one that libbpf loaded between
 * xb_linux_enter() and its end, which is the machine's already; one that was not loaded there is an
 * error, as nothing in it is resolved. With another emulator the instructions are added as libbpf
 * has them now: what its maps and functions of the kernel are is then that one's to say. NULL and
 * err.
 */
static inline struct xb_program *
xb_machine_add_bpf_program(struct xb_machine *machine, const struct bpf_program *prog,
                           struct xb_err *err)
{
	struct xb_linux *lx = xb_linux_of(machine);
	struct xb_program_opts opts;
	struct xb_program *program;

	if (lx) {
		program = xb_linux_program_by_fd(lx, bpf_program__fd(prog));
		if (!program)
			xb_err_set(err, XB_ERR_LOAD,
			           "program '%s': was not loaded into the emulator",
			           bpf_program__name(prog));
		return program;
	}
	memset(&opts, 0, sizeof(opts));
	opts.size = sizeof(opts);
	opts.name = bpf_program__name(prog);
	opts.insns = bpf_program__insns(prog);
	opts.insn_cnt = (uint32_t)bpf_program__insn_cnt(prog);
	opts.type = (uint32_t)bpf_program__type(prog);
	opts.expected_attach_type = (uint32_t)bpf_program__expected_attach_type(prog);
	return xb_machine_add_program(machine, &opts, err);
}

#ifdef __cplusplus
}
#endif

#endif
