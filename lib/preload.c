/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * preload.c - the process' emulator, and syscall(), by which bpf(2) comes.
 *
 * The state is the process': whom the dynamic linker calls has no argument to find it by.
 */
#include "lib/preload_priv.h"

#include "emu/kernel.h"
#include "emu/sk_msg.h"
#include "emu/sk_reuseport.h"
#include "emu/sock_ops.h"
#include "emu/user.h"
#include "emu/world.h"
#include "lib/bind.h"
#include "lib/preload_report.h"
#include "lib/six_longs.h"
#include "skb/skb.h"
#include "xdp/xdp.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S        1000000000ull
#define WORLD_MAX_BYTES (64u << 20)
#define FDS_MOST        65536

/* What Linux tells where it has no emulator: bpf(2) is not for this process. */
#define NO_EMULATOR (-EPERM)

static struct {
	pthread_mutex_t lock;
	pthread_once_t once;
	struct xb_emu *emu; /* NULL until it is needed, or where it cannot be made */
	bool fixed_clock;
	sigset_t blocked; /* by the program, in the thread that is inside */
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT };

static _Thread_local unsigned int depth __attribute__((tls_model("initial-exec")));

/* libbpf's archive is no shared library's code: its stderr has to be a variable of this one. */
extern FILE *__wrap_stderr;
FILE *__wrap_stderr;

long __real_syscall(long nr, ...);
PRELOAD_PUBLIC long syscall(long nr, ...);

void *
preload_next(void **slot, const char *name)
{
	void *next = __atomic_load_n(slot, __ATOMIC_RELAXED);

	if (!next) {
		next = dlsym(RTLD_NEXT, name);
		__atomic_store_n(slot, next, __ATOMIC_RELAXED);
	}
	return next;
}

bool
preload_is_inside(void)
{
	return depth != 0;
}

long
preload_result(long rc)
{
	if (rc >= 0)
		return rc;
	errno = (int)-rc;
	return -1;
}

/* Time goes on between runs, and stands still during one. */
static void
set_clock(void)
{
	struct timespec real, mono;

	if (state.fixed_clock)
		return;
	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	state.emu->clock.now_ns = (u64)real.tv_sec * NS_PER_S + (u64)real.tv_nsec;
	state.emu->clock.boot_ns =
	        state.emu->clock.now_ns - (u64)mono.tv_sec * NS_PER_S - (u64)mono.tv_nsec;
}

static void
before_fork(void)
{
	pthread_mutex_lock(&state.lock);
}

static void
after_fork(void)
{
	pthread_mutex_unlock(&state.lock);
}

/* All of a file; NULL: it cannot be read. */
static char *
read_all(const char *path, size_t *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = malloc(WORLD_MAX_BYTES);
	ssize_t n = 1;

	*bytes = 0;
	while (fd >= 0 && text && n > 0 && *bytes < WORLD_MAX_BYTES) {
		n = read(fd, text + *bytes, WORLD_MAX_BYTES - *bytes);
		*bytes += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && text && n == 0)
		return text;
	free(text);
	return NULL;
}

/* exec has parsed the file before: what fails now is said in the report. */
static void
set_world(struct xb_emu *emu)
{
	const char *path = getenv(PRELOAD_ENV_WORLD);
	struct xb_err err = XB_ERR_INIT;
	struct xb_world *world = NULL;
	size_t bytes;
	char *text;

	if (!path)
		return;
	text = read_all(path, &bytes);
	if (text)
		world = xb_world_parse(text, bytes, &err);
	if (!world || xb_world_set(emu, world, &err) != 0) {
		xb_world_free(world);
		preload_report(PRELOAD_LACKS_WORLD, EINVAL, "%s: %s", path,
		               text ? err.msg : "cannot be read");
	}
	free(text);
}

/*
 * A handler must not find its thread inside: signals wait until the call is over, but for those
 * that are about an instruction.
 */
static void
hold_signals(sigset_t *were)
{
	static const int at_once[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < XB_ARRAY_SIZE(at_once); i++)
		sigdelset(&all, at_once[i]);
	pthread_sigmask(SIG_BLOCK, &all, were);
}

/* Whether one waits that the program would take. */
static bool
is_interrupted(void *arg)
{
	sigset_t pending;

	(void)arg;
	sigpending(&pending);
	for (int nr = 1; nr < NSIG; nr++)
		if (sigismember(&pending, nr) == 1 && sigismember(&state.blocked, nr) == 0)
			return true;
	return false;
}

/* The upper half of what there can be: programs number theirs from below. */
static int
first_fd(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > FDS_MOST)
		return FDS_MOST / 2;
	return (int)limit.rlim_cur / 2;
}

