/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock.h - sockets, as programs see them: a struct bpf_sock at a guest address.
 *
 * A socket is there several times, as Linux has several kinds of pointers to it: `common` shows the
 * fields that every kind of socket has (struct sock_common), `full` all of them, `tcp` those of
 * struct bpf_tcp_sock. bpf_sk_fullsock() and bpf_tcp_sock() lead from one to the other. `btf` is
 * what bpf_skc_to_*() give, a structure of the kernel's own, of which nothing can be loaded. No
 * memory lies behind these addresses that a program might touch: every load comes to
 * xb_sock_access(), which has the rules of each field.
 */
#ifndef XB_EMU_SOCK_H
#define XB_EMU_SOCK_H

#include "emu/emu.h"
#include "emu/sockopt.h"

#define XB_SOCK_STRIDE        512u /* of guest addresses, for each form; it lies in their middle */
#define XB_SOCK_FORMS         4u
#define XB_SOCK_CGROUP_ROOT   1u
#define XB_SOCK_CGROUPS_ABOVE 8

/* What a socket is; all of it is the caller's to set, by xb_sock_set(). */
struct xb_sock_info {
	/* Byte orders as in the uapi: dst_port and addresses in wire order, src_port in host order.
	 */
	struct bpf_sock uapi;
	u64 cookie;       /* of bpf_get_socket_cookie */
	u32 uid;          /* of bpf_get_socket_uid; overflowuid (65534) where there is no owner */
	u64 cgroup_id;    /* of its cgroup in the v2 hierarchy; 1 is the root */
	u32 cgroup_level; /* how deep that is: 0 for the root */
	/* Of that cgroup's ancestors, from level 1 on; 0 where one is not known. */
	u64 cgroup_above[XB_SOCK_CGROUPS_ABOVE];
	u32 cgroup_classid;      /* of net_cls */
	struct bpf_tcp_sock tcp; /* of a TCP socket, as ss -i tells it */
};

struct xb_sock {
	struct xb_emu *emu;
	struct xb_sock *next; /* the emulator's list */
	struct xb_region *region;
	u64 common, full, tcp, btf; /* guest addresses of its forms */
	u64 owner;                  /* what local storage knows it by */
	bool v6only;                /* IPV6_V6ONLY */
	u32 overflow_jiffies;       /* when a SYN cookie was made for it; 0 at first, as in Linux */
	struct xb_sock_info info;
	struct xb_sock_opts opts; /* as those of a new one; the caller may set others */
	bool of_fd;               /* emu/sock_fd.h made it, and frees it */
	bool reuseport;           /* bound, or bound to be, with SO_REUSEPORT */
	u32 psock_cnt;            /* entries of SOCKMAP and SOCKHASH that hold it */
	bool in_sockarray;        /* a REUSEPORT_SOCKARRAY holds it */
};

/* A socket of the emulator's. NULL and err where there is no memory. */
struct xb_sock *xb_sock_new(struct xb_emu *emu, struct xb_err *err);

/* NULL is allowed. */
void xb_sock_free(struct xb_sock *sock);

/*
 * Sets what the socket is, in all forms. Its local storage is that of the socket with this cookie;
 * where the cookie is 0, that of no other.
 */
void xb_sock_set(struct xb_sock *sock, const struct xb_sock_info *info);

/* The same for a socket that nobody has ever seen: no local storage yet, nor options. */
void xb_sock_set_fresh(struct xb_sock *sock, const struct xb_sock_info *info);

/* What local storage knows a socket with this cookie by. */
u64 xb_sock_owner_of_cookie(u64 cookie);

/*
 * Whether it has all fields: request sockets and those in TIME_WAIT have not (cf.
 * include/net/sock.h: sk_fullsock).
 */
bool xb_sock_is_full(const struct xb_sock *sock);

/*
 * The id of the cgroup at a level above the socket's, or the socket's own; 0 where there is none,
 * or it is not known (cf. include/linux/cgroup.h: cgroup_ancestor).
 */
u64 xb_sock_cgroup_at(const struct xb_sock *sock, s32 level);

/* Whether its cgroup is this one, or lies below it (cf. sk_under_cgroup_hierarchy). */
bool xb_sock_is_under(const struct xb_sock *sock, u64 cgroup_id);

/*
 * Does a load of any form of a socket, or stops the program where Linux refuses the access: see
 * xb_vm_ops.access_object. False where gaddr is near no socket. (cf. net/core/filter.c:
 * bpf_sock_is_valid_access, bpf_sock_common_is_valid_access, bpf_tcp_sock_is_valid_access)
 */
bool xb_sock_access(struct xb_proc *proc, const struct bpf_insn *insn, u64 gaddr, u64 *value);

/* The socket with an address somewhere in one of its forms, or NULL. */
struct xb_sock *xb_sock_around(struct xb_emu *emu, u64 gaddr);

/* The socket one of whose forms is at this address, or NULL. */
struct xb_sock *xb_sock_by_gaddr(struct xb_emu *emu, u64 gaddr);

#endif
