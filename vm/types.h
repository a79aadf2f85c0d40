/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * types.h - the integer types and the few macros that every folder shares.
 *
 * Fixed-width integers bear the kernel's short names. __be16 and __be32 mark values in wire order.
 */
#ifndef XB_VM_TYPES_H
#define XB_VM_TYPES_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define XB_LIKELY(x)                __builtin_expect(!!(x), 1)
#define XB_UNLIKELY(x)              __builtin_expect(!!(x), 0)
#define XB_ARRAY_SIZE(a)            (sizeof(a) / sizeof((a)[0]))
#define XB_PRINTF(fmt_idx, arg_idx) __attribute__((format(printf, fmt_idx, arg_idx)))

/*
 * For what reads and writes the guest's memory: programs on several vCPUs may race there, as they
 * do on Linux, and ThreadSanitizer is not to tell of it.
 */
#if defined(__SANITIZE_THREAD__)
#define XB_TSAN    1
#define XB_NO_TSAN __attribute__((no_sanitize_thread))
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define XB_TSAN    1
#define XB_NO_TSAN __attribute__((no_sanitize("thread")))
#endif
#endif
#ifndef XB_NO_TSAN
#define XB_TSAN 0
#define XB_NO_TSAN
#endif

/* The structure that holds `member` at address `ptr`. */
#define XB_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Rounds up to a multiple of `align`, a power of two. Wraps as unsigned arithmetic does. */
static inline u64
xb_align_up(u64 x, u64 align)
{
	return (x + align - 1) & ~(align - 1);
}

#endif
