/* SPDX-License-Identifier: BSD-2-Clause */
/* test_helper_string.c - bpf_strtol, bpf_strtoul, bpf_strncmp. */
#include "tests/emu/helper_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Text at the start of RIG_RO, the number to OUT_DATA. */
#define STRTO(FUNC, bytes, flags)                                                                  \
	PROG(XB_LD_MAP_VALUE(1, RIG_RO, 0), XB_MOV64_IMM(2, bytes), XB_LD_IMM64(3, flags),         \
	     XB_ST_MEM(BPF_DW, 10, -8, 0x5555), XB_MOV64_REG(4, 10), XB_ALU64_IMM(BPF_ADD, 4, -8), \
	     XB_CALL(FUNC), XB_LDX_MEM(BPF_DW, 1, 10, -8), XB_STX_MEM(BPF_DW, 7, 1, OUT_DATA))
#define STRTOL(bytes, flags)  STRTO(BPF_FUNC_strtol, bytes, flags)
#define STRTOUL(bytes, flags) STRTO(BPF_FUNC_strtoul, bytes, flags)
#define NUMBER(n)             .out = &(const u64){ (u64)(n) }, .out_bytes = 8
#define TEXT(s)               .ro = s, .ro_bytes = sizeof(s)

static const struct rig_row strtol_rows[] = {
	{ "strtol decimal", STRTOL(2, 10), TEXT("42"), .r0 = 2, NUMBER(42) },
	{ "strtol ends at a letter", STRTOL(8, 10), TEXT("17x45678"), .r0 = 2, NUMBER(17) },
	{ "strtol ends at NUL", STRTOL(8, 10), TEXT("19"), .r0 = 2, NUMBER(19) },
	{ "strtol ends at its size", STRTOL(3, 10), TEXT("12345"), .r0 = 3, NUMBER(123) },
	{ "strtol negative", STRTOL(4, 10), TEXT("-456"), .r0 = 4, NUMBER(-456) },
	{ "strtol blanks", STRTOL(8, 10), TEXT(" \t\n\v\f\r-7"), .r0 = 8, NUMBER(-7) },
	{ "strtol no-break space", STRTOL(2, 10),
	  TEXT("\xa0"
	       "7"),
	  .r0 = 2, NUMBER(7) },
	{ "strtol base 8", STRTOL(4, 8), TEXT("0778"), .r0 = 3, NUMBER(63) },
	{ "strtol base 16", STRTOL(4, 16), TEXT("fFgh"), .r0 = 2, NUMBER(255) },
	{ "strtol base 16 with prefix", STRTOL(5, 16), TEXT("0XfFg"), .r0 = 4, NUMBER(255) },
	{ "strtol base 16, bare prefix", STRTOL(3, 16), TEXT("0xg"), .r0 = -EINVAL, NUMBER(0) },
	{ "strtol base 0 decimal", STRTOL(3, 0), TEXT("123"), .r0 = 3, NUMBER(123) },
	{ "strtol base 0 octal", STRTOL(3, 0), TEXT("017"), .r0 = 3, NUMBER(15) },
	{ "strtol base 0 hex", STRTOL(4, 0), TEXT("0x1f"), .r0 = 4, NUMBER(31) },
	{ "strtol base 0, bare prefix", STRTOL(3, 0), TEXT("0xg"), .r0 = 1, NUMBER(0) },
	{ "strtol base 0, zero", STRTOL(1, 0), TEXT("0"), .r0 = 1, NUMBER(0) },
	{ "strtol base 0, cut prefix", STRTOL(2, 0), TEXT("0x1"), .r0 = 1, NUMBER(0) },
	{ "strtol base 2", STRTOL(2, 2), TEXT("11"), .r0 = -EINVAL, NUMBER(0) },
	{ "strtol base 31", STRTOL(2, 31), TEXT("11"), .r0 = -EINVAL, NUMBER(0) },
	{ "strtol flags", STRTOL(2, 10 | 1 << 5), TEXT("11"), .r0 = -EINVAL, NUMBER(0) },
	{ "strtol high flags", STRTOL(2, 10 | 1ull << 40), TEXT("11"), .r0 = -EINVAL, NUMBER(0) },
	{ "strtol no digits", STRTOL(2, 10), TEXT("ab"), .r0 = -EINVAL, NUMBER(0) },
	{ "strtol blanks only", STRTOL(3, 10), TEXT("   "), .r0 = -EINVAL, NUMBER(0) },
	{ "strtol sign only", STRTOL(1, 10), TEXT("-"), .r0 = -EINVAL, NUMBER(0) },
	{ "strtol sign, blank", STRTOL(3, 10), TEXT("- 1"), .r0 = -EINVAL, NUMBER(0) },
	{ "strtol plus", STRTOL(2, 10), TEXT("+1"), .r0 = -EINVAL, NUMBER(0) },
	{ "strtol two signs", STRTOL(3, 10), TEXT("--1"), .r0 = -EINVAL, NUMBER(0) },
	{ "strtol largest", STRTOL(19, 10), TEXT("9223372036854775807"), .r0 = 19,
	  NUMBER(INT64_MAX) },
	{ "strtol smallest", STRTOL(20, 10), TEXT("-9223372036854775808"), .r0 = 20,
	  NUMBER(INT64_MIN) },
	{ "strtol too large", STRTOL(19, 10), TEXT("9223372036854775808"), .r0 = -ERANGE,
	  NUMBER(0) },
	{ "strtol too small", STRTOL(20, 10), TEXT("-9223372036854775809"), .r0 = -ERANGE,
	  NUMBER(0) },
	{ "strtol minus zero", STRTOL(2, 10), TEXT("-0"), .r0 = 2, NUMBER(0) },
	{ "strtol more than 64 bits", STRTOL(20, 10), TEXT("18446744073709551616"), .r0 = -ERANGE,
	  NUMBER(0) },
	{ "strtol 63 zeros and a one", STRTOL(64, 10),
	  TEXT("0000000000000000000000000000000000000000000000000000000000000001"), .r0 = 63,
	  NUMBER(0) },
	{ "strtol size 0", STRTOL(0, 10), TEXT("1"), .fault = XB_FAULT_BAD_ARGUMENT,
	  .message = "bpf_strtol: argument 2 (size): zero-sized access" },
	{ "strtol size past the value", STRTOL(257, 10), TEXT("1"), .fault = XB_FAULT_OOB_READ },
	{ "strtol to an odd address",
	  PROG(XB_LD_MAP_VALUE(1, RIG_RO, 0), XB_MOV64_IMM(2, 3), XB_MOV64_IMM(3, 10),
	       XB_MOV64_REG(4, 10), XB_ALU64_IMM(BPF_ADD, 4, -13), XB_CALL(BPF_FUNC_strtol),
	       XB_LDX_MEM(BPF_DW, 1, 10, -13), XB_STX_MEM(BPF_DW, 7, 1, OUT_DATA)),
	  TEXT("-42"), .r0 = 3, NUMBER(-42), .refused = "a misaligned result" },
	{ "strtoul decimal", STRTOUL(2, 10), TEXT("42"), .r0 = 2, NUMBER(42) },
	{ "strtoul largest", STRTOUL(20, 10), TEXT("18446744073709551615"), .r0 = 20,
	  NUMBER(UINT64_MAX) },
	{ "strtoul too large", STRTOUL(20, 10), TEXT("18446744073709551616"), .r0 = -ERANGE,
	  NUMBER(0) },
	{ "strtoul much too large", STRTOUL(40, 10),
	  TEXT("9999999999999999999999999999999999999999"), .r0 = -ERANGE, NUMBER(0) },
	{ "strtoul negative", STRTOUL(2, 10), TEXT("-1"), .r0 = -EINVAL, NUMBER(0) },
	{ "strtoul minus zero", STRTOUL(2, 10), TEXT("-0"), .r0 = -EINVAL, NUMBER(0) },
	{ "strtoul base 16", STRTOUL(18, 0), TEXT("0xffffffffffffffff"), .r0 = 18,
	  NUMBER(UINT64_MAX) },
	{ "strtoul base 3", STRTOUL(2, 3), TEXT("11"), .r0 = -EINVAL, NUMBER(0) },
	{ "strtoul no digits", STRTOUL(1, 0), TEXT("x"), .r0 = -EINVAL, NUMBER(0) },
};

