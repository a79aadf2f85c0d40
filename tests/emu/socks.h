/* SPDX-License-Identifier: BSD-2-Clause */
/* socks.h - sockets of all kinds, on the loopback, for tests of what takes their descriptors. */
#ifndef XB_TESTS_EMU_SOCKS_H
#define XB_TESTS_EMU_SOCKS_H

#include "vm/types.h"

enum sock_what { SOCK_NEW, SOCK_BOUND, SOCK_LISTENS, SOCK_CONNECTED, SOCK_ACCEPTED, SOCK_PAIR };

struct sock_kind {
	const char *name;
	int domain, type, protocol;
	enum sock_what what;
	bool reuse; /* SO_REUSEPORT */
};

extern const struct sock_kind sock_kinds[];
extern const u32 sock_kind_cnt;

/* A socket of a kind, and another descriptor that it needs. */
struct sock_pair {
	int fd, other;
	const char *name;
};

/* False where the machine has no such sockets. To be closed in either case. */
bool sock_open(const struct sock_kind *k, struct sock_pair *p);
void sock_close(const struct sock_pair *p);

u64 sock_cookie(int fd);

#endif
