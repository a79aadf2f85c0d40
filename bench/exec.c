/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/exec.h"

#include "bench/exec_command.h"
#include "bench/exec_report.h"
#include "bench/say.h"
#include "bench/worldfile.h"
#include "lib/preload.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIBRARY "libxdpbench-exec.so"

/* Where the library may be, seen from the tool's directory: built, installed, installed elsewhere.
 */
static const char *const places[] = {
	"%s/lib/" LIBRARY,
	"%s/../" XB_LIBDIR "/xdpbench/" LIBRARY,
	XB_PREFIX "/" XB_LIBDIR "/xdpbench/" LIBRARY,
};

static int
find_library(char path[PATH_MAX], struct xb_err *err)
{
	char self[PATH_MAX], file[2 * PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = 0;
	slash = strrchr(self, '/');
	if (slash)
		*slash = 0;
	for (size_t i = 0; i < XB_ARRAY_SIZE(places); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
		snprintf(file, sizeof(file), places[i], self);
#pragma GCC diagnostic pop
		if (realpath(file, path) && access(path, R_OK) == 0)
			return 0;
	}
	return xb_err_set(err, XB_ERR_SYSTEM,
	                  LIBRARY ": not found beside the tool, nor in " XB_PREFIX "/" XB_LIBDIR
	                          "/xdpbench");
}

/* In front of what is preloaded already. */
static int
set_preload(struct xb_err *err)
{
	const char *was = getenv("LD_PRELOAD");
	char path[PATH_MAX], *value;
	int rc;

	if (find_library(path, err) != 0)
		return -1;
	if (strpbrk(path, " :"))
		return xb_err_set(err, XB_ERR_SYSTEM,
		                  "%s: LD_PRELOAD cannot name a path with a space or colon", path);
	rc = asprintf(&value, "%s%s%s", path, was && *was ? ":" : "", was ? was : "");
	if (rc < 0)
		return xb_err_errno(err, ENOMEM, "LD_PRELOAD");
	rc = setenv("LD_PRELOAD", value, 1);
	free(value);
	return rc ? xb_err_errno(err, errno, "LD_PRELOAD") : 0;
}

static int
set_number(const char *name, u64 value, struct xb_err *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return setenv(name, text, 1) ? xb_err_errno(err, errno, "%s", name) : 0;
}

/* What is wrong with the file is said here, and not by each of the command's processes. */
static int
set_world(const char *file, struct xb_err *err)
{
	struct xb_worldfile f = { .file_cnt = 0 };
	struct xb_world *world = NULL;
	char path[PATH_MAX];
	int rc = xb_worldfile_open(&f, file, NULL, err);

	if (rc == 0)
		rc = xb_worldfile_read(&f, &world, err);
	xb_worldfile_close(&f);
	xb_world_free(world);
	if (rc != 0)
		return -1;
	if (!realpath(file, path) || setenv(PRELOAD_ENV_WORLD, path, 1))
		return xb_err_errno(err, errno, "%s", file);
	return 0;
}

static int
set_environment(const struct xb_opts *opts, struct xb_err *err)
{
	unsetenv(PRELOAD_ENV_WORLD);
	unsetenv(PRELOAD_ENV_CLOCK);
	unsetenv(PRELOAD_ENV_REPORT);
	if (set_preload(err) != 0 || set_number(PRELOAD_ENV_SEED, opts->seed, err) != 0)
		return -1;
	if (opts->clock == XB_CLOCK_FIXED &&
	    set_number(PRELOAD_ENV_CLOCK, opts->clock_ns, err) != 0)
		return -1;
	return opts->world ? set_world(opts->world, err) : 0;
}

/* Returns only where the command cannot be executed. */
static int
become(char *const argv[])
{
	int code;

	signal(SIGPIPE, SIG_DFL); /* the tool ignores it */
	execvp(argv[0], argv);
	code = errno == ENOENT ? XB_EXEC_NOT_FOUND : XB_EXEC_CANNOT;
	xb_say("%s: %s", argv[0], strerror(errno));
	return code;
}

static int
wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* What the terminal sends reaches the command, too, which decides what it means. */
static int
run_and_report(const struct xb_opts *opts, struct xb_err *err)
{
	struct xb_exec_report report;
	pid_t pid;
	int code;

	if (xb_exec_report_open(&report, opts->report_file, err) != 0)
		return xb_say_error(err);
	pid = fork();
	if (pid == 0)
		_exit(become(opts->command_argv));
	if (pid < 0) {
		xb_exec_report_close(&report);
		xb_err_errno(err, errno, "fork");
		return xb_say_error(err);
	}
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	code = wait_for(pid);
	if (xb_exec_report_write(&report, err) != 0)
		xb_say_error(err);
	xb_exec_report_close(&report);
	return code;
}

int
xb_exec_main(const struct xb_opts *opts)
{
	struct xb_err err = XB_ERR_INIT;
	int code = xb_exec_check(opts->command_argv[0], &err);

	if (code) {
		xb_say_error(&err);
		return code;
	}
	if (set_environment(opts, &err) != 0)
		return xb_say_error(&err);
	return opts->report ? run_and_report(opts, &err) : become(opts->command_argv);
}
