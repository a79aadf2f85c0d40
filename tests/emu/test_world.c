/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_world.c - a world's JSON: what each key means, and what is said of those that are wrong.
 */
#include "tests/emu/world_show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct row {
	const char *name;
	const char *json;     /* quotes are single ones */
	const char *expected; /* a piece of the world's text */
};

#define LINKS                                                                                      \
	"'links':[{'ifindex':2,'ifname':'eth0','address':'02:00:00:00:00:01'},{'ifindex':3,"       \
	"'ifname':'eth1'}]"
#define LINK(members)   "{'links':[{'ifindex':2,'ifname':'a'" members "}]}"
#define ADDR(members)   "{" LINKS ",'addresses':[{'dev':'eth0'," members "}]}"
#define ROUTE(members)  "{" LINKS ",'routes':[{" members "}]}"
#define ROUTE6(members) "{" LINKS ",'routes6':[{" members "}]}"
#define RULE(members)   "{" LINKS ",'rules':[{'priority':9," members "}]}"
#define NEIGH(members)  "{" LINKS ",'neighbours':[{'dev':'eth0'," members "}]}"
#define CGROUPS         "'cgroups':[{'id':7,'path':'/a'},{'id':8,'path':'/a/b','classid':'0x10001'}]"
#define SOCK(members)   "{" LINKS "," CGROUPS ",'sockets':[{" members "}]}"
#define CT(members)     "{'conntrack':[{'src':'10.0.0.1','dst':'10.0.0.2'," members "}]}"

/* The shown parts of things that have the defaults. */
#define PLAIN_LINK                                                                                 \
	" kind '' master 0 vrf 0 parent 0 vlan 0000 0 peer 0 group 0 forward 00 linkdown 00 "      \
	"xdp '' tc ''\n"
#define PLAIN_ROUTE " src - proto 0 pref 0 realm 0"
#define PLAIN_RULE                                                                                 \
	" iif '' oif '' mark 0/0 tos 0 proto 0 0-0 0-0 uid 0-0 tun 0 action 1 table 5 goto 0 "     \
	"suppress -1 -1\n"

