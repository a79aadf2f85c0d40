/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mutate - runs the tool on files with random bytes changed, and looks for signals, hangs, and
 * messages that are not one line.
 *
 *   mutate COUNT SEED FILE COMMAND ARG...
 *
 * Each round writes FILE with 1 to 4 changes (a byte, a bit, a run of bytes, a cut) to a temporary
 * file, runs COMMAND with the file's name in place of the argument "@@" (or within one:
 * "name=@@:x"), and expects it to end by itself within ten seconds with an exit code of the tool's,
 * and at most one line that names an error. A crash of libbpf that the tool caught is such a line;
 * they are counted.
 */
#include "vm/types.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HANG_SECONDS 10
#define MAX_FILE     (16u << 20)
#define MAX_ARGS     64
#define CAUGHT       "crash" /* in the tool's words for a load that ended by a signal */

struct mutate {
	u64 chance;
	u8 *original, *changed;
	size_t bytes, changed_bytes;
	char path[64], arg[256];
	char *argv[MAX_ARGS];
	u32 caught, by_code[256];
};

static u64
chance(struct mutate *m)
{
	m->chance ^= m->chance << 13;
	m->chance ^= m->chance >> 7;
	m->chance ^= m->chance << 17;
	return m->chance;
}

/* One change somewhere; most are of one byte, where headers and tables lie often enough. */
static void
change_once(struct mutate *m)
{
	size_t at = chance(m) % m->changed_bytes, n;

	switch (chance(m) % 16) {
	case 0: /* a cut */
		m->changed_bytes = at + 1;
		return;
	case 1: /* a run */
		n = 1 + chance(m) % 16;
		while (n-- && at < m->changed_bytes)
			m->changed[at++] = (u8)chance(m);
		return;
	case 2: /* an extreme value */
		m->changed[at] = chance(m) % 2 ? 0xff : 0;
		return;
	case 3:
	case 4:
		m->changed[at] ^= (u8)(1 << chance(m) % 8);
		return;
	default:
		m->changed[at] = (u8)chance(m);
	}
}

static int
write_changed(struct mutate *m)
{
	u32 changes = 1 + (u32)(chance(m) % 4);
	int fd = open(m->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n;

	memcpy(m->changed, m->original, m->bytes);
	m->changed_bytes = m->bytes;
	while (changes--)
		change_once(m);
	if (fd < 0)
		return -1;
	n = write(fd, m->changed, m->changed_bytes);
	close(fd);
	return n == (ssize_t)m->changed_bytes ? 0 : -1;
}

/*
 * Reads what the child says until it has closed its end or the time is up. Returns bytes, -1: time
 * is up.
 */
static ssize_t
listen_to(int fd, char *buf, size_t bytes)
{
	time_t end = time(NULL) + HANG_SECONDS;
	size_t at = 0;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int left = (int)(end - time(NULL)), n;
		char rest[512];

		if (left < 0 || poll(&p, 1, left * 1000 + 1) == 0)
			return -1;
		n = (int)(at < bytes ? read(fd, buf + at, bytes - at)
		                     : read(fd, rest, sizeof(rest)));
		if (n <= 0)
			return (ssize_t)at;
		at += at < bytes ? (size_t)n : 0;
	}
}

static void
become(struct mutate *m, int err_fd)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, 0);
	dup2(null, 1);
	dup2(err_fd, 2);
	execv(m->argv[0], m->argv);
	_exit(127);
}

/* Keeps a file that showed a fault, under a name that says which round it was. */
static int
report(const struct mutate *m, u32 round, const char *what, const char *said, size_t bytes)
{
	char kept[96];

	snprintf(kept, sizeof(kept), "%s.round-%u", m->path, round);
	rename(m->path, kept);
	fprintf(stderr, "mutate: round %u: %s (kept as %s); it said:\n%.*s\n", round, what, kept,
	        (int)bytes, said);
	return -1;
}

/*
 * What the tool may say: nothing, or lines of its own of which at most one is not a warning or a
 * fault.
 */
