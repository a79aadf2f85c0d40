/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/rig/network.h"

#include "tests/rig/network_priv.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static void write_sysctl(const char *value, const char *format, ...) XB_PRINTF(2, 3);

/* Some are there in newer kernels alone. */
void
network_die(const char *what, const char *which)
{
	fprintf(stderr, "network: %s: %s\n", what, which);
	abort();
}

static void
write_sysctl(const char *value, const char *format, ...)
{
	char name[128], path[256];
	va_list args;
	FILE *file;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	file = fopen(path, "w");
	if (!file || fputs(value, file) < 0 || fclose(file))
		fprintf(stderr, "%s: cannot be set\n", path);
}

static void
ip_links(FILE *ip, const struct network *net)
{
	fprintf(ip, "link set lo %s\n", net->lo_down ? "down" : "up");
	for (u32 i = 0; i < net->link_cnt; i++) {
		const struct net_link *l = &net->links[i];

		/* Of a pair the peer is there first. */
		if (l->peer)
			fprintf(ip, "link add name %s index %u type veth peer name %s index %u\n",
			        l->peer, net->links[i + 1].ifindex, l->name, l->ifindex);
	}
	for (u32 i = 0; i < net->link_cnt; i++) {
		const struct net_link *l = &net->links[i];

		fprintf(ip, "link set %s addrgenmode none\n", l->name);
		fprintf(ip, "link set %s address %s mtu %u\n", l->name, l->mac,
		        l->mtu ? l->mtu : 1500);
		fprintf(ip, "link set %s %s\n", l->name, l->down ? "down" : "up");
	}
}

static void
set_sysctls(const struct network *net)
{
	char text[16];

	for (u32 i = 0; i < net->link_cnt; i++) {
		const struct net_link *l = &net->links[i];
		const char *families[] = { "ipv4", "ipv6" };

		write_sysctl(l->no_forward4 ? "0" : "1", "ipv4/conf/%s/forwarding", l->name);
		if (!l->mtu || l->mtu >= 1280)
			write_sysctl(l->no_forward6 ? "0" : "1", "ipv6/conf/%s/forwarding",
			             l->name);
		/* Entries stay in the states that they are given. */
		for (u32 f = 0; f < 2; f++) {
			if (f == 1 && l->mtu && l->mtu < 1280)
				continue;
			write_sysctl("100000", "%s/neigh/%s/delay_first_probe_time", families[f],
			             l->name);
			write_sysctl("100000000", "%s/neigh/%s/retrans_time_ms", families[f],
			             l->name);
		}
	}
	if (net->lo_forwards) {
		write_sysctl("1", "ipv4/conf/lo/forwarding");
		write_sysctl("1", "ipv6/conf/lo/forwarding");
	}
	if (net->tcp_syncookies)
		write_sysctl(net->tcp_syncookies == 2 ? "2" : "1", "ipv4/tcp_syncookies");
	snprintf(text, sizeof(text), "%u", net->multipath_seed);
	write_sysctl(text, "ipv4/fib_multipath_hash_seed");
	snprintf(text, sizeof(text), "%u", net->multipath_policy);
	write_sysctl(text, "ipv4/fib_multipath_hash_policy");
	write_sysctl(text, "ipv6/fib_multipath_hash_policy");
}

static bool
is_ip6(const char *text)
{
	return text && strchr(text, ':');
}

static void
ip_addrs(FILE *ip, const struct network *net)
{
	for (u32 i = 0; i < net->addr_cnt; i++) {
		const struct net_addr *a = &net->addrs[i];

		fprintf(ip, "addr add %s dev %s", a->addr, a->link);
		if (is_ip6(a->addr))
			fprintf(ip, " nodad");
		else
			fprintf(ip, " brd +");
		if (a->scope)
			fprintf(ip, " scope %s", a->scope);
		if (a->deprecated)
			fprintf(ip, " preferred_lft 0");
		fprintf(ip, "\n");
	}
}

static void
ip_hops(FILE *ip, const struct net_route *r)
{
	bool many = r->hops[1].dev;

	for (u32 i = 0; i < XB_ARRAY_SIZE(r->hops) && r->hops[i].dev; i++) {
		const struct net_hop *h = &r->hops[i];

		if (many)
			fprintf(ip, " nexthop");
		if (h->via)
			fprintf(ip, " via %s%s", is_ip6(h->via) ? "inet6 " : "", h->via);
		fprintf(ip, " dev %s", h->dev);
		if (many)
			fprintf(ip, " weight %u", h->weight ? h->weight : 1);
		if (h->via && !is_ip6(r->dst))
			fprintf(ip, " onlink");
	}
}

static bool
route_is_ip6(const struct net_route *r)
{
	return is_ip6(r->dst) || (!strcmp(r->dst, "default") &&
	                          (is_ip6(r->from) || is_ip6(r->src) || is_ip6(r->hops[0].via)));
}

static void
ip_routes(FILE *ip, const struct network *net, bool ip6)
{
	static const char *const prefs[] = { "low", "medium", "high" };

	for (u32 i = 0; i < net->route_cnt; i++) {
		const struct net_route *r = &net->routes[i];

		if (route_is_ip6(r) != ip6)
			continue;
		fprintf(ip, "route add %s %s table %u", r->type ? r->type : "unicast", r->dst,
		        r->table ? r->table : 254);
		if (r->from)
			fprintf(ip, " from %s", r->from);
		if (r->tos)
			fprintf(ip, " tos 0x%x", r->tos);
		if (r->metric)
			fprintf(ip, " metric %u", r->metric);
		if (r->encap)
			fprintf(ip, " encap %s", r->encap);
		if (r->src)
			fprintf(ip, " src %s", r->src);
		if (r->mtu)
			fprintf(ip, " mtu %s%u", r->mtu_lock ? "lock " : "", r->mtu);
		if (r->pref)
			fprintf(ip, " pref %s", prefs[r->pref + 1]);
		ip_hops(ip, r);
		fprintf(ip, "\n");
	}
}

