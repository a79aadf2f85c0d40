/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/e2e/replay.h"

#include "tests/e2e/record.h"
#include "tests/e2e/replay_priv.h"
#include "tests/rig/permitted.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_PERMITTED 77

#define NOW_NS 1700000000000000000ull

/* What both forms of a run have to say. */
struct result {
	u32 retval;
	u32 bytes; /* of metadata and packet, in run->out */
	u32 meta_bytes;
	u32 linear_bytes; /* with metadata */
};

static void
record_result(struct run *run, const struct result *r)
{
	const struct replay_packet *p = run->packet;

	record_note(run->file, "%s packet %u: returns %u", p->capture, p->n, r->retval);
	record_note(run->file, "%s packet %u: %u bytes of metadata, %u linear", p->capture, p->n,
	            r->meta_bytes, r->linear_bytes);
	record_put(run->file, run->out, r->bytes, "%s packet %u: bytes", p->capture, p->n);
}

static int
run_by_syscall(struct run *run, const struct bpf_program *prog, struct result *r)
{
	struct xdp_md in = { .data_end = run->packet->bytes }, out = { .data = 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = run->packet->data,
	            .data_size_in = run->packet->bytes, .data_out = run->out,
	            .data_size_out = XB_XDP_MAX_BYTES, .ctx_in = &in, .ctx_size_in = sizeof(in),
	            .ctx_out = &out, .ctx_size_out = sizeof(out));
	int err = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);

	*r = (struct result){ opts.retval, opts.data_size_out, out.data, out.data_end };
	return err;
}

enum xb_run_status
run_to_end(const struct run *run, struct xb_proc *proc)
{
	u32 most = run->packet->n % 4 == 0 ? 5 : UINT32_MAX;
	enum xb_run_status status;

	for (u32 i = 0; i < most; i++) {
		status = xb_vm_step(proc);
		if (status != XB_RUN_RUNNING)
			return status;
	}
	return xb_proc_continue(proc);
}

void
run_machine_take(struct run *run, const struct xb_proc *proc)
{
	const struct replay_packet *p = run->packet;

	if (run->world < WORLD_EMU_RUN)
		return;
	record_note(run->file, "%s packet %u: %llu instructions, at %u%s%s", p->capture, p->n,
	            (unsigned long long)proc->insns, proc->pc, proc->fault.kind ? ": " : "",
	            proc->fault.kind ? proc->fault.message : "");
	record_put(run->file, proc->r, 11 * sizeof(proc->r[0]), "%s packet %u: registers",
	           p->capture, p->n);
	record_put(run->file, xb_mem_host(proc->vm->mem, proc->frames[0].top - XB_PROC_FRAME_BYTES),
	           XB_PROC_FRAME_BYTES, "%s packet %u: stack", p->capture, p->n);
}

static void
run_xdp(const struct run *run, const struct xb_bpf_prog *prog, struct xb_xdp_out *out)
{
	if (!run_steps(run)) {
		xb_xdp_run(run->xdp, prog, out);
		return;
	}
	xb_xdp_begin(run->xdp, prog);
	xb_xdp_end(run->xdp, prog, run_to_end(run, xb_xdp_proc(run->xdp)), out);
}

static int
run_by_call(struct run *run, const struct bpf_program *prog, struct result *r)
{
	const struct xb_xdp_in in = {
		.data = run->packet->data,
		.bytes = run->packet->bytes,
		.ingress_ifindex = 1,
	};
	struct xb_xdp_out out;
	struct xb_obj *obj;
	int err = xb_obj_by_fd(run->emu, bpf_program__fd(prog), XB_OBJ_PROG, &obj);

	if (err)
		return err;
	xb_xdp_load(run->xdp, &in);
	run_xdp(run, XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj), &out);
	run_machine_take(run, xb_xdp_proc(run->xdp));
	if (out.fault) {
		record_note(run->file, "fault: %s", out.fault->message);
		return -EFAULT;
	}
	*r = (struct result){ out.retval, out.meta_bytes + out.bytes, out.meta_bytes,
		              out.meta_bytes + out.linear_bytes };
	if (out.meta_bytes)
		memcpy(run->out, out.meta, out.meta_bytes);
	xb_xdp_copy(run->xdp, 0, out.bytes, run->out + out.meta_bytes);
	return 0;
}

static void
run_xdp_packet(struct run *run, const struct bpf_program *prog)
{
	struct result r;
	int err = run_calls(run) ? run_by_call(run, prog, &r) : run_by_syscall(run, prog, &r);

	run_events_take(run);
	if (err)
		record_note(run->file, "%s packet %u: error %d", run->packet->capture,
		            run->packet->n, err);
	else
		record_result(run, &r);
}

/* Programs of devmap and cpumap entries have no test run. */
static bool
is_xdp(const struct bpf_program *prog)
{
	return bpf_program__type(prog) == BPF_PROG_TYPE_XDP &&
	       (bpf_program__expected_attach_type(prog) == BPF_XDP ||
	        bpf_program__expected_attach_type(prog) == 0);
}

