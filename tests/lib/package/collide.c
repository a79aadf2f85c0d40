/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions of a user's that have the names of some inside the library: each is its own. */
#include <linux/bpf.h>
#include <stdio.h>
#include <xdpbench/linux.h>
#include <xdpbench/process.h>

#define MINE(name)                                                                                 \
	int name(void);                                                                            \
	int name(void)                                                                             \
	{                                                                                          \
		return ++calls;                                                                    \
	}

static int calls;

MINE(xb_vm_new)
MINE(xb_emu_new)
MINE(xb_emu_bpf)
MINE(ctx_new)
MINE(lib_opts_copy)
MINE(object_kind)
MINE(skb_push)
MINE(world_add)
MINE(fib_prefix_equal)

int
main(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 2 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const struct xb_linux_opts opts = { .size = sizeof(opts) };
	const struct xb_program_opts program = {
		.size = sizeof(program), .type = BPF_PROG_TYPE_XDP, .insns = insns, .insn_cnt = 2
	};
	struct xb_err err = XB_ERR_INIT;
	struct xb_linux *lx = xb_linux_new(&opts, &err);
	struct xb_machine_opts machine_opts = { .size = sizeof(machine_opts),
		                                .emulator = xb_linux_emulator(lx) };
	struct xb_machine *machine = xb_machine_new(&machine_opts, &err);
	struct xb_program *p = machine ? xb_machine_add_program(machine, &program, &err) : NULL;
	struct xb_process *process = p ? xb_process_new(machine, p, NULL, NULL, &err) : NULL;

	if (!process) {
		printf("%s\n", err.msg);
		return 1;
	}
	xb_process_run(process, NULL);
	printf("%d, %d calls\n", (int)xb_process_result(process), calls);
	xb_process_free(process);
	xb_machine_free(machine);
	return 0;
}
