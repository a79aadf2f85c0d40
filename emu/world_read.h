/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_read.h - a world's JSON, read by tables of keys.
 *
 * Every key of an object has a row. One that is not in the table is an error, and so is a key given
 * twice. Errors name the place: "line 3, column 7: links[0].mtu: expected a number".
 */
#ifndef XB_EMU_WORLD_READ_H
#define XB_EMU_WORLD_READ_H

#include "emu/value.h"
#include "emu/world.h"

#include <stddef.h>
#include <sys/socket.h>

struct world_name {
	const char *name;
	u32 number;
};

/* The implied parts of a family's network that the files say in full. */
struct world_told {
	bool local;     /* there is a route in table local */
	bool connected; /* there is a route that the kernel made, elsewhere */
	bool rules;
};

struct world_reader {
	struct xb_world *w;
	const struct xb_value *root; /* of the tree that is read */
	u8 family;                   /* of routes and rules that do not say; 0: not known */
	struct world_told told[2];   /* IPv4's, IPv6's */
	bool links_given;          /* interfaces come from `links`: `addresses` only adds to them */
	bool lo_implied;           /* no file has a loopback */
	struct world_name *tables; /* names of routing tables; names are owned */
	u32 table_cnt;
	u64 *seen; /* hashes of what may be there once; 0: free */
	u32 seen_cnt, seen_cap;
	struct xb_err *err;
};

/* How a key's value is read. */
enum world_key_kind {
	WORLD_KEY_IGNORED, /* iproute2 prints it, and it means nothing here */
	WORLD_KEY_REFUSED, /* it would mean something, but is not emulated */
	WORLD_KEY_NUMBER,  /* up to max; `bytes` of the field: 1, 2, 4 or 8; also in quotes, as 0x1f
	                    */
	WORLD_KEY_BOOL,    /* true, false; null, which iproute2 prints for true; 0, 1 */
	WORLD_KEY_TEXT,    /* shorter than `bytes` */
	WORLD_KEY_NAME,    /* one of `names`, or a number up to max */
	WORLD_KEY_ADDR,    /* an address, without a prefix */
	WORLD_KEY_PREFIX,  /* an address, alone or with /LENGTH */
	WORLD_KEY_MAC,     /* up to 6 bytes */
	WORLD_KEY_DEV,     /* an interface's name; the field is a u32 with its ifindex */
	WORLD_KEY_CALL,
};

struct world_key {
	const char *name;
	enum world_key_kind kind;
	size_t off, bytes; /* the field in the object's struct */
	u64 max;
	const struct world_name *names; /* up to one without a name */
	int (*read)(struct world_reader *r, const struct xb_value *v, void *to);
};

#define WORLD_FIELD(type, field)                                                                   \
	.off = offsetof(struct type, field), .bytes = sizeof(((struct type *)0)->field)
#define WORLD_NUMBER(nm, type, field, most)                                                        \
	{                                                                                          \
		.name = (nm), .kind = WORLD_KEY_NUMBER, .max = (most), WORLD_FIELD(type, field)    \
	}
#define WORLD_BOOL(nm, type, field)                                                                \
	{                                                                                          \
		.name = (nm), .kind = WORLD_KEY_BOOL, WORLD_FIELD(type, field)                     \
	}
#define WORLD_TEXT(nm, type, field)                                                                \
	{                                                                                          \
		.name = (nm), .kind = WORLD_KEY_TEXT, WORLD_FIELD(type, field)                     \
	}
#define WORLD_NAME(nm, type, field, most, list)                                                    \
	{                                                                                          \
		.name = (nm), .kind = WORLD_KEY_NAME, .max = (most), .names = (list),              \
		WORLD_FIELD(type, field)                                                           \
	}
#define WORLD_ADDR(nm, type, field)                                                                \
	{                                                                                          \
		.name = (nm), .kind = WORLD_KEY_ADDR, WORLD_FIELD(type, field)                     \
	}