/* clang-format off */
static const struct row meanings[] = {
	{ "nothing: the loopback", "{}",
	  "link 1 lo mtu 65536 header 14 mac 00:00 bcast 00 up" PLAIN_LINK },
	{ "nothing: its addresses", "{}", "addr 1 127.0.0.1/8 peer - broadcast - scope 254" },
	{ "nothing: its routes", "{}",
	  "route 127.0.0.0/8 from - table 255 type 2 scope 254 tos 0 metric 0 mtu 0 src 127.0.0.1/32 "
	  "proto 2 pref 0 realm 0 [1 - 1]\n" },
	{ "nothing: the first rules", "{}", "rule 2 32767 - > -" },
	{ "nothing: the first rules of IPv6", "{}", "rule 10 32766 - > -" },
	{ "nothing: the rest", "{}",
	  "cgroup 1 parent 0 level 0 classid 0 /\nnetns 1 syncookies 1 key 00000000 multipath 0 0 0\n" },
	{ "links: defaults", LINK(""), "link 2 a mtu 1500 header 14 mac 00:00 bcast ff up" PLAIN_LINK },
	{ "links: in order of ifindex", "{'links':[{'ifindex':9,'ifname':'b'},{},{'ifindex':8,'ifname':'a'}]}",
	  "\nlink 8 a" },
	{ "links: address", LINK(",'address':'02:00:00:00:00:0a'"), " mac 02:0a " },
	{ "links: address of a tunnel", LINK(",'address':'10.0.0.1','link_type':'ipip'"),
	  "header 0 no-mac mac 0a:00 " },
	{ "links: longer address", LINK(",'address':'00:01:02:03:04:05:06:07'"), " mac 00:05 " },
	{ "links: broadcast", LINK(",'broadcast':'01:00:00:00:00:00'"), " bcast 01 " },
	{ "links: mtu", LINK(",'mtu':9000"), "mtu 9000 " },
	{ "links: number in quotes", LINK(",'mtu':'0x100'"), "mtu 256 " },
	{ "links: down", LINK(",'flags':['BROADCAST']"), "bcast ff kind" },
	{ "links: up", LINK(",'flags':['UP','LOWER_UP']"), "bcast ff up kind" },
	{ "links: no carrier", LINK(",'flags':['NO-CARRIER','UP']"), "up no-carrier" },
	{ "links: link_type none", LINK(",'link_type':'none'"), "header 0 no-mac" },
	{ "links: hard_header_len", LINK(",'link_type':'none','hard_header_len':4"), "header 4" },
	{ "links: group", LINK(",'group':'7'"), "group 7 " },
	{ "links: group default", LINK(",'group':'default'"), "group 0 " },
	{ "links: forwarding", LINK(",'forwarding4':true,'forwarding6':false"), "forward 10" },
	{ "links: programs", LINK(",'xdp':'a.o:x','tc':'b.o'"), "xdp 'a.o:x' tc 'b.o'" },
	{ "links: iproute2's xdp", LINK(",'xdp':{'mode':1}"), "xdp ''" },
	{ "links: VLAN", "{'links':[{'ifindex':3,'ifname':'b','link':'a','linkinfo':{'info_kind':'vlan',"
	  "'info_data':{'protocol':'802.1ad','id':7,'flags':[]}}},{'ifindex':2,'ifname':'a'}]}",
	  "kind 'vlan' master 0 vrf 0 parent 2 vlan 88a8 7 peer 0" },
	{ "links: VRF", "{'links':[{'ifindex':2,'ifname':'r','linkinfo':{'info_kind':'vrf','info_data':"
	  "{'table':50}}},{'ifindex':3,'ifname':'b','master':'r'}]}", "master 2 vrf 0" },
	{ "links: table of a VRF", LINK(",'linkinfo':{'info_kind':'vrf','info_data':{'table':50}}"), "vrf 50" },
	{ "links: veth", "{'links':[{'ifindex':2,'ifname':'a','link':'b','linkinfo':{'info_kind':'veth'}},"
	  "{'ifindex':3,'ifname':'b','link_index':2,'linkinfo':{'info_kind':'veth'}}]}", "peer 2 group" },
	{ "links: veth elsewhere", LINK(",'link_index':9,'link_netnsid':0,'linkinfo':{'info_kind':'veth'}"),
	  "peer 0 elsewhere" },
	{ "links: with addr_info", LINK(",'addr_info':[{'family':'inet','local':'10.0.0.1','prefixlen':24}]"),
	  "addr 2 10.0.0.1/24 " },
	{ "addresses: as interfaces",
	  "{'addresses':[{'ifindex':2,'ifname':'a','mtu':100,'addr_info':[{'local':'10.0.0.1','prefixlen':8}]}]}",
	  "link 2 a mtu 100" },
	{ "addresses: beside links",
	  "{" LINKS ",'addresses':[{'ifindex':2,'ifname':'eth0','addr_info':[{'local':'10.0.0.1','prefixlen':8}]}]}",
	  "addr 2 10.0.0.1/8 " },
	{ "addresses: short", ADDR("'local':'10.0.0.1/24'"),
	  "addr 2 10.0.0.1/24 peer - broadcast - scope 0 metric 0 flags 80\n" },
	{ "addresses: host", ADDR("'local':'10.0.0.1'"), "addr 2 10.0.0.1/32 " },
	{ "addresses: peer", ADDR("'local':'10.0.0.1','address':'10.0.0.2','prefixlen':32"),
	  "addr 2 10.0.0.1/32 peer 10.0.0.2/32 " },
	{ "addresses: the rest", ADDR("'local':'10.0.0.1/24','broadcast':'10.0.0.255','scope':'link','metric':5"),
	  "broadcast 10.0.0.255/32 scope 253 metric 5" },
	{ "addresses: flags", ADDR("'local':'10.0.0.1/24','secondary':true,'noprefixroute':true,'deprecated':true"),
	  "flags 2a1\n" },
	{ "addresses: dynamic", ADDR("'local':'10.0.0.1/24','dynamic':true"), "flags 0\n" },
	{ "addresses: anycast is none", ADDR("'anycast':'::1'"), "link 3 eth1" },
	{ "implied: local", ADDR("'local':'10.0.0.1/24'"),
	  "route 10.0.0.1/32 from - table 255 type 2 scope 254 tos 0 metric 0 mtu 0 src 10.0.0.1/32 proto 2 "
	  "pref 0 realm 0 [2 - 1]\n" },
	{ "implied: broadcast", ADDR("'local':'10.0.0.1/24'"), "route 10.0.0.255/32 from - table 255 type 3 scope 253" },
	{ "implied: connected", ADDR("'local':'10.0.0.1/24'"), "route 10.0.0.0/24 from - table 254 type 1 scope 253" },
	{ "implied: with a metric", ADDR("'local':'10.0.0.1/24','metric':7"),
	  "route 10.0.0.0/24 from - table 254 type 1 scope 253 tos 0 metric 7 " },
	{ "implied: not of noprefixroute", ADDR("'local':'10.0.0.1/24','noprefixroute':true"),
	  "10.0.0.255/32 from - table 255 type 3 scope 253 tos 0 metric 0 mtu 0 src 10.0.0.1/32 proto 2 pref 0 "
	  "realm 0 [2 - 1]\nroute 127.0.0.1/32" },
	{ "implied: IPv6", ADDR("'local':'2001:db8::1/64'"),
	  "route 2001:db8::/64 from - table 254 type 1 scope 0 tos 0 metric 256 " },
	{ "implied: IPv6, multicast", ADDR("'local':'2001:db8::1/64'"),
	  "route ff00::/8 from - table 255 type 5 scope 0 tos 0 metric 256 mtu 0 src - proto 2 pref 0 realm 0 [2 - 1]" },
	{ "implied: not where there are some", "{" LINKS ",'addresses':[{'dev':'eth0','local':'10.0.0.1/24'}],"
	  "'routes':[{'dst':'10.9.0.0/24','dev':'eth0','protocol':'kernel'}]}",
	  "src - proto 2 pref 0 realm 0 [2 - 1]\nroute 127.0.0.0/8" },
	{ "implied: VRF", "{'links':[{'ifindex':2,'ifname':'r','linkinfo':{'info_kind':'vrf','info_data':{'table':50}}},"
	  "{'ifindex':3,'ifname':'b','master':'r'}],'addresses':[{'dev':'b','local':'10.0.0.1/24'}]}",
	  "route 10.0.0.0/24 from - table 50" },
	{ "routes: defaults", ROUTE("'dst':'10.0.0.0/8','gateway':'10.1.0.1','dev':'eth0'"),
	  "route 10.0.0.0/8 from - table 254 type 1 scope 0 tos 0 metric 0 mtu 0" PLAIN_ROUTE " [2 10.1.0.1/32 1]\n" },
	{ "routes: masked", ROUTE("'dst':'10.1.2.3/9','dev':'eth0'"), "route 10.0.0.0/9 " },
	{ "routes: default", ROUTE("'dst':'default','dev':'eth0'"), "route 0.0.0.0/0 " },
	{ "routes: default by its gateway", ROUTE("'dst':'default','gateway':'fe80::1','dev':'eth0'"), "route ::/0 " },
	{ "routes: default by pref", ROUTE("'dst':'default','dev':'eth0','pref':'medium'"), "route ::/0 " },
	{ "routes: default by family", ROUTE("'dst':'default','dev':'eth0','family':'inet6'"), "route ::/0 " },
	{ "routes6: default", ROUTE6("'dst':'default','dev':'eth0'"),
	  "route ::/0 from - table 254 type 1 scope 0 tos 0 metric 1024 " },
	{ "routes: via of the other family", ROUTE("'dst':'10.0.0.0/8','via':{'family':'inet6','host':'fe80::1'},'dev':'eth0'"),
	  "[2 fe80::1/128 1]" },
	{ "routes: type", ROUTE("'dst':'10.0.0.0/8','type':'blackhole'"), "type 6 " },
	{ "routes: type by number", ROUTE("'dst':'10.0.0.0/8','type':'7'"), "type 7 " },
	{ "routes: local has its table", ROUTE("'dst':'10.0.0.1','type':'local','dev':'eth0'"), "table 255 type 2" },
	{ "routes: table", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','table':'77'"), "table 77 " },
	{ "routes: table by name", "{'tables':{'up':88}," LINKS ",'routes':[{'dst':'10.0.0.0/8','dev':'eth0','table':'up'}]}",
	  "table 88 " },
	{ "routes: scope", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','scope':'link'"), "scope 253 " },
	{ "routes: tos", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','tos':'0x10'"), "tos 16 " },
	{ "routes: tos by name", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','tos':'EF'"), "tos 184 " },
	{ "routes: metric", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','metric':50"), "metric 50 " },
	{ "routes: metrics", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','metrics':[{'mtu':1400,'advmss':1}]"), "mtu 1400 src" },
	{ "routes: mtu_lock", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','mtu_lock':true"), "mtu 0 lock " },
	{ "routes: prefsrc", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','prefsrc':'10.1.1.1'"), "src 10.1.1.1/32 " },
	{ "routes: from", ROUTE("'dst':'2001:db8::/32','dev':'eth0','from':'2001:db9::/48'"), "from 2001:db9::/48 " },
	{ "routes: pref", ROUTE("'dst':'2001:db8::/32','dev':'eth0','pref':'low'"), "pref -1 " },
	{ "routes: realms", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','flow_from':'3','flow_to':'4'"), "realm 30004" },
	{ "routes: flags", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','flags':['dead','linkdown','onlink','offload']"),
	  "[2 - 1 dead linkdown onlink]" },
	{ "routes: of an interface that is down", "{'links':[{'ifindex':2,'ifname':'a','flags':[]}],"
	  "'routes':[{'dst':'10.0.0.0/8','dev':'a'}]}", "[2 - 1 dead]" },
	{ "routes: nexthops", ROUTE("'dst':'10.0.0.0/8','nexthops':[{'gateway':'10.0.0.1','dev':'eth0','weight':3,'flags':[]},{'dev':'eth1'}]"),
	  " [2 10.0.0.1/32 3] [3 - 1]\n" },
	{ "routes: encap", ROUTE("'dst':'10.0.0.0/8','encap':'ip','id':3,'src':'0.0.0.0','dst':'1.2.3.4','ttl':0,'tos':0,'dev':'eth0','flags':[]"),
	  "route 10.0.0.0/8 from - table 254 type 1 scope 0 tos 0 metric 0 mtu 0" PLAIN_ROUTE " [2 - 1 encap 0]\n" },
	{ "routes: encap_bytes", ROUTE("'dst':'10.0.0.0/8','encap':'seg6','segs':['::1'],'encap_bytes':64,'dev':'eth0'"), "encap 64]" },
	{ "routes: longest first", ROUTE("'dst':'10.0.0.0/8','dev':'eth0'},{'dst':'10.0.0.0/16','dev':'eth1'"),
	  "[3 - 1]\nroute 10.0.0.0/8" },
	{ "routes: largest tos first", ROUTE("'dst':'10.0.0.0/8','dev':'eth0'},{'dst':'10.0.0.0/8','tos':'8','dev':'eth1','metric':9"),
	  "[3 - 1]\nroute 10.0.0.0/8" },
	{ "routes: smallest metric first", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','metric':2},{'dst':'10.0.0.0/8','dev':'eth1','metric':1"),
	  "[3 - 1]\nroute 10.0.0.0/8" },
	{ "routes: IPv6 twice, with -6 and without", "{" LINKS ",'routes':[{'dst':'2001:db8::/32','dev':'eth0'}],"
	  "'routes6':[{'dst':'2001:db8::/32','dev':'eth0'}]}", "src - proto 0 pref 0 realm 0 [2 - 1]\nroute 127.0.0.0/8" },
	{ "rules: by address", RULE("'src':'10.0.0.0','srclen':8,'dst':'10.1.2.3','dstlen':16,'table':'5'"),
	  "rule 2 9 10.0.0.0/8 > 10.1.0.0/16" PLAIN_RULE },
	{ "rules: all", RULE("'src':'all','table':5"), "rule 2 9 - > -" PLAIN_RULE },
	{ "rules: family", RULE("'family':'inet6','table':5"), "rule 10 9 - > -" },
	{ "rules: family by address", RULE("'src':'::1','table':5"), "rule 10 9 ::1/128 > -" },
	{ "rules6", "{'rules6':[{'priority':9,'src':'all','table':5}]}", "rule 10 9 - > -" },
	{ "rules: a family without one", RULE("'table':5"), "rule 10 0 - > -" },
	{ "rules: in order of priority", "{'rules':[{'priority':9,'table':'5'},{'priority':7,'table':'6'}]}", "rule 2 7 " },
	{ "rules: not", RULE("'not':null,'table':5"), "rule 2 9 not " },
	{ "rules: mark", RULE("'fwmark':'0x10','table':5"), "mark 10/ffffffff" },
	{ "rules: mask", RULE("'fwmark':'0x10','fwmask':'0xff','table':5"), "mark 10/ff " },
	{ "rules: interfaces", RULE("'iif':'eth0','oif':'none','table':5"), "iif 'eth0' oif 'none'" },
	{ "rules: tos", RULE("'tos':'0x10','table':5"), "tos 16 " },
	{ "rules: ports", RULE("'ipproto':'tcp','sport_start':1,'sport_end':5,'dport':80,'table':5"), "proto 6 1-5 80-80" },
	{ "rules: protocol by number", RULE("'ipproto':'99','table':5"), "proto 99 " },
	{ "rules: uid", RULE("'uid_start':0,'uid_end':5,'table':5"), "uid 0-5 " },
	{ "rules: tun_id", RULE("'tun_id':5,'table':5"), "tun 5 " },
	{ "rules: l3mdev", RULE("'l3mdev':null"), "action 1 table 0 goto 0 suppress -1 -1 l3mdev" },
	{ "rules: action", RULE("'action':'prohibit'"), "action 8 " },
	{ "rules: nop", RULE("'nop':null"), "action 3 " },
	{ "rules: goto", RULE("'goto':50"), "action 2 table 0 goto 50" },
	{ "rules: suppress", RULE("'table':5,'suppress_prefixlen':0,'suppress_ifgroup':'3'"), "suppress 0 3" },
	{ "neighbours", NEIGH("'dst':'10.0.0.1','lladdr':'02:00:00:00:00:05','state':['STALE'],'router':null"),
	  "neigh 2 10.0.0.1/32 mac 02:05 state 4\n" },
	{ "neighbours: IPv6", NEIGH("'dst':'::5','lladdr':'02:00:00:00:00:05'"), "neigh 2 ::5/128 mac 02:05 state 80\n" },
	{ "neighbours: one state", NEIGH("'dst':'::5','state':'FAILED'"), "state 20\n" },
	{ "neighbours: proxies are none", NEIGH("'dst':'::5','proxy':null},{'dev':'eth1','dst':'::6'"),
	  "suppress -1 -1\nneigh 3 ::6/128" },
	{ "cgroups", "{" CGROUPS "}", "cgroup 7 parent 1 level 1 classid 0 /a\ncgroup 8 parent 7 level 2 classid 10001 /a/b\n" },
	{ "cgroups: above is not there", "{'cgroups':[{'id':9,'path':'/a/b/c'}]}", "cgroup 9 parent 1 level 3 " },
	{ "sockets: listener", SOCK("'protocol':'tcp','local':'10.0.0.1','local_port':80"),
	  "sock 2 1 6 state 10 10.0.0.1/0:80 > 0.0.0.0/0:0 dev 0 uid 0 cookie 1 mark 0 priority 0 queue -1 "
	  "cgroup 1 0 0 netns 0 tcp 0 0 0 0\n" },
	{ "sockets: any address", SOCK("'protocol':'udp','local':'*','local_port':53"), "sock 10 2 17 state 7 ::/0:53 > ::/0:0 " },
	{ "sockets: connected", SOCK("'protocol':'tcp','local':'::1','local_port':80,'peer':'::2','peer_port':99"),
	  "state 1 ::1/0:80 > ::2/0:99 " },
	{ "sockets: state", SOCK("'protocol':'tcp','local':'::1','local_port':80,'peer':'::2','peer_port':99,'state':'TIME-WAIT'"),
	  "state 6 " },
	{ "sockets: request", SOCK("'protocol':'tcp','local':'::1','local_port':80,'peer':'::2','peer_port':99,'state':'SYN-RECV'"),
	  "state 12 " },
	{ "sockets: the rest", SOCK("'protocol':'udp','local':'0.0.0.0','local_port':1,'dev':'eth1','uid':5,'cookie':'0x10','mark':7,"
	  "'priority':6,'rx_queue_mapping':3,'cgroup':'/a/b','v6only':true,'reuseport':true,'transparent':true,'netns':9"),
	  "dev 3 uid 5 cookie 16 mark 7 priority 6 queue 3 cgroup 8 2 7 v6only reuseport transparent netns 9" },
	{ "sockets: cgroup by id", SOCK("'protocol':'udp','local_port':1,'cgroup':7"), "cgroup 7 1 0 " },
	{ "sockets: next cookie", SOCK("'protocol':'udp','local_port':1,'cookie':41},{'protocol':'udp','local_port':2"), "cookie 42 " },
	{ "sockets: tcp", SOCK("'protocol':'tcp','local_port':1,'tcp':{'snd_cwnd':10,'srtt_us':8,'mss_cache':1448,'bytes_acked':5000000000}"),
	  "tcp 10 8 1448 5000000000\n" },
	{ "conntrack", CT("'protocol':'tcp','sport':1,'dport':2,'state':'ESTABLISHED','status':['ASSURED','SEEN_REPLY'],'mark':3,'timeout':4,'zone':5"),
	  "ct 6 10.0.0.1/32 1 > 10.0.0.2/32 2 reply 10.0.0.2/32 2 > 10.0.0.1/32 1 status 6 mark 3 timeout 4 zone 5 state 3\n" },
	{ "conntrack: translated", CT("'protocol':'udp','sport':1,'dport':2,'reply_src':'10.0.0.3','reply_sport':9"),
	  "reply 10.0.0.3/32 9 > 10.0.0.1/32 1 status 8 " },
	{ "conntrack: ICMP", CT("'protocol':'icmp','type':8,'code':0,'id':77"),
	  "10.0.0.1/32 77 > 10.0.0.2/32 2048 reply 10.0.0.2/32 77 > 10.0.0.1/32 0 " },
	{ "xfrm", "{'xfrm':[{'reqid':5,'spi':'0x100','remote':'192.0.2.1'}]}", "xfrm 5 100 192.0.2.1/32\n" },
	{ "tunnels", "{" LINKS ",'tunnels':[{'dev':'eth0','remote':'192.0.2.9','local':'192.0.2.1','id':42,'tos':8,'ttl':64,"
	  "'csum':true,'df':true,'opts':'000000Ab00000000'}]}",
	  "tunnel 2 192.0.2.9/32 > 192.0.2.1/32 id 42 tos 8 ttl 64 label 0 1101 opts 8 ab\n" },
	{ "tunnels: IPv6", "{" LINKS ",'tunnels':[{'dev':'eth1','remote':'::9','local':'::1','label':'0xfffff','key':false,'seq':true}]}",
	  "tunnel 3 ::9/128 > ::1/128 id 0 tos 0 ttl 0 label fffff 0010 opts 0 00\n" },
	{ "netns_cookie", "{'netns_cookie':18446744073709551615}", "netns 18446744073709551615 " },
	{ "tcp_syncookies", "{'tcp_syncookies':2}", "syncookies 2 " },
	{ "syncookie_key", "{'syncookie_key':{'inet':['01000000000000000000000000000000','00000000000000000000000000000002'],"
	  "'inet6':['03000000000000000000000000000000','00000000000000000000000000000004']}}", "key 01020304" },
	{ "sysctl: forwarding", "{" LINKS ",'sysctl':{'net.ipv4.conf.eth0.forwarding':0,'net.ipv4.ip_forward':1}}",
	  "forward 00 linkdown 00 xdp '' tc ''\nlink 3" },
	{ "sysctl: of all", "{'sysctl':{'net.ipv4.ip_forward':1,'net.ipv6.conf.all.forwarding':1}}", "forward 11" },
	{ "sysctl: linkdown", "{'sysctl':{'net.ipv6.conf.all.ignore_routes_with_linkdown':1}}", "linkdown 01" },
	{ "sysctl: the rest", "{'sysctl':{'net.ipv4.tcp_syncookies':0,'net.ipv4.fib_multipath_hash_seed':7,"
	  "'net.ipv4.fib_multipath_hash_policy':1,'net.ipv6.fib_multipath_hash_policy':2,'net.core.rmem_max':1}}",
	  "syncookies 0 key 00000000 multipath 7 1 2" },
	{ "netconf", "{" LINKS ",'netconf':[{'family':'inet','interface':'eth0','forwarding':true,'rp_filter':'off',"
	  "'ignore_routes_with_linkdown':true},{'family':'inet6','interface':'all','forwarding':true}]}", "forward 10 linkdown 10" },
	{ "comment", "{'comment':{'anything':[1]}}", "link 1 lo" },
};

static const struct row errors[] = {
	{ "no JSON", "{", "line 1, column 2: expected a name in quotes, found the end" },
	{ "no object", "[]", "line 1, column 1: expected an object" },
	{ "unknown key", "{\n 'linkz':[]}", "line 2, column 10: linkz: there is no such key" },
	{ "key twice", "{'xfrm':[],'xfrm':[]}", "line 1, column 19: xfrm: given twice" },
	{ "links: no array", "{'links':{}}", "line 1, column 10: links: expected an array" },
	{ "links: no object", "{'links':[7]}", "links[0]: expected an object" },
	{ "links: unknown key", LINK(",'mtuu':7"), "column 44: links[0].mtuu: there is no such key" },
	{ "links: key twice", LINK(",'mtu':7,'mtu':8"), "links[0].mtu: given twice" },
	{ "links: no ifindex", "{'links':[{'ifname':'a'}]}", "links[0]: there is no \"ifindex\"" },
	{ "links: no ifname", "{'links':[{'ifindex':2}]}", "links[0]: there is no \"ifname\"" },
	{ "links: ifindex 0", "{'links':[{'ifindex':0,'ifname':'a'}]}", "links[0].ifindex: 0 is no interface" },
	{ "links: large ifindex", "{'links':[{'ifindex':2147483648,'ifname':'a'}]}", "links[0].ifindex: 2147483648 is more than 2147483647" },
	{ "links: ifindex twice", "{'links':[{'ifindex':2,'ifname':'a'},{'ifindex':2,'ifname':'b'}]}",
	  "links[1].ifindex: there is an interface 2 already" },
	{ "links: ifname twice", "{'links':[{'ifindex':2,'ifname':'a'},\n{'ifindex':3,'ifname':'a'}]}",
	  "line 2, column 23: links[1].ifname: there is an interface 'a' already" },
	{ "links: long name", "{'links':[{'ifindex':2,'ifname':'abcdefghijklmnop'}]}", "links[0].ifname: 16 bytes are more than 15" },
	{ "links: odd name", "{'links':[{'ifindex':2,'ifname':'a/b'}]}", "links[0].ifname: is no name of an interface" },
	{ "links: mtu no number", LINK(",'mtu':[]"), "links[0].mtu: expected a number" },
	{ "links: mtu negative", LINK(",'mtu':-1"), "links[0].mtu: expected a number" },
	{ "links: mtu no whole number", LINK(",'mtu':1.5"), "links[0].mtu: expected a number" },
	{ "links: address", LINK(",'address':'02:00'"), NULL },
	{ "links: no address", LINK(",'address':'02:0g'"), "links[0].address: '02:0g' is no MAC address" },
	{ "links: flags", LINK(",'flags':'UP'"), "links[0].flags: expected an array" },
	{ "links: flag", LINK(",'flags':[1]"), "links[0].flags[0]: expected a string" },
	{ "links: master", LINK(",'master':'br0'"), "links[0].master: there is no interface 'br0'" },
	{ "links: its own master", LINK(",'master':'a'"), "links[0].master: is the interface itself" },
	{ "links: link", LINK(",'link':'b'"), "links[0].link: there is no interface 'b'" },
	{ "links: link_index", LINK(",'link_index':7"), "links[0].link_index: there is no interface 7" },
	{ "links: group", LINK(",'group':'dmz'"), "links[0].group: 'dmz' is not known" },
	{ "links: VLAN without an id", LINK(",'linkinfo':{'info_kind':'vlan'}"), "links[0].linkinfo: there is no \"id\"" },
	{ "links: VLAN id", LINK(",'linkinfo':{'info_kind':'vlan','info_data':{'id':4096}}"),
	  "links[0].linkinfo.info_data.id: 4096 is more than 4095" },
	{ "links: VRF without a table", LINK(",'linkinfo':{'info_kind':'vrf'}"), "links[0].linkinfo: there is no \"table\"" },
	{ "links: VRF with table 0", LINK(",'linkinfo':{'info_kind':'vrf','info_data':{'table':0}}"),
	  "info_data.table: a VRF has a table of its own" },
	{ "links: linkinfo", LINK(",'linkinfo':{'kind':'veth'}"), "links[0].linkinfo.kind: there is no such key" },
	{ "addresses: dev", "{'addresses':[{'dev':'x','local':'10.0.0.1'}]}", "addresses[0].dev: there is no interface 'x'" },
	{ "addresses: no dev", "{'addresses':[{'local':'10.0.0.1'}]}", "addresses[0]: there is no \"dev\", or \"addr_info\"" },
	{ "addresses: no local", ADDR("'prefixlen':7"), "addresses[0]: there is no \"local\"" },
	{ "addresses: no address", ADDR("'local':'10.0.0'"), "addresses[0].local: '10.0.0' is no address or prefix" },
	{ "addresses: long prefix", ADDR("'local':'10.0.0.1','prefixlen':33"), "addresses[0].prefixlen: 33 is more than 32" },
	{ "addresses: two lengths", ADDR("'local':'10.0.0.1/8','prefixlen':8"), "prefixlen: \"local\" has a length too" },
	{ "addresses: family", ADDR("'local':'10.0.0.1','family':'inet6'"), "addresses[0].local: is of another family" },
	{ "addresses: peer's family", ADDR("'local':'10.0.0.1','address':'::1'"), "addresses[0].address: is of another family" },
	{ "addresses: broadcast", ADDR("'local':'::1','broadcast':'10.0.0.1'"), "broadcast: IPv6 has no broadcast" },
	{ "addresses: broadcast's family", ADDR("'local':'10.0.0.1','broadcast':'::1'"), "broadcast: is of another family" },
	{ "addresses: twice", ADDR("'local':'10.0.0.1/8'},{'dev':'eth0','local':'10.0.0.1/8'"),
	  "addresses[1]: the interface has this address already" },
	{ "addresses: another number", "{" LINKS ",'addresses':[{'ifindex':7,'ifname':'eth0','addr_info':[]}]}",
	  "addresses[0].ifindex: 'eth0' is interface 2" },
	{ "routes: no dst", ROUTE("'dev':'eth0'"), "routes[0]: there is no \"dst\"" },
	{ "routes: dst", ROUTE("'dst':'10.0.0.0/33','dev':'eth0'"), "routes[0].dst: '10.0.0.0/33' is no address or prefix" },
	{ "routes: no dev", ROUTE("'dst':'10.0.0.0/8'"), "routes[0]: there is no \"dev\"" },
	{ "routes: dev", ROUTE("'dst':'10.0.0.0/8','dev':'eth9'"), "routes[0].dev: there is no interface 'eth9'" },
	{ "routes: gateway", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','gateway':'10.0.0.1/8'"), "routes[0].gateway: '10.0.0.1/8' is no address" },
	{ "routes: IPv4 gateway of IPv6", ROUTE("'dst':'::/0','dev':'eth0','gateway':'10.0.0.1'"), "routes[0]: an IPv6 route has no IPv4 gateway" },
	{ "routes: type", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','type':'nat'"), "routes[0].type: 'nat' is not known" },
	{ "routes: type's number", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','type':'10'"), "routes[0].type: is not emulated" },
	{ "routes: table", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','table':'up'"), "routes[0].table: 'up' is no table of \"tables\"" },
	{ "routes: tos", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','tos':'256'"), "routes[0].tos: 256 is more than 255" },
	{ "routes: prefsrc", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','prefsrc':'::1'"), "routes[0].prefsrc: is of another family" },
	{ "routes: from", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','from':'10.0.0.0/8'"), "routes[0].from: IPv4 routes have no source" },
	{ "routes: from of another family", ROUTE("'dst':'::/0','dev':'eth0','from':'10.0.0.0/8'"), "routes[0].from: is of another family" },
	{ "routes: family", ROUTE("'dst':'::/0','dev':'eth0','family':'inet'"), "routes[0].family: \"dst\" is of another family" },
	{ "routes6: IPv4", ROUTE6("'dst':'10.0.0.0/8','dev':'eth0'"), "routes6[0]: is of another family than the rest" },
	{ "routes: pref", ROUTE("'dst':'::/0','dev':'eth0','pref':'1'"), "routes[0].pref: expected low, medium or high" },
	{ "routes: flags", ROUTE("'dst':'::/0','dev':'eth0','flags':7"), "routes[0].flags: expected an array" },
	{ "routes: no nexthops", ROUTE("'dst':'::/0','nexthops':[]"), "routes[0].nexthops: expected an array of at least one" },
	{ "routes: nexthop", ROUTE("'dst':'::/0','nexthops':[7]"), "routes[0].nexthops[0]: expected an object" },
	{ "routes: nexthop without dev", ROUTE("'dst':'::/0','nexthops':[{'gateway':'::1'}]"), "routes[0].nexthops[0]: there is no \"dev\"" },
	{ "routes: nexthop's key", ROUTE("'dst':'::/0','nexthops':[{'mtu':1}]"), "routes[0].nexthops[0].mtu: there is no such key" },
	{ "routes: nexthops and dev", ROUTE("'dst':'::/0','dev':'eth0','nexthops':[{'dev':'eth0'}]"), "routes[0]: there is a \"dev\" beside \"nexthops\"" },
	{ "routes: via", ROUTE("'dst':'::/0','dev':'eth0','via':{'family':'inet','host':'::1'}"), "routes[0].via: the address is of another family" },
	{ "routes: metrics", ROUTE("'dst':'::/0','dev':'eth0','metrics':[{'mttu':1}]"), "routes[0].metrics[0].mttu: there is no such key" },
	{ "routes: refused", ROUTE("'dst':'10.0.0.0/8','dev':'eth0','iif':'eth1'"), "routes[0].iif: is not emulated" },
	{ "routes: twice", ROUTE("'dst':'10.0.0.0/8','dev':'eth0'},{'dst':'10.0.0.0/8','dev':'eth0'"), "routes[1]: the route is there already" },
	{ "tables: known", "{'tables':{'main':5}}", "tables.main: has a number already" },
	{ "tables: twice", "{'tables':{'a':5,'a':6}}", "tables.a: given twice" },
	{ "tables: number", "{'tables':{'a':4294967296}}", "tables.a: 4294967296 is more than 4294967295" },
	{ "rules: no priority", "{'rules':[{'table':5}]}", "rules[0]: there is no \"priority\"" },
	{ "rules: no action", RULE("'src':'all'"), "rules[0]: there is no \"table\", or action" },
	{ "rules: families", RULE("'src':'10.0.0.1','dst':'::1','table':5"), "rules[0]: addresses are of different families" },
	{ "rules6: IPv4", "{'rules6':[{'priority':1,'src':'10.0.0.1','table':5}]}", "rules6[0]: addresses are of different families" },
	{ "rules: length", RULE("'src':'10.0.0.1','srclen':33,'table':5"), "rules[0].srclen: 33 is more than 32" },
	{ "rules: length of all", RULE("'src':'all','srclen':8,'table':5"), "rules[0].srclen: there is no address" },
	{ "rules: two lengths", RULE("'dst':'10.0.0.0/8','dstlen':8,'table':5"), "rules[0].dstlen: the address has a length too" },
	{ "rules: goto", RULE("'goto':9"), "rules[0].goto: leads backwards" },
	{ "rules: protocol", RULE("'ipproto':'foo','table':5"), "rules[0].ipproto: 'foo' is not known" },
	{ "rules: dscp", RULE("'dscp':'EF','table':5"), "rules[0].dscp: is not emulated" },
	{ "rules: port", RULE("'sport':65536,'table':5"), "rules[0].sport: 65536 is more than 65535" },
	{ "neighbours: no dst", NEIGH("'lladdr':'02:00:00:00:00:01'"), "neighbours[0]: there is no \"dst\"" },
	{ "neighbours: no dev", "{'neighbours':[{'dst':'10.0.0.1'}]}", "neighbours[0]: there is no \"dev\"" },
	{ "neighbours: state", NEIGH("'dst':'10.0.0.1','state':['GONE']"), "neighbours[0].state[0]: 'GONE' is not known" },
	{ "neighbours: no lladdr", NEIGH("'dst':'10.0.0.1','state':['STALE']"), "neighbours[0]: there is no \"lladdr\", which its state has" },
	{ "neighbours: twice", NEIGH("'dst':'10.0.0.1'},{'dev':'eth0','dst':'10.0.0.1'"), "neighbours[1]: the neighbour is there already" },
	{ "cgroups: id 0", "{'cgroups':[{'id':0,'path':'/a'}]}", "cgroups[0].id: 0 is no cgroup" },
	{ "cgroups: root", "{'cgroups':[{'id':1,'path':'/a'}]}", "cgroups[0].id: the root, and it alone, is 1" },
	{ "cgroups: path", "{'cgroups':[{'id':2,'path':'a'}]}", "cgroups[0].path: is no path below the root" },
	{ "cgroups: id twice", "{'cgroups':[{'id':2,'path':'/a'},{'id':2,'path':'/b'}]}", "cgroups[1].id: is another cgroup's already" },
	{ "cgroups: path twice", "{'cgroups':[{'id':2,'path':'/a'},{'id':3,'path':'/a'}]}", "cgroups[1].path: is another cgroup's already" },
	{ "sockets: no protocol", SOCK("'local_port':1"), "sockets[0]: there is no \"protocol\"" },
	{ "sockets: protocol", SOCK("'protocol':1,'local_port':1"), "sockets[0].protocol: expected tcp or udp" },
	{ "sockets: no port", SOCK("'protocol':'tcp'"), "sockets[0]: there is no \"local_port\"" },
	{ "sockets: families", SOCK("'protocol':'tcp','local_port':1,'local':'::1','peer':'10.0.0.1'"), "sockets[0].peer: is of another family" },
	{ "sockets: family", SOCK("'protocol':'tcp','local_port':1,'local':'::1','family':'inet'"), "sockets[0].local: is of another family" },
	{ "sockets: state", SOCK("'protocol':'tcp','local_port':1,'state':'OPEN'"), "sockets[0].state: 'OPEN' is not known" },
	{ "sockets: cgroup", SOCK("'protocol':'tcp','local_port':1,'cgroup':'/z'"), "sockets[0].cgroup: is none of \"cgroups\"" },
	{ "sockets: cookie", SOCK("'protocol':'tcp','local_port':1,'cookie':5},{'protocol':'tcp','local_port':2,'cookie':5"),
	  "sockets[1].cookie: is another socket's already" },
	{ "sockets: tcp of udp", SOCK("'protocol':'udp','local_port':1,'tcp':{}"), "sockets[0].tcp: the socket is none of TCP" },
	{ "sockets: tcp's key", SOCK("'protocol':'tcp','local_port':1,'tcp':{'cwnd':1}"), "sockets[0].tcp.cwnd: there is no such key" },
	{ "sockets: listener with a peer", SOCK("'protocol':'tcp','local_port':1,'peer_port':2,'state':'LISTEN'"),
	  "sockets[0].peer_port: a listener has no peer" },
	{ "conntrack: no protocol", CT("'sport':1"), "conntrack[0]: there is no \"protocol\"" },
	{ "conntrack: families", CT("'protocol':'tcp','reply_src':'::1'"), "conntrack[0].reply_src: is of another family" },
	{ "conntrack: state of UDP", CT("'protocol':'udp','state':'ESTABLISHED'"), "conntrack[0].state: only TCP has one" },
	{ "conntrack: type of TCP", CT("'protocol':'tcp','type':8"), "conntrack[0].type: only ICMP has one" },
	{ "conntrack: status", CT("'protocol':'tcp','status':['ODD']"), "conntrack[0].status[0]: 'ODD' is not known" },
	{ "xfrm: no spi", "{'xfrm':[{'remote':'::1'}]}", "xfrm[0]: there is no \"spi\"" },
	{ "tunnels: no remote", "{" LINKS ",'tunnels':[{'dev':'eth0','local':'::1'}]}", "tunnels[0]: there is no \"remote\"" },
	{ "tunnels: families", "{" LINKS ",'tunnels':[{'dev':'eth0','local':'::1','remote':'1.2.3.4'}]}", "tunnels[0].local: is of another family" },
	{ "tunnels: label", "{" LINKS ",'tunnels':[{'dev':'eth0','local':'1.1.1.1','remote':'1.2.3.4','label':1}]}",
	  "tunnels[0].label: IPv4 has no flow label" },
	{ "tunnels: twice", "{" LINKS ",'tunnels':[{'dev':'eth0','local':'::1','remote':'::2'},{'dev':'eth0','local':'::1','remote':'::2'}]}",
	  "tunnels[1]: the interface has one already" },
	{ "tunnels: options", "{" LINKS ",'tunnels':[{'dev':'eth0','local':'::1','remote':'::2','opts':'00'}]}",
	  "tunnels[0].opts: expected 4 to 252 bytes, a multiple of 4" },
	{ "tunnels: hex", "{" LINKS ",'tunnels':[{'dev':'eth0','local':'::1','remote':'::2','opts':'0000000g'}]}",
	  "tunnels[0].opts: expected hex digits" },
	{ "syncookies", "{'tcp_syncookies':3}", "tcp_syncookies: 3 is more than 2" },
	{ "syncookie_key", "{'syncookie_key':{'inet':['00']}}", "syncookie_key.inet: expected an array of two keys" },
	{ "syncookie_key: hex", "{'syncookie_key':{'inet':['00','01']}}", "syncookie_key.inet[0]: expected 32 hex digits" },
	{ "sysctl: name", "{'sysctl':{'kernel.x':1}}", "sysctl.kernel.x: is no setting of the network" },
	{ "netconf: interface", "{'netconf':[{'family':'inet','interface':'x'}]}", "netconf[0].interface: there is no interface 'x'" },
};
/* clang-format on */

static char *
with_quotes(const char *json)
{
	char *text = strdup(json);

	assert_non_null(text);
	for (char *c = text; *c; c++)
		if (*c == '\'')
			*c = '"';
	return text;
}

/* NULL is expected of what is no error. */
static bool
run_row(const struct row *row, bool error)
{
	char *json = with_quotes(row->json), *text = world_show_json(json);
	bool failed = !strncmp(text, "error: ", 7);
	bool ok = failed == (error && row->expected) &&
	          (!row->expected || strstr(text, row->expected) != NULL);

	if (!ok)
		printf("row '%s': expected:\n%s\nfound:\n%s\n", row->name,
		       row->expected ? row->expected : "no error", text);
	free(json);
	free(text);
	return ok;
}

static void
test_meanings(void **state)
{
	u32 failed = 0;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(meanings); i++)
		failed += !run_row(&meanings[i], false);
	assert_int_equal(failed, 0);
}

static void
test_errors(void **state)
{
	u32 failed = 0;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(errors); i++)
		failed += !run_row(&errors[i], true);
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meanings),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