static bool
is_skb(const struct bpf_program *prog)
{
	switch (bpf_program__type(prog)) {
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
	case BPF_PROG_TYPE_SOCKET_FILTER:
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_LWT_IN:
	case BPF_PROG_TYPE_LWT_OUT:
	case BPF_PROG_TYPE_LWT_XMIT:
	case BPF_PROG_TYPE_FLOW_DISSECTOR:
		return true;
	default:
		return false;
	}
}

static void
run_progs(struct run *run)
{
	const struct replay_packets *packets = run->opts->packets;
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, run->obj)
	{
		if (!is_xdp(prog) && !is_skb(prog))
			continue;
		record_note(run->file, "program %s", bpf_program__name(prog));
		for (u32 i = 0; i < packets->cnt; i++) {
			run->packet = &packets->packets[i];
			if (is_xdp(prog))
				run_xdp_packet(run, prog);
			else
				run_skb_packet(run, prog);
		}
	}
}

__attribute__((format(printf, 2, 0))) static int
print_warnings(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, ap) : 0;
}

/* Packets that are sent for good, by bpf_clone_redirect, end in a network of this process alone. */
static void
enter_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET) != 0)
		return;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	ioctl(fd, SIOCSIFFLAGS, &lo);
	close(fd);
}

/* The kernel's world: a network and a bpffs for pins of its own, and always the same CPU. */
static void
enter_kernel(const struct network *net)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL);
	if (net)
		network_open(net);
	else
		enter_network();
}

static bool
enter_emu(struct run *run)
{
	const struct xb_emu_opts opts = { .cpu_cnt = run->cpu_cnt,
		                          .zeroing = run->world >= WORLD_EMU_RUN ? XB_ZERO_ALWAYS
		                                                                 : XB_ZERO_NEEDED,
		                          .strict = run->world == WORLD_EMU_STRICT };
	const struct xb_xdp_opts xdp_opts = { .vcpu = 0 };
	const struct xb_skb_opts skb_opts = { .vcpu = 0 };
	struct xb_err err = XB_ERR_INIT;

	run->emu = xb_emu_new(&opts, &err);
	if (!run->emu) {
		record_note(run->file, "emulator: %s", err.msg);
		return false;
	}
	run->emu->clock = (struct xb_clock){ .now_ns = NOW_NS, .boot_ns = NOW_NS / 2 };
	xb_xdp_register(run->emu);
	xb_skb_register(run->emu);
	run->xdp = xb_xdp_new(run->emu, &xdp_opts, &err);
	run->skb = run->xdp ? xb_skb_new(run->emu, &skb_opts, &err) : NULL;
	if (run->skb && run->opts->row->net &&
	    xb_world_set(run->emu, network_world(run->opts->row->net, 1), &err))
		return false;
	if (!run->skb)
		record_note(run->file, "emulator: %s", err.msg);
	xb_emu_enter(run->emu);
	return run->skb != NULL;
}

static void
load_and_run(struct run *run)
{
	int err;

	run->obj = bpf_object__open_file(run->opts->path, NULL);
	if (!run->obj) {
		record_note(run->file, "open gives %d", -errno);
		return;
	}
	err = bpf_object__load(run->obj);
	record_note(run->file, "load gives %d", err);
	if (err || !run_events_open(run) || !run_fill_maps(run))
		return;
	run_progs(run);
	run_dump_maps(run);
}

/* The child process. */
static void
run_child(enum world world, const struct replay_opts *opts, FILE *file)
{
	int cpus = libbpf_num_possible_cpus();
	struct run run = {
		.world = world,
		.opts = opts,
		.file = file,
		.cpu_cnt = cpus > 0 ? (u32)cpus : 1,
		.out = calloc(1, XB_XDP_MAX_BYTES + 4096),
	};

	libbpf_set_print(print_warnings);
	run_skb_sections();
	if (world == WORLD_KERNEL)
		enter_kernel(opts->row->net);
	if (run.out && (world == WORLD_KERNEL || enter_emu(&run)))
		load_and_run(&run);
}

FILE *
replay(enum world world, const struct replay_opts *opts)
{
	FILE *file = tmpfile();
	int status = 0;
	pid_t pid;

	if (!file)
		return NULL;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		run_child(world, opts, file);
		fflush(file);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		fseek(file, 0, SEEK_END);
		/* The number makes two deaths differ: they never pass for two worlds that agree. */
		record_note(file, "world %d: its process %d ended with status 0x%x", (int)world,
		            (int)pid, status);
		fflush(file);
	}
	return file;
}

/* Whether a program of two instructions may be loaded. */
static bool
try_load(void)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return probe_permitted(bpf_prog_load(BPF_PROG_TYPE_XDP, "probe", "GPL", insns,
	                                     XB_ARRAY_SIZE(insns), NULL));
}

bool
replay_kernel_permitted(void)
{
	int status = 0;
	pid_t pid;

	/* In a process of its own: libbpf remembers for good what this kernel could not do. */
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(libbpf_num_possible_cpus() > 0 && try_load() ? 0 : NOT_PERMITTED);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    (WEXITSTATUS(status) && WEXITSTATUS(status) != NOT_PERMITTED))
		exit(1);
	return WEXITSTATUS(status) == 0;
}