/* s1 is 8 bytes of the stack, s2 in RIG_RO. */
#define STRNCMP(s1, bytes)                                                                         \
	PROG(XB_LD_IMM64(1, s1), XB_STX_MEM(BPF_DW, 10, 1, -8), XB_MOV64_REG(1, 10),               \
	     XB_ALU64_IMM(BPF_ADD, 1, -8), XB_MOV64_IMM(2, bytes), XB_LD_MAP_VALUE(3, RIG_RO, 0),  \
	     XB_CALL(BPF_FUNC_strncmp))
#define ABC 0x636261ull

static const struct rig_row strncmp_rows[] = {
	{ "strncmp equal", STRNCMP(ABC, 8), TEXT("abc"), .r0 = 0 },
	{ "strncmp less", STRNCMP(ABC, 8), TEXT("abd"), .r0 = -1 },
	{ "strncmp much less", STRNCMP(ABC, 8), TEXT("zzz"), .r0 = -1 },
	{ "strncmp greater", STRNCMP(ABC, 8), TEXT("abA"), .r0 = 1 },
	{ "strncmp shorter", STRNCMP(ABC, 8), TEXT("abcd"), .r0 = -1 },
	{ "strncmp longer", STRNCMP(ABC, 8), TEXT("ab"), .r0 = 1 },
	{ "strncmp bytes are unsigned", STRNCMP(ABC, 8), TEXT("ab\xff"), .r0 = -1 },
	{ "strncmp up to its size", STRNCMP(ABC, 2), TEXT("abd"), .r0 = 0 },
	{ "strncmp without a NUL", STRNCMP(0x6868686868686868ull, 8), TEXT("hhhhhhhh"), .r0 = 0 },
	{ "strncmp empty", STRNCMP(0ull, 8), TEXT(""), .r0 = 0 },
	{ "strncmp size 0", STRNCMP(ABC, 0), TEXT("abc"), .fault = XB_FAULT_BAD_ARGUMENT },
	{ "strncmp size past the stack", STRNCMP(ABC, 9), TEXT("abc"), .fault = XB_FAULT_OOB_READ,
	  .message = "bpf_strncmp: argument 1 (buffer): 1 byte past the end of stack (512 bytes)" },
};

RIG_TEST(strtol)
RIG_TEST(strncmp)
