/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_world_live.c - a network namespace is made, and the commands of docs/world.md are run in it:
 * what they print is taken in, and the routes that a world adds for its addresses are those that
 * the kernel has.
 */
#include "tests/emu/world_show.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define MAX_FILES 24

/* No duplicate is looked for, so that addresses are ready at once. */
#define PLAIN                                                                                      \
	"echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; ip link set lo up;"                   \
	"ip link add v0 index 10 type veth peer name v1 index 11;"                                 \
	"ip link set v0 address 02:00:00:00:00:10 up; ip link set v1 address 02:00:00:00:00:11 "   \
	"up;"                                                                                      \
	"ip addr add 10.0.0.1/24 broadcast + dev v0; ip addr add 10.0.1.1/31 dev v0;"              \
	"ip addr add 10.9.0.1 peer 10.9.0.2/32 dev v0; ip addr add 10.9.1.1 peer 10.9.2.1/24 dev " \
	"v1;"                                                                                      \
	"ip addr add 10.0.0.2/24 dev v0; ip addr add 10.10.0.1/16 dev v1 metric 77;"               \
	"ip addr add 10.11.0.1/16 dev v1 noprefixroute;"                                           \
	"ip addr add 2001:db8::1/64 dev v0; ip addr add 2001:db8:1::1/128 dev v0;"                 \
	"ip addr add 2001:db8:2::1 peer 2001:db8:3::1/64 dev v1;"                                  \
	"ip addr add 2001:db8:4::1/64 dev v1 noprefixroute; sleep 0.3;"

#define ROUTES                                                                                     \
	"ip route add 10.1.0.0/16 via 10.0.0.9; ip route add default via 10.0.0.9 mtu 1400;"       \
	"ip route add 10.2.0.0/16 nexthop via 10.0.0.9 weight 3 nexthop dev v1;"                   \
	"ip route add 10.3.0.0/16 via inet6 fe80::5 dev v0; ip route add blackhole 10.4.0.0/16;"   \
	"ip route add 10.5.0.0/16 dev v0 tos 8 table 77; ip -6 route add ::/0 via 2001:db8::9;"    \
	"ip route add 10.6.0.0/16 encap ip id 3 dst 1.2.3.4 dev v0;"                               \
	"ip rule add from 10.0.0.0/24 fwmark 0x10/0xff ipproto tcp dport 80 table 77 prio 100;"    \
	"ip rule add goto 32766 prio 50; ip rule add blackhole fwmark 3 prio 40;"                  \
	"ip -6 rule add from 2001:db8::/32 lookup 88 prio 60;"                                     \
	"ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:99 dev v0;"                                   \
	"ip neigh add 2001:db8::9 lladdr 02:00:00:00:00:99 dev v0;"                                \
	"ip neigh add 10.0.0.8 dev v0 nud failed; ip neigh add proxy 10.0.0.7 dev v0;"

/* The commands, as they stand in the file: all that is indented from the first one to the last. */
#define RECIPE "sed -n '/^    mkdir world/,/^    conntrack/p' \"$DOC\""

static char dir[] = "/tmp/xdpbench-world-XXXXXX";
static char *texts[MAX_FILES];

/* Makes the files. False: it cannot be done here. */
static bool
make(const char *network)
{
	char command[8192];

	if (system("command -v ip >/dev/null && command -v ss >/dev/null && "
	           "unshare -n ip link add x type veth peer name y 2>/dev/null") != 0) {
		print_message("skipped: no network namespace, or no ip and ss\n");
		return false;
	}
	snprintf(command, sizeof(command),
	         "cd %s && rm -rf world && cat >make.sh <<'END'\n%s\nEND\n" RECIPE " >>make.sh; "
	         "unshare -n sh ./make.sh >said 2>&1",
	         dir, network);
	if (system(command) < 0)
		fail_msg("no shell");
	return true;
}

static char *
slurp(const char *path, size_t *bytes)
{
	FILE *f = fopen(path, "r");
	char *text;

	if (!f)
		return NULL;
	text = calloc(1, 1 << 20);
	assert_non_null(text);
	*bytes = fread(text, 1, (1 << 20) - 1, f);
	fclose(f);
	return text;
}

