/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emu/sock_ops_rig.h"

#include "tests/rig/cgroup.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static bool
move_to(int root, const char *dir)
{
	char path[320];
	int fd;
	bool ok;

	snprintf(path, sizeof(path), "./%s/cgroup.procs", dir);
	fd = openat(root, path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, "0", 1) == 1;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Where this process is in the hierarchy of the second version. */
static void
find_before(struct own_cgroup *c)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[300];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "0::/%255s", c->before) == 1)
			break;
	if (f)
		fclose(f);
}

bool
own_cgroup_open(struct own_cgroup *c)
{
	*c = (struct own_cgroup){ .root = cgroup2_open(), .fd = -1 };
	snprintf(c->name, sizeof(c->name), "xdpbench-ops-%d", (int)getpid());
	find_before(c);
	if (c->root >= 0 && mkdirat(c->root, c->name, 0755) == 0)
		c->fd = openat(c->root, c->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->fd >= 0 && move_to(c->root, c->name))
		return true;
	print_message("skipped: calls by the kernel: no cgroup can be made\n");
	own_cgroup_close(c);
	return false;
}

void
own_cgroup_close(struct own_cgroup *c)
{
	if (c->fd >= 0) {
		move_to(c->root, c->before);
		close(c->fd);
		unlinkat(c->root, c->name, AT_REMOVEDIR);
	}
	if (c->root >= 0)
		close(c->root);
}

static int
listen_somewhere(const struct script *s, struct sockaddr_storage *addr, socklen_t *bytes)
{
	const int one = 1;
	int fd = socket(s->v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(addr, 0, sizeof(*addr));
	addr->ss_family = s->v6 ? AF_INET6 : AF_INET;
	*bytes = s->v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	if (s->v6)
		((struct sockaddr_in6 *)(void *)addr)->sin6_addr = in6addr_loopback;
	else
		((struct sockaddr_in *)(void *)addr)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)addr, *bytes), 0);
	if (s->save_syn)
		assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_SAVE_SYN, &one, sizeof(one)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)addr, bytes), 0);
	return fd;
}

static void
take_syn(const struct script *s, int fd, u8 *syn, u32 *syn_bytes)
{
	socklen_t bytes = SYN_MOST;

	*syn_bytes = 0;
	if (!s->save_syn)
		return;
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, syn, &bytes), 0);
	*syn_bytes = bytes;
}

/* A connection, data both ways, and its end. */
static void
connect_and_talk(const struct script *s, u8 *syn, u32 *syn_bytes)
{
	struct sockaddr_storage addr;
	socklen_t bytes;
	int listener = listen_somewhere(s, &addr, &bytes), client, server;
	char text[100] = "";

	client = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&addr, bytes), 0);
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(server >= 0);
	assert_int_equal(send(client, text, sizeof(text), 0), sizeof(text));
	assert_int_equal(recv(server, text, sizeof(text), MSG_WAITALL), sizeof(text));
	assert_int_equal(send(server, text, sizeof(text), 0), sizeof(text));
	assert_int_equal(recv(client, text, sizeof(text), MSG_WAITALL), sizeof(text));
	take_syn(s, server, syn, syn_bytes);
	close(client);
	close(server);
	close(listener);
}

void
script_run_kernel(const struct backend *b, const struct own_cgroup *c, const struct script *s,
                  struct record *seen, u8 *syn, u32 *syn_bytes)
{
	union bpf_attr attr;
	struct script_maps m;
	const u32 key = 0;
	int prog;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (u32)c->fd;
	attr.attach_type = SOCK_OPS_ATTACH;
	script_maps_open(b, &m);
	prog = script_prog(b, s, &m);
	attr.attach_bpf_fd = (u32)prog;
	assert_int_equal(backend_bpf(b, BPF_PROG_ATTACH, &attr), 0);
	connect_and_talk(s, syn, syn_bytes);
	assert_int_equal(backend_lookup(b, m.value, &key, seen), 0);
	assert_int_equal(backend_bpf(b, BPF_PROG_DETACH, &attr), 0);
	close(prog);
	script_maps_close(&m);
}