static void
ip_rules(FILE *ip, const struct network *net, bool ip6)
{
	for (u32 i = 0; i < net->rule_cnt; i++) {
		const struct net_rule *r = &net->rules[i];

		if (r->ip6 != ip6)
			continue;
		fprintf(ip, "rule add priority %u%s", r->priority, r->invert ? " not" : "");
		if (r->from)
			fprintf(ip, " from %s", r->from);
		if (r->to)
			fprintf(ip, " to %s", r->to);
		if (r->iif)
			fprintf(ip, " iif %s", r->iif);
		if (r->oif)
			fprintf(ip, " oif %s", r->oif);
		if (r->mask)
			fprintf(ip, " fwmark 0x%x/0x%x", r->mark, r->mask);
		if (r->tos)
			fprintf(ip, " tos 0x%x", r->tos);
		if (r->proto)
			fprintf(ip, " ipproto %s", r->proto);
		if (r->sport[0])
			fprintf(ip, " sport %u-%u", r->sport[0], r->sport[1]);
		if (r->dport[0])
			fprintf(ip, " dport %u-%u", r->dport[0], r->dport[1]);
		if (r->action)
			fprintf(ip, " %s", r->action);
		else
			fprintf(ip, " lookup %u", r->table);
		fprintf(ip, "%s\n", r->suppress ? " suppress_prefixlength 0" : "");
	}
}

static void
ip_neighs(FILE *ip, const struct network *net)
{
	for (u32 i = 0; i < net->neigh_cnt; i++) {
		const struct net_neigh *n = &net->neighs[i];

		fprintf(ip, "neigh add %s dev %s", n->addr, n->dev);
		if (n->mac)
			fprintf(ip, " lladdr %s", n->mac);
		fprintf(ip, " nud %s\n", n->nud);
	}
}

/* ip(8) with what a function writes to it. */
static FILE *
ip_open(const char *options)
{
	char command[64];
	FILE *ip;

	snprintf(command, sizeof(command), "ip %s -batch -", options);
	ip = popen(command, "w");
	if (!ip)
		network_die("popen", command);
	return ip;
}

static void
ip_close(FILE *ip, const char *what)
{
	if (pclose(ip))
		network_die("ip refused", what);
}

static void
ip_down(FILE *ip, const struct network *net)
{
	for (u32 i = 0; i < net->route_cnt; i++)
		for (u32 h = 0; h < XB_ARRAY_SIZE(net->routes[i].hops); h++)
			if (net->routes[i].hops[h].down)
				fprintf(ip, "link set %s down\n", net->routes[i].hops[h].dev);
}

/* How many routes the kernel has, with each hop of IPv6's counted for itself. */
static u32
count_routes(const char *options)
{
	char command[128], line[512];
	u32 cnt = 0;
	FILE *ip;

	snprintf(command, sizeof(command), "ip %s route show table all", options);
	ip = popen(command, "r");
	if (!ip)
		network_die("popen", command);
	while (fgets(line, sizeof(line), ip))
		cnt += line[0] != '\t' && strncmp(line, "multicast ", 10) != 0;
	pclose(ip);
	return cnt;
}

/*
 * Waits until the kernel has the world's routes. What `ip addr add` starts for IPv6 is ended by a
 * work queue, also without duplicate address detection: the address's local and anycast routes come
 * some time after ip(8) has ended (cf. net/ipv6/addrconf.c: addrconf_dad_start).
 */
static void
await_routes(const struct network *net)
{
	static const struct timespec pause = { .tv_nsec = 10000000 };
	enum { TRIES = 2000 };
	struct xb_world *w = network_world(net, 0);
	u32 cnt[2] = { 0, 0 };

	for (u32 i = 0; i < w->route_cnt; i++)
		if (w->routes[i].type != RTN_MULTICAST)
			cnt[w->routes[i].dst.family == AF_INET6]++;
	xb_world_free(w);
	for (u32 i = 0; i < TRIES; i++) {
		if (cnt[0] == count_routes("-4") && cnt[1] == count_routes("-6"))
			return;
		nanosleep(&pause, NULL);
	}
	network_die("there are other routes than in the world", "ip route show table all");
}

bool
network_permitted(void)
{
	pid_t pid;
	int status = 0;

	if (system("command -v ip >/dev/null 2>&1") != 0) {
		print_message("skipped: there is no ip(8)\n");
		return false;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) ? 1 : 0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
		print_message("skipped: no network namespace of one's own\n");
		return false;
	}
	return true;
}

bool
network_open(const struct network *net)
{
	FILE *ip;

	if (!network_permitted() || unshare(CLONE_NEWNET))
		return false;
	ip = ip_open("");
	ip_links(ip, net);
	ip_close(ip, "the interfaces");
	set_sysctls(net);
	ip = ip_open("");
	ip_addrs(ip, net);
	ip_routes(ip, net, false);
	ip_rules(ip, net, false);
	ip_neighs(ip, net);
	ip_close(ip, "addresses, IPv4's routes, rules, neighbours");
	ip = ip_open("-6");
	ip_routes(ip, net, true);
	ip_rules(ip, net, true);
	ip_down(ip, net);
	ip_close(ip, "IPv6's routes, rules");
	await_routes(net);
	network_open_socks(net);
	return true;
}

u64
network_cookie(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	u64 cookie = 0;
	socklen_t bytes = sizeof(cookie);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &bytes))
		print_message("no cookie of the network namespace\n");
	close(fd);
	return cookie;
}