/* The files' world as text; but for those whose name begins with `without`. To be freed. */
static char *
show_dir(const char *without)
{
	struct xb_world_file files[MAX_FILES];
	struct xb_err err = XB_ERR_INIT;
	struct xb_world *w;
	const char *name;
	u32 cnt = 0;
	char *text;

	for (u32 i = 0; (name = xb_world_file_name(i)) != NULL; i++) {
		char path[512];

		snprintf(path, sizeof(path), "%s/world/%s", dir, name);
		if (without && !strncmp(name, without, strlen(without)))
			continue;
		texts[cnt] = slurp(path, &files[cnt].bytes);
		files[cnt].name = name;
		files[cnt].text = texts[cnt];
		cnt += texts[cnt] != NULL;
	}
	assert_true(cnt >= 8);
	w = xb_world_parse_files(files, cnt, &err);
	if (!w)
		fail_msg("%s", err.msg);
	text = world_show(w);
	xb_world_free(w);
	while (cnt)
		free(texts[--cnt]);
	return text;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines about routes, in order. */
static u32
take_routes(char *text, char **lines, u32 max)
{
	u32 cnt = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, "route ", 6) && cnt < max)
			lines[cnt++] = line;
	qsort(lines, cnt, sizeof(*lines), by_text);
	return cnt;
}

static void
compare_implied(const char *network)
{
	char *kernel, *world, *k[128], *w[128];
	u32 k_cnt, w_cnt;

	if (!make(network))
		return;
	kernel = show_dir(NULL);
	world = show_dir("route");
	k_cnt = take_routes(kernel, k, 128);
	w_cnt = take_routes(world, w, 128);
	for (u32 i = 0; i < k_cnt && i < w_cnt; i++)
		assert_string_equal(w[i], k[i]);
	assert_int_equal(w_cnt, k_cnt);
	assert_true(k_cnt > 10);
	free(kernel);
	free(world);
}

static void
test_implied(void **state)
{
	(void)state;
	compare_implied(PLAIN);
}

static void
test_implied_down(void **state)
{
	(void)state;
	compare_implied(PLAIN "ip link set v1 down;");
}

/* Of routers, each network has an address for any of them. */
static void
test_implied_forwarding(void **state)
{
	(void)state;
	compare_implied("echo 1 >/proc/sys/net/ipv6/conf/all/forwarding;" PLAIN);
}

static void
test_taken(void **state)
{
	static const char *const expected[] = {
		"link 10 v0 mtu 1500 header 14 mac 02:10 bcast ff up kind 'veth' master 0 vrf 0 "
		"parent 0 "
		"vlan 0000 0 peer 11 group 0 forward 10 ",
		"addr 10 10.9.0.1/32 peer 10.9.0.2/32 ",
		"route 10.1.0.0/16 from - table 254 type 1 scope 0 tos 0 metric 0 mtu 0 src - "
		"proto 0 pref 0 "
		"realm 0 [10 10.0.0.9/32 1]\n",
		"route 0.0.0.0/0 from - table 254 type 1 scope 0 tos 0 metric 0 mtu 1400 ",
		" [10 10.0.0.9/32 3] [11 - 1]\n",
		" [10 fe80::5/128 1]\n",
		"route 10.4.0.0/16 from - table 254 type 6 ",
		"route 10.5.0.0/16 from - table 77 type 1 scope 253 tos 8 ",
		"route 10.6.0.0/16 from - table 254 type 1 scope 253 tos 0 metric 0 mtu 0 src - "
		"proto 0 pref 0 "
		"realm 0 [10 - 1 encap 0]\n",
		"route ::/0 from - table 254 type 1 scope 0 tos 0 metric 1024 ",
		"rule 2 50 - > - iif '' oif '' mark 0/0 tos 0 proto 0 0-0 0-0 uid 0-0 tun 0 action "
		"2 table 0 "
		"goto 32766 ",
		"rule 2 40 - > - iif '' oif '' mark 3/ffffffff ",
		"rule 2 100 10.0.0.0/24 > - iif '' oif '' mark 10/ff tos 0 proto 6 0-0 80-80 ",
		"rule 10 60 2001:db8::/32 > - ",
		"rule 10 32766 - > - ",
		"neigh 10 10.0.0.9/32 mac 02:99 state 80\n",
		"neigh 10 2001:db8::9/128 mac 02:99 state 80\n",
		"neigh 10 10.0.0.8/32 mac 00:00 state 20\n",
		"cgroup 1 ",
	};
	char *text;
	u32 failed = 0;

	(void)state;
	if (!make("echo 1 >/proc/sys/net/ipv4/ip_forward;" PLAIN ROUTES))
		return;
	text = show_dir(NULL);
	for (size_t i = 0; i < XB_ARRAY_SIZE(expected); i++)
		if (!strstr(text, expected[i])) {
			print_error("not found: %s\n", expected[i]);
			failed++;
		}
	if (failed)
		print_error("in:\n%s", text);
	free(text);
	assert_int_equal(failed, 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_implied),
		cmocka_unit_test(test_implied_down),
		cmocka_unit_test(test_implied_forwarding),
		cmocka_unit_test(test_taken),
	};
	char command[64];
	int rc;

	if (argc != 2 || !mkdtemp(dir))
		return 2;
	setenv("DOC", argv[1], 1);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) == 0 ? rc : 2;
}
