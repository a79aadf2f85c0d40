/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/worker.h"

#include "bench/say.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOAD_SECONDS 60

/*
 * A signal handler has nothing else to reach: how often the child was told to stop, and whom the
 * parent tells.
 */
static volatile sig_atomic_t stop_cnt;
static volatile sig_atomic_t child_pid;

static void
on_stop(int signum)
{
	if (++stop_cnt > 1) {
		signal(signum, SIG_DFL);
		raise(signum);
	}
}

/* A terminal sends SIGINT to the child too; kill(1) only to the parent. */
static void
pass_on(int signum, siginfo_t *info, void *context)
{
	(void)context;
	if (child_pid > 0 && info->si_code <= 0)
		kill((pid_t)child_pid, signum);
}

static void
watch_signals(void)
{
	struct sigaction action = { .sa_sigaction = pass_on, .sa_flags = SA_SIGINFO };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

void
xb_worker_loaded(const struct xb_worker *worker)
{
	alarm(0);
	*worker->phase = XB_PHASE_RUN;
}

void
xb_worker_catch_stop(void)
{
	struct sigaction action = { .sa_handler = on_stop };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int
run_child(volatile u32 *phase, int (*job)(const struct xb_worker *worker, void *arg), void *arg)
{
	const struct xb_worker worker = { .phase = phase, .stop = &stop_cnt };
	const struct rlimit no_core = { 0, 0 };
	int code;

	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setrlimit(RLIMIT_CORE, &no_core);
	alarm(LOAD_SECONDS);
	code = job(&worker, arg);
	if ((fflush(stdout) != 0 || ferror(stdout)) && code != XB_EXIT_INTERRUPTED) {
		xb_say("standard output: cannot be written: %s", strerror(errno));
		code = XB_EXIT_USAGE;
	}
	return code;
}

/* What the death of the child means. */
static int
tell_death(const char *name, int signum, u32 phase)
{
	if (signum == SIGINT || signum == SIGTERM)
		return XB_EXIT_INTERRUPTED;
	if (phase == XB_PHASE_LOAD && signum == SIGALRM)
		xb_say("%s: cannot be loaded: libbpf did not finish within %d seconds", name,
		       LOAD_SECONDS);
	else if (phase == XB_PHASE_LOAD)
		xb_say("%s: cannot be loaded: libbpf crashed on it (%s)", name, strsignal(signum));
	else
		xb_say("%s: the replay was killed (%s); output files may end early", name,
		       strsignal(signum));
	return phase == XB_PHASE_LOAD ? XB_EXIT_LOAD : XB_EXIT_FAULT;
}

int
xb_worker_run(const char *name, int (*job)(const struct xb_worker *worker, void *arg), void *arg)
{
	volatile u32 *phase;
	int status = 0;
	pid_t pid;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	phase = mmap(NULL, sizeof(*phase), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	             0);
	if (phase == MAP_FAILED) {
		xb_say("%s: no memory: %s", name, strerror(errno));
		return XB_EXIT_USAGE;
	}
	fflush(stdout);
	watch_signals();
	pid = fork();
	if (pid < 0) {
		xb_say("%s: no process: %s", name, strerror(errno));
		return XB_EXIT_USAGE;
	}
	if (pid == 0)
		exit(run_child(phase, job, arg));
	child_pid = pid;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) {
			xb_say("%s: the worker is lost: %s", name, strerror(errno));
			return XB_EXIT_USAGE;
		}
	if (WIFSIGNALED(status))
		return tell_death(name, WTERMSIG(status), *phase);
	return WEXITSTATUS(status);
}
