/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emu/world_show.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct text_addr {
	char text[80];
};

static struct text_addr
addr_text(const struct xb_world_addr *a)
{
	struct text_addr t = { "-" };

	if (!a->family)
		return t;
	inet_ntop(a->family, a->bytes, t.text, sizeof(t.text) - 8);
	sprintf(t.text + strlen(t.text), "/%u", a->prefix);
	return t;
}

#define ADDR(a) addr_text(&(a)).text

static void
show_links(FILE *f, const struct xb_world *w)
{
	for (u32 i = 0; i < w->link_cnt; i++) {
		const struct xb_world_link *l = &w->links[i];

		fprintf(f, "link %u %s mtu %u header %u%s mac %02x:%02x bcast %02x%s%s kind '%s'",
		        l->ifindex, l->name, l->mtu, l->hard_header_len, l->no_mac ? " no-mac" : "",
		        l->mac[0], l->mac[5], l->broadcast[0], l->up ? " up" : "",
		        l->no_carrier ? " no-carrier" : "", l->kind);
		fprintf(f, " master %u vrf %u parent %u vlan %04x %u peer %u%s group %u", l->master,
		        l->vrf_table, l->parent, ntohs(l->vlan_proto), l->vlan_id, l->peer,
		        l->peer_elsewhere ? " elsewhere" : "", l->group);
		fprintf(f, " forward %d%d linkdown %d%d xdp '%s' tc '%s'\n", l->forwarding4,
		        l->forwarding6, l->ignore_linkdown4, l->ignore_linkdown6, l->xdp, l->tc);
	}
	for (u32 i = 0; i < w->addr_cnt; i++) {
		const struct xb_world_ifaddr *a = &w->addrs[i];

		fprintf(f, "addr %u %s peer %s broadcast %s scope %u metric %u flags %x\n",
		        a->ifindex, ADDR(a->local), ADDR(a->peer), ADDR(a->broadcast), a->scope,
		        a->metric, a->flags);
	}
}

static void
show_routes(FILE *f, const struct xb_world *w)
{
	for (u32 i = 0; i < w->route_cnt; i++) {
		const struct xb_world_route *r = &w->routes[i];

		fprintf(f, "route %s from %s table %u type %u scope %u tos %u metric %u mtu %u%s",
		        ADDR(r->dst), ADDR(r->src), r->table, r->type, r->scope, r->tos, r->metric,
		        r->mtu, r->mtu_lock ? " lock" : "");
		fprintf(f, " src %s proto %u pref %d realm %x", ADDR(r->prefsrc), r->protocol,
		        r->pref, r->realm);
		for (u32 k = 0; k < r->hop_cnt; k++) {
			const struct xb_world_hop *h = &r->hops[k];

			fprintf(f, " [%u %s %u%s%s%s", h->ifindex, ADDR(h->gateway), h->weight,
			        h->dead ? " dead" : "", h->linkdown ? " linkdown" : "",
			        h->onlink ? " onlink" : "");
			if (h->encap)
				fprintf(f, " encap %u", h->encap_bytes);
			fprintf(f, "]");
		}
		fprintf(f, "\n");
	}
	for (u32 i = 0; i < w->rule_cnt; i++) {
		const struct xb_world_rule *r = &w->rules[i];

		fprintf(f, "rule %u %u%s %s > %s iif '%s' oif '%s' mark %x/%x tos %u", r->family,
		        r->priority, r->invert ? " not" : "", ADDR(r->src), ADDR(r->dst), r->iif,
		        r->oif, r->mark, r->mark_mask, r->tos);
		fprintf(f, " proto %u %u-%u %u-%u uid %u-%u tun %llu action %u table %u goto %u",
		        r->ip_proto, r->sport_from, r->sport_to, r->dport_from, r->dport_to,
		        r->uid_from, r->uid_to, (unsigned long long)r->tun_id, r->action, r->table,
		        r->goto_priority);
		fprintf(f, " suppress %d %d%s\n", r->suppress_prefixlength,
		        r->suppress_group ? (s32)r->suppress_ifgroup : -1,
		        r->l3mdev ? " l3mdev" : "");
	}
}

