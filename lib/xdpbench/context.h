/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * context.h - contexts: what a program finds when it starts, as JSON text, read and written.
 *
 *   {"name": "...", "type": "xdp_md", "ctx": {"packet": "<base64>", "ingress_ifidx": 3}}
 *
 * A context is read once, and not changed by what is run with it: it can be put into many
 * processes. Reading it touches none. The types that there are: xdp_md, sk_buff, generic, captured;
 * docs/contexts.md has all of their keys. A registry may have more.
 */
#ifndef XDPBENCH_CONTEXT_H
#define XDPBENCH_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct xb_context;
struct xb_context_registry;
struct xb_err; /* of xdpbench/err.h */
struct xb_process;

/*
 * A type of contexts of one's own. `state` is what read() returned; a context, and with it the
 * state, may be loaded into several processes, one after the other or at once.
 */
struct xb_context_type {
	size_t size;      /* sizeof(struct xb_context_type) */
	const char *name; /* as "type" has it */
	/*
	 * Reads what "ctx" is: JSON text of `bytes`, well-formed, without a key twice, and valid
	 * during the call. NULL and err where it is not as it should be.
	 */
	void *(*read)(const char *json, size_t bytes, struct xb_err *err);
	/*
	 * Puts it into a process that is not running: maps memory, sets registers, which are 0
	 * before. R1 then is what helpers take for the context. *loaded is kept for cleanup(). -1
	 * and err where it cannot, and nothing is left behind: cleanup() is not called.
	 */
	int (*load)(void *state, struct xb_process *process, void **loaded, struct xb_err *err);
	/* Takes back what load() did; or NULL. */
	void (*cleanup)(void *state, struct xb_process *process, void *loaded);
	/*
	 * The JSON text of "ctx", from malloc(). `process` is NULL, or the one whose context is
	 * asked for as it is now, with its `loaded`. NULL and err. Or NULL: it cannot be written.
	 */
	char *(*write)(void *state, struct xb_process *process, void *loaded, struct xb_err *err);
	void (*free)(void *state); /* or NULL */
};

/* One with the types that are built in. NULL and err where there is no memory. */
struct xb_context_registry *xb_context_registry_new(struct xb_err *err);

/* After all contexts that were read with it. NULL is allowed. */
void xb_context_registry_free(struct xb_context_registry *registry);

/*
 * Adds a type; it is copied, but its name is kept. -1 and err where it has no name or read(), or
 * there is one of that name already, or no memory.
 */
int xb_context_register(struct xb_context_registry *registry, const struct xb_context_type *type,
                        struct xb_err *err);

/*
 * Reads a context from `bytes` of text; registry may be NULL: the types that are built in. Strict:
 * unknown keys, keys given twice, numbers out of range, text after the end and all else that does
 * not fit are errors, with their place: "line 3, column 7: ctx.sock.srcPort: out of range". NULL
 * and err, of kind XB_ERR_FILE, or XB_ERR_SYSTEM where there is no memory.
 */
struct xb_context *xb_context_parse(const struct xb_context_registry *registry, const char *json,
                                    size_t bytes, struct xb_err *err);

/* NULL is allowed. */
void xb_context_free(struct xb_context *context);

/* Its "name", "" where it has none; and its "type". Valid as long as the context. */
const char *xb_context_name(const struct xb_context *context);
const char *xb_context_type(const struct xb_context *context);

/* The "subContext" of a captured context; NULL where it has none, and of all others. */
const struct xb_context *xb_context_sub(const struct xb_context *context);

/*
 * What a generic context says to an emulator under a key of "emulator": JSON text, NUL-terminated,
 * valid as long as the context; NULL where it does not.
 */
const char *xb_context_emulator_value(const struct xb_context *context, const char *key);

/*
 * The context as JSON text, which xb_context_parse() reads: NUL-terminated, freed by the caller
 * with free(). *bytes, where it is not NULL, does not count the NUL. NULL and err where its type
 * cannot be written, or there is no memory.
 */
char *xb_context_print(const struct xb_context *context, size_t *bytes, struct xb_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