static bool
is_in_order(const char *said, size_t bytes)
{
	const char *end = said + bytes, *p = said, *nl;

	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl || strncmp(p, "xdpbench: ", 10))
			return false;
	}
	return true;
}

static int
judge(struct mutate *m, u32 round, int status, const char *said, ssize_t bytes)
{
	char what[64];

	if (bytes < 0)
		return report(m, round, "hangs", said, 0);
	if (WIFSIGNALED(status)) {
		snprintf(what, sizeof(what), "killed by signal %d", WTERMSIG(status));
		return report(m, round, what, said, (size_t)bytes);
	}
	m->by_code[WEXITSTATUS(status)]++;
	if (WEXITSTATUS(status) > 4) {
		snprintf(what, sizeof(what), "exit code %d", WEXITSTATUS(status));
		return report(m, round, what, said, (size_t)bytes);
	}
	if (WEXITSTATUS(status) != 0 && bytes == 0)
		return report(m, round, "fails without a word", said, 0);
	if (!is_in_order(said, (size_t)bytes))
		return report(m, round, "messages are not lines of the tool's", said,
		              (size_t)bytes);
	m->caught += memmem(said, (size_t)bytes, CAUGHT, strlen(CAUGHT)) != NULL;
	return 0;
}

static int
round_of(struct mutate *m, u32 round)
{
	char said[4096];
	int fds[2], status;
	ssize_t bytes;
	pid_t pid;

	if (write_changed(m) || pipe2(fds, O_CLOEXEC))
		return report(m, round, strerror(errno), "", 0);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		become(m, fds[1]);
	}
	close(fds[1]);
	bytes = listen_to(fds[0], said, sizeof(said));
	if (bytes < 0)
		kill(-pid, SIGKILL);
	close(fds[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return judge(m, round, status, said, bytes);
}

static int
read_original(struct mutate *m, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || st.st_size <= 0 || st.st_size > (off_t)MAX_FILE)
		return -1;
	m->bytes = (size_t)st.st_size;
	m->original = malloc(m->bytes);
	m->changed = malloc(m->bytes);
	if (!m->original || !m->changed || read(fd, m->original, m->bytes) != st.st_size)
		return -1;
	return close(fd);
}

/* The command, with the temporary file's name in place of "@@". */
static void
take_command(struct mutate *m, char **argv)
{
	char *at;

	for (u32 i = 0; argv[i] && i < MAX_ARGS - 1; i++) {
		m->argv[i] = argv[i];
		at = strstr(argv[i], "@@");
		if (!at)
			continue;
		snprintf(m->arg, sizeof(m->arg), "%.*s%s%s", (int)(at - argv[i]), argv[i], m->path,
		         at + 2);
		m->argv[i] = m->arg;
	}
}

int
main(int argc, char **argv)
{
	static struct mutate m;
	u32 count, failures = 0;
	int fd;

	if (argc < 5) {
		fprintf(stderr, "usage: mutate COUNT SEED FILE COMMAND ARG...\n");
		return 2;
	}
	count = (u32)strtoul(argv[1], NULL, 10);
	m.chance = strtoull(argv[2], NULL, 10) * 0x9e3779b97f4a7c15ull + 1;
	strcpy(m.path, "/tmp/xdpbench-mutate-XXXXXX");
	fd = mkstemp(m.path);
	if (fd < 0 || read_original(&m, argv[3])) {
		perror(argv[3]);
		return 2;
	}
	close(fd);
	take_command(&m, argv + 4);
	for (u32 i = 0; i < count && failures < 10; i++)
		failures += round_of(&m, i) != 0;
	unlink(m.path);
	printf("%u rounds on %s: exit codes 0: %u, 1: %u, 2: %u, 3: %u, 4: %u; crashes caught: %u; "
	       "failures: %u\n",
	       count, argv[3], m.by_code[0], m.by_code[1], m.by_code[2], m.by_code[3], m.by_code[4],
	       m.caught, failures);
	free(m.original);
	free(m.changed);
	return failures ? 1 : 0;
}