static void
make_emulator(void)
{
	const char *seed = getenv(PRELOAD_ENV_SEED), *clock = getenv(PRELOAD_ENV_CLOCK);
	struct xb_err err = XB_ERR_INIT;
	const struct xb_emu_opts opts = {
		.cpu_cnt = xb_kernel_cpu_cnt(),
		.seed = seed ? strtoull(seed, NULL, 0) : 1,
	};
	struct xb_emu *emu = xb_emu_new(&opts, &err);

	if (!emu) {
		preload_report(PRELOAD_LACKS_EMULATOR, EPERM, "%s", err.msg);
		return;
	}
	xb_xdp_register(emu);
	xb_skb_register(emu);
	xb_sk_msg_register(emu);
	xb_sock_ops_register(emu);
	xb_sk_reuseport_register(emu);
	xb_bound_register_types(emu);
	emu->holders = true;
	emu->hooks.fault = preload_report_fault;
	emu->hooks.interrupted = is_interrupted;
	emu->first_fd = first_fd();
	emu->own_task = true;
	set_world(emu);
	if (clock) {
		emu->clock.now_ns = strtoull(clock, NULL, 0);
		state.fixed_clock = true;
	}
	state.emu = emu;
	pthread_atfork(before_fork, after_fork, after_fork);
}

struct xb_emu *
preload_enter(void)
{
	if (depth || !__atomic_load_n(&state.emu, __ATOMIC_ACQUIRE))
		return NULL;
	depth++;
	pthread_mutex_lock(&state.lock);
	return state.emu;
}

struct xb_emu *
preload_get(void)
{
	if (depth)
		return NULL;
	depth++;
	pthread_once(&state.once, make_emulator);
	depth--;
	return preload_enter();
}

void
preload_leave(void)
{
	pthread_mutex_unlock(&state.lock);
	depth--;
}

void
preload_count_close(void)
{
	struct xb_emu *emu = depth ? NULL : __atomic_load_n(&state.emu, __ATOMIC_ACQUIRE);

	if (emu)
		__atomic_fetch_add(&emu->closed_cnt, 1, __ATOMIC_RELAXED);
}

struct xb_obj *
preload_obj(struct xb_emu *emu, int fd)
{
	struct xb_obj *obj;

	return fd >= 0 && xb_obj_by_fd(emu, fd, XB_OBJ_KIND_CNT, &obj) == 0 ? obj : NULL;
}

/* Pins are where bpffs is; elsewhere the kernel does not make them. */
static int
check_pin(const union bpf_attr *attr, u32 bytes)
{
	char raw[PATH_MAX], path[PATH_MAX];
	u64 user;

	/* Where something is wrong with them the emulator says so. */
	if (bytes < sizeof(user) || xb_user_read(&user, (uintptr_t)attr, sizeof(user)) ||
	    xb_user_str(raw, user, sizeof(raw)))
		return 0;
	return preload_bpffs_path(AT_FDCWD, raw, path) ? preload_bpffs_may_pin(path) : -EPERM;
}

static long
take_bpf(struct xb_emu *emu, int cmd, union bpf_attr *attr, u32 bytes)
{
	long rc;

	set_clock();
	rc = xb_emu_bpf(emu, cmd, attr, bytes);
	if (rc < 0)
		preload_report_bpf(emu, cmd, attr, bytes, (int)-rc);
	preload_poll_refresh();
	return rc;
}

/* The call's errno is the emulator's alone: whatever happened on the way stays inside. */
static long
bpf(int cmd, union bpf_attr *attr, u32 bytes)
{
	int before = errno;
	long rc = cmd == BPF_OBJ_PIN ? check_pin(attr, bytes) : 0;
	struct xb_emu *emu;
	sigset_t blocked;

	hold_signals(&blocked);
	emu = preload_get();
	if (emu) {
		state.blocked = blocked;
		rc = rc ? rc : take_bpf(emu, cmd, attr, bytes);
		preload_leave();
	} else {
		rc = NO_EMULATOR;
	}
	pthread_sigmask(SIG_SETMASK, &blocked, NULL);
	errno = before;
	return preload_result(rc);
}

long
syscall(long nr, ...)
{
	long a[6], rc;

	SIX_LONGS(a, nr);
	if (nr == SYS_bpf && !preload_is_inside())
		return bpf((int)a[0], (union bpf_attr *)a[1], (u32)a[2]);
	if (nr == SYS_perf_event_open && !preload_is_inside() && preload_perf_open(a, &rc))
		return preload_result(rc);
	return __real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

long
__real_syscall(long nr, ...)
{
	long a[6];

	SIX_LONGS(a, nr);
	return PRELOAD_NEXT(syscall)(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

__attribute__((constructor)) static void
begin(void)
{
	FILE **next = dlsym(RTLD_NEXT, "stderr");

	__wrap_stderr = next ? *next : NULL;
}
