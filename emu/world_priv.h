/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_priv.h - the sections of a world's JSON, each with a reader of its own.
 *
 * They are read in the order of their dependence, whatever the file's: names of interfaces come
 * from links, names of tables from tables, ids of cgroups from cgroups.
 */
#ifndef XB_EMU_WORLD_PRIV_H
#define XB_EMU_WORLD_PRIV_H

#include "emu/world_read.h"

/* world_link.c: ip -j -d link, ip -j -d addr */
int world_read_links(struct world_reader *r, const struct xb_value *v);
int world_read_addresses(struct world_reader *r, const struct xb_value *v);

/* The loopback, where no file has it. */
int world_finish_links(struct world_reader *r);

/* world_addr.c: the member "addr_info" of an interface; or one address that names its "dev" */
int world_read_addr_info(struct world_reader *r, const struct xb_value *v, u32 ifindex);

/* world_sysctl.c: {"net.ipv4.ip_forward": 1, ...}, ip -j netconf */
int world_read_netconf(struct world_reader *r, const struct xb_value *v);
int world_read_sysctl(struct world_reader *r, const struct xb_value *v);

/*
 * One setting by its name, "net.ipv4.ip_forward"; what is not known is left out. Called for each of
 * a file with `all` set, then again without: what is for every interface comes first.
 */
void world_set_sysctl(struct world_reader *r, const char *name, u64 value, bool all);

/* world_table.c: {"NAME": NUMBER, ...} */
int world_read_tables(struct world_reader *r, const struct xb_value *v);
int world_add_table(struct world_reader *r, const char *name, u32 number);

/* A table by its name or number. */
int world_table(const struct world_reader *r, const struct xb_value *v, u32 *table);
void world_free_tables(struct world_reader *r);

/* world_route.c: ip -j -d route show table all; the same with -6 */
int world_read_routes(struct world_reader *r, const struct xb_value *v);
int world_read_routes6(struct world_reader *r, const struct xb_value *v);

/* world_rule.c: ip -j -d rule; the same with -6 */
int world_read_rules(struct world_reader *r, const struct xb_value *v);
int world_read_rules6(struct world_reader *r, const struct xb_value *v);

/* The rules that Linux starts with, for families without any; and their order. */
int world_finish_rules(struct world_reader *r);

/* world_neigh.c: ip -j -d neigh */
int world_read_neighbours(struct world_reader *r, const struct xb_value *v);

/* world_cgroup.c */
int world_read_cgroups(struct world_reader *r, const struct xb_value *v);
int world_add_cgroup(struct world_reader *r, u64 id, const char *path);
int world_finish_cgroups(struct world_reader *r);
const struct xb_world_cgroup *world_cgroup_at(const struct xb_world *w, const char *path);
const struct xb_world_cgroup *world_cgroup_of(const struct xb_world *w, u64 id);

/* world_sock.c */
int world_read_sockets(struct world_reader *r, const struct xb_value *v);
void world_finish_sockets(struct world_reader *r);

/* world_ct.c */
int world_read_conntrack(struct world_reader *r, const struct xb_value *v);
int world_read_xfrm(struct world_reader *r, const struct xb_value *v);

/* world_tunnel.c */
int world_read_tunnels(struct world_reader *r, const struct xb_value *v);

/* world_implied.c: routes that Linux adds for addresses, where the files have none of their kind */
int world_finish_routes(struct world_reader *r);

#endif