static void
show_socks(FILE *f, const struct xb_world *w)
{
	for (u32 i = 0; i < w->sock_cnt; i++) {
		const struct xb_world_sock *s = &w->socks[i];
		const struct bpf_sock *u = &s->info.uapi;
		struct xb_world_addr src = { .family = (u8)u->family }, dst = src;

		memcpy(src.bytes, u->family == AF_INET ? &u->src_ip4 : u->src_ip6,
		       u->family == AF_INET ? 4 : 16);
		memcpy(dst.bytes, u->family == AF_INET ? &u->dst_ip4 : u->dst_ip6,
		       u->family == AF_INET ? 4 : 16);
		fprintf(f, "sock %u %u %u state %u %s:%u > %s:%u dev %u uid %u cookie %llu",
		        u->family, u->type, u->protocol, u->state, ADDR(src), u->src_port,
		        ADDR(dst), ntohs(u->dst_port), s->bound_ifindex, s->info.uid,
		        (unsigned long long)s->info.cookie);
		fprintf(f, " mark %u priority %u queue %d cgroup %llu %u %llu%s%s%s netns %llu",
		        u->mark, u->priority, u->rx_queue_mapping,
		        (unsigned long long)s->info.cgroup_id, s->info.cgroup_level,
		        (unsigned long long)s->info.cgroup_above[0], s->v6only ? " v6only" : "",
		        s->reuseport ? " reuseport" : "", s->transparent ? " transparent" : "",
		        (unsigned long long)s->netns);
		fprintf(f, " tcp %u %u %u %llu\n", s->tcp.snd_cwnd, s->tcp.srtt_us,
		        s->tcp.mss_cache, (unsigned long long)s->tcp.bytes_acked);
	}
}

static void
show_rest(FILE *f, const struct xb_world *w)
{
	for (u32 i = 0; i < w->neigh_cnt; i++)
		fprintf(f, "neigh %u %s mac %02x:%02x state %x\n", w->neighs[i].ifindex,
		        ADDR(w->neighs[i].addr), w->neighs[i].mac[0], w->neighs[i].mac[5],
		        w->neighs[i].state);
	for (u32 i = 0; i < w->cgroup_cnt; i++)
		fprintf(f, "cgroup %llu parent %llu level %u classid %x %s\n",
		        (unsigned long long)w->cgroups[i].id,
		        (unsigned long long)w->cgroups[i].parent, w->cgroups[i].level,
		        w->cgroups[i].classid, w->cgroups[i].path);
	for (u32 i = 0; i < w->ct_cnt; i++) {
		const struct xb_world_ct *c = &w->cts[i];

		fprintf(f, "ct %u %s %u > %s %u reply %s %u > %s %u", c->proto, ADDR(c->src),
		        ntohs(c->sport), ADDR(c->dst), ntohs(c->dport), ADDR(c->reply_src),
		        ntohs(c->reply_sport), ADDR(c->reply_dst), ntohs(c->reply_dport));
		fprintf(f, " status %x mark %u timeout %u zone %u state %u\n", c->status, c->mark,
		        c->timeout_s, c->zone, c->tcp_state);
	}
	for (u32 i = 0; i < w->xfrm_cnt; i++)
		fprintf(f, "xfrm %u %x %s\n", w->xfrms[i].reqid, ntohl(w->xfrms[i].spi),
		        ADDR(w->xfrms[i].remote));
	for (u32 i = 0; i < w->tunnel_cnt; i++) {
		const struct xb_world_tunnel *t = &w->tunnels[i];

		fprintf(f, "tunnel %u %s > %s id %u tos %u ttl %u label %x %d%d%d%d opts %u %02x\n",
		        t->ifindex, ADDR(t->remote), ADDR(t->local), t->id, t->tos, t->ttl,
		        t->label, t->key, t->csum, t->seq, t->df, t->opts_bytes, t->opts[3]);
	}
	fprintf(f, "netns %llu syncookies %u key %02x%02x%02x%02x multipath %u %u %u\n",
	        (unsigned long long)w->netns_cookie, w->tcp_syncookies, w->syncookie_key[0][0][0],
	        w->syncookie_key[0][1][15], w->syncookie_key[1][0][0], w->syncookie_key[1][1][15],
	        w->multipath_seed, w->multipath_policy4, w->multipath_policy6);
}

char *
world_show(const struct xb_world *w)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *f = open_memstream(&text, &bytes);

	show_links(f, w);
	show_routes(f, w);
	show_socks(f, w);
	show_rest(f, w);
	fclose(f);
	return text;
}

char *
world_show_json(const char *json)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_world *w = xb_world_parse(json, strlen(json), &err);
	char *text;

	if (w)
		text = world_show(w);
	else if (asprintf(&text, "error: %s", err.msg) < 0)
		text = NULL;
	xb_world_free(w);
	return text;
}