#define WORLD_PREFIX(nm, type, field)                                                              \
	{                                                                                          \
		.name = (nm), .kind = WORLD_KEY_PREFIX, WORLD_FIELD(type, field)                   \
	}
#define WORLD_MAC(nm, type, field)                                                                 \
	{                                                                                          \
		.name = (nm), .kind = WORLD_KEY_MAC, WORLD_FIELD(type, field)                      \
	}
#define WORLD_DEV(nm, type, field)                                                                 \
	{                                                                                          \
		.name = (nm), .kind = WORLD_KEY_DEV, WORLD_FIELD(type, field)                      \
	}
#define WORLD_CALL(nm, fn)                                                                         \
	{                                                                                          \
		.name = (nm), .kind = WORLD_KEY_CALL, .read = (fn)                                 \
	}
#define WORLD_IGNORED(nm)                                                                          \
	{                                                                                          \
		.name = (nm)                                                                       \
	}
#define WORLD_REFUSED(nm)                                                                          \
	{                                                                                          \
		.name = (nm), .kind = WORLD_KEY_REFUSED                                            \
	}

/* XB_ERR_FILE with the place of v in front. Returns -1. */
int world_fail(const struct world_reader *r, const struct xb_value *v, const char *fmt, ...)
        XB_PRINTF(3, 4);

/* Reads one member of an object by its row; -1 where it has none. */
int world_member(struct world_reader *r, const struct xb_value *m, const struct world_key *keys,
                 size_t key_cnt, void *to);

/*
 * Reads the members of an object into `to`. -1 where v is no object, or a key that is not ignored
 * comes twice.
 */
int world_object(struct world_reader *r, const struct xb_value *v, const struct world_key *keys,
                 size_t key_cnt, void *to);

/* -1 where v is no array, or fn is not 0 for one of its values; {} are left out. */
int world_each(struct world_reader *r, const struct xb_value *v,
               int (*fn)(struct world_reader *r, const struct xb_value *v));

/* -1 where there is no such member. */
int world_require(const struct world_reader *r, const struct xb_value *object, const char *key);

int world_number(const struct world_reader *r, const struct xb_value *v, u64 max, u64 *number);
int world_bool(const struct world_reader *r, const struct xb_value *v, bool *truth);
int world_text(const struct world_reader *r, const struct xb_value *v, char *to, size_t bytes);

/* A name, or a number up to max. */
int world_named(const struct world_reader *r, const struct xb_value *v,
                const struct world_name *names, u64 max, u32 *number);

/* "inet", "inet6"; "global", "link", ...; the group of interfaces that has a name, "default" */
extern const struct world_name world_families[], world_scopes[], world_groups[];

/* The row of a name, or NULL. */
const struct world_name *world_find_name(const struct world_name *names, const char *name);

/* An address; with a prefix where `prefix`. Without one, `to->prefix` is all of its bits. */
int world_address(const struct world_reader *r, const struct xb_value *v, bool prefix,
                  struct xb_world_addr *to);

/* The same from text; false where it is none. */
bool world_address_text(const char *text, bool prefix, struct xb_world_addr *to);

/* How many bits an address of a family has. */
static inline u8
world_family_bits(u8 family)
{
	return family == AF_INET ? 32 : 128;
}

/* Clears the bits behind the prefix. */
void world_mask(struct xb_world_addr *a);

int world_mac(const struct world_reader *r, const struct xb_value *v, u8 mac[6]);

/* A DS field: "0x10", or a name of /etc/iproute2/rt_dsfield as it is delivered. */
int world_dsfield(const struct world_reader *r, const struct xb_value *v, u8 *tos);

/* The ifindex of an interface that there is. */
int world_dev(const struct world_reader *r, const struct xb_value *v, u32 *ifindex);

/* A new last element of an array of the world's, zeroed. NULL where there is no memory. */
void *world_add(struct world_reader *r, void *array, u32 *cnt, size_t bytes);

/*
 * Whether this was asked about before; `what` keeps kinds of things apart. -1: no memory.
 */
int world_seen(struct world_reader *r, const char *what, const void *key, size_t bytes);

#endif
