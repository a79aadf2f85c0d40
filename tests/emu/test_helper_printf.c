/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_helper_printf.c - format strings: bpf_snprintf's text against the kernel's,
 * bpf_trace_vprintk's results, what bpf_trace_printk hands on.
 *
 * The verifier checks bpf_snprintf's format, so a bad one is refused by the kernel; here it is
 * -EINVAL.
 */
#include "tests/emu/helper_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/*
 * Arguments: up to four on the stack. 16 bytes for addresses and strings are at R10-64, and R8 is
 * there.
 */
#define ARG_OFF              -32
#define SET_ARG(n, v)        XB_LD_IMM64(1, v), XB_STX_MEM(BPF_DW, 10, 1, ARG_OFF + 8 * (n))
#define SET_ARGS(a, b, c, d) SET_ARG(0, a), SET_ARG(1, b), SET_ARG(2, c), SET_ARG(3, d)
#define SET_TEXT(lo, hi)                                                                           \
	XB_LD_IMM64(1, lo), XB_STX_MEM(BPF_DW, 10, 1, -64), XB_LD_IMM64(1, hi),                    \
	        XB_STX_MEM(BPF_DW, 10, 1, -56), XB_MOV64_REG(8, 10), XB_ALU64_IMM(BPF_ADD, 8, -64)
/* bpf_snprintf(out, size, RIG_RO, args, bytes) */
#define CALL_SNPRINTF(size, arg_bytes)                                                             \
	XB_MOV64_REG(1, 7), XB_ALU64_IMM(BPF_ADD, 1, OUT_DATA), XB_MOV64_IMM(2, size),             \
	        XB_LD_MAP_VALUE(3, RIG_RO, 0), XB_MOV64_REG(4, 10),                                \
	        XB_ALU64_IMM(BPF_ADD, 4, ARG_OFF), XB_MOV64_IMM(5, arg_bytes),                     \
	        XB_CALL(BPF_FUNC_snprintf)

#define SIZE              256
#define ARGS4(a, b, c, d) PROG(SET_ARGS(a, b, c, d), CALL_SNPRINTF(SIZE, 32))
#define ARG1(a)           PROG(SET_ARG(0, a), CALL_SNPRINTF(SIZE, 8))
#define ARG0()            PROG(SET_ARG(0, 0ull), CALL_SNPRINTF(SIZE, 0))
/* One argument: the address of 16 bytes. */
#define POINTER(lo, hi)                                                                            \
	PROG(SET_TEXT(lo, hi), XB_STX_MEM(BPF_DW, 10, 8, ARG_OFF), CALL_SNPRINTF(SIZE, 8))
/* A good row: format, text. */
#define TEXT(f, text) .ro = f, .out = text, .r0 = sizeof(text)
#define BAD(f)        .ro = f, .r0 = -EINVAL, .refused = "the format"

static const struct rig_row number_rows[] = {
	{ "plain", ARG0(), TEXT("hello", "hello") },
	{ "empty", ARG0(), TEXT("", "") },
	{ "percent", ARG0(), TEXT("100%%!", "100%!") },
	{ "blanks", ARG0(), TEXT("a\tb\nc", "a\tb\nc") },
	{ "UTF-8", ARG0(), TEXT("\xc3\xa9", "\xc3\xa9"), .since = KERNEL(6, 18) },
	{ "UTF-8 after a percent", ARG1(1ull), BAD("%\xc3\xa9") },
	{ "UTF-8 after a width", ARG1(1ull), BAD("%5\xc3\xa9") },
	{ "control byte", ARG0(), BAD("a\x01") },
	{ "delete", ARG0(), BAD("a\x7f") },
	{ "more arguments than fields", ARGS4(1ull, 2ull, 3ull, 4ull), TEXT("%d", "1") },
	{ "d i u x", ARGS4(-1ull, 5ull, -1ull, 0xabcdefull),
	  TEXT("%d %i %u %x", "-1 5 4294967295 abcdef") },
	{ "X", ARG1(0xdeadbeefull), TEXT("%X", "DEADBEEF") },
	{ "32 bits of 64", ARGS4(0x1ffffffffull, 0x180000000ull, 0x1ffffffffull, 0x1ffffffffull),
	  TEXT("%d %d %u %x", "-1 -2147483648 4294967295 ffffffff") },
	{ "l", ARGS4(-1ull, -1ull, 0x123456789abcull, 1ull),
	  TEXT("%ld %lu %lx %li", "-1 18446744073709551615 123456789abc 1") },
	{ "ll", ARGS4(1ull << 63, -1ull, 0xabcdefabcdefull, 1ull),
	  TEXT("%lld %llu %llX %lli", "-9223372036854775808 18446744073709551615 ABCDEFABCDEF 1") },
	{ "width", ARGS4(42ull, 42ull, 42ull, 42ull),
	  TEXT("%5d|%05d|%-5d|%2x|", "   42|00042|42   |2a|") },
	{ "width too small", ARG1(12345ull), TEXT("%3d", "12345") },
	{ "sign", ARGS4(7ull, -7ull, 7ull, -7ull), TEXT("%+d %+d % d % d", "+7 -7  7 -7") },
	{ "sign and width", ARGS4(7ull, -7ull, 7ull, 7ull),
	  TEXT("%+5d|%05d|%+-5d|%+05d", "   +7|-0007|+7   |+0007") },
	{ "left and zero", ARGS4(7ull, 7ull, 7ull, 7ull),
	  TEXT("%-05d|%0-5d|% -5d|%- 05x|", "7    |7    | 7   |7    |") },
	{ "plus with blank", ARGS4(7ull, 7ull, 7ull, 7ull),
	  TEXT("%+ d|% +d|%+u|% x", "+7|+7|7|7") },
	{ "repeated flags", ARG1(7ull), TEXT("%00005d", "00007") },
	{ "zero", ARGS4(0ull, 0ull, 0ull, 0ull), TEXT("%d%u%x%lld", "0000") },
	{ "c", ARGS4(0x41ull, 0x142ull, 0x43ull, 0x44ull), TEXT("%c%c%c%c", "ABCD") },
	{ "c with width", ARGS4(0x41ull, 0x42ull, 0x43ull, 0x44ull),
	  TEXT("%3c|%-3c|%03c|%1c", "  A|B  |  C|D") },
	{ "c then number", ARGS4(0x41ull, 77ull, 0x42ull, 78ull), TEXT("%c%d%c%lld", "A77B78") },
	{ "no argument left", ARG0(), BAD("%d") },
	{ "two fields, one argument", ARG1(1ull), BAD("%d %d") },
	{ "percent at the end", ARG1(1ull), BAD("%") },
	{ "width at the end", ARG1(1ull), BAD("%5") },
	{ "o", ARG1(1ull), BAD("%o") },
	{ "n", ARG1(1ull), BAD("%n") },
	{ "f", ARG1(1ull), BAD("%f") },
	{ "hd", ARG1(1ull), BAD("%hd") },
	{ "zd", ARG1(1ull), BAD("%zd") },
	{ "lld with a third l", ARG1(1ull), BAD("%llld") },
	{ "ls", ARG1(1ull), BAD("%ls") },
	{ "precision", ARG1(1ull), BAD("%.3d") },
	{ "hash", ARG1(1ull), BAD("%#x") },
	{ "star", ARG1(1ull), BAD("%*d") },
	{ "blank, percent", ARG1(1ull), BAD("% %") },
	{ "width, percent", ARG1(1ull), BAD("%5%") },
};

#define HELLO 0x6f6c6c6568ull
#define IP4   0x0100000aull /* 10.0.0.1 */
#define IP6LO 0x00000000b80d0120ull
#define IP6HI 0x0100000000000000ull

static const struct rig_row pointer_rows[] = {
	{ "s", POINTER(HELLO, 0ull), TEXT("<%s>", "<hello>") },
	{ "s with width", POINTER(HELLO, 0ull), TEXT("%10s|", "     hello|") },
	{ "s left", POINTER(HELLO, 0ull), TEXT("%-10s|", "hello     |") },
	{ "s with zeros", POINTER(HELLO, 0ull), TEXT("%010s|", "     hello|") },
	{ "s null", ARG1(0ull), TEXT("<%s>", "<>") },
	{ "s small number", ARG1(64ull), TEXT("<%s>", "<>") },
	{ "s then punctuation", POINTER(HELLO, 0ull), TEXT("%s,", "hello,") },
	{ "s then letter", POINTER(HELLO, 0ull), BAD("%sa") },
	{ "s then a letter of Latin-1", POINTER(HELLO, 0ull), BAD("%s\xc3") },
	{ "s then a dot of Latin-1", POINTER(HELLO, 0ull), TEXT("%s\xb7", "hello\xb7"),
	  .since = KERNEL(6, 18) },
	{ "s then a blank of Latin-1", POINTER(HELLO, 0ull), TEXT("%s\xa0", "hello\xa0"),
	  .since = KERNEL(6, 18) },
	{ "s then a control of Latin-1", POINTER(HELLO, 0ull), BAD("%s\x85") },
	{ "px and letters of Latin-1", ARG1(0xabcull), TEXT("%px\xc3\xd7", "0000000000000abc\xd7"),
	  .since = KERNEL(6, 18) },
	{ "s then digit", POINTER(HELLO, 0ull), BAD("%s1") },
	{ "pks", POINTER(HELLO, 0ull), TEXT("<%pks>", "<hello>") },
	{ "pks ignores its width", POINTER(HELLO, 0ull), TEXT("<%10pks>", "<hello>") },
	{ "pks then letter", POINTER(HELLO, 0ull), BAD("%pksa") },
	{ "pus of a kernel address", POINTER(HELLO, 0ull), TEXT("<%pus>", "<>") },
	{ "px", ARG1(0xabcull), TEXT("%px", "0000000000000abc") },
	{ "px with width", ARG1(0xabcull), TEXT("%5px|", "  abc|") },
	{ "px left", ARG1(0xabcull), TEXT("%-5px|", "abc  |") },
	{ "px zero width", ARG1(0xabcull), TEXT("%06px|", "000abc|") },
	{ "px and letters", ARG1(0xabcull), TEXT("%pxyz9,", "0000000000000abc,") },
	{ "px null", ARG1(0ull), TEXT("%px", "0000000000000000") },
	{ "p null", ARG1(0ull), TEXT("%p", "0000000000000000") },
	{ "p error", ARG1((u64)-22), TEXT("%p.", "ffffffffffffffea.") },
	{ "pK null", ARG1(0ull), TEXT("%pK", "0000000000000000") },
	{ "pS of no symbol", ARG1(0x123ull), TEXT("%pS", "0x123") },
	{ "ps of no symbol", ARG1(0x123ull), TEXT("<%8ps>", "<   0x123>") },
	{ "pB of no symbol", ARG1(0x123ull), TEXT("<%pB>", "<0x123>") },
	{ "pI4", POINTER(IP4, 0ull), TEXT("%pI4", "10.0.0.1") },
	{ "pi4", POINTER(IP4, 0ull), TEXT("%pi4", "010.000.000.001") },
	{ "pI4 of ones", POINTER(-1ull, 0ull), TEXT("%pI4", "255.255.255.255") },
	{ "pI6", POINTER(IP6LO, IP6HI), TEXT("%pI6", "2001:0db8:0000:0000:0000:0000:0000:0001") },
	{ "pi6", POINTER(IP6LO, IP6HI), TEXT("%pi6", "20010db8000000000000000000000001") },
	{ "pI6c is no form of its own", POINTER(IP6LO, IP6HI),
	  TEXT("%pI6c.", "2001:0db8:0000:0000:0000:0000:0000:0001.") },
	{ "pI4 ignores its width", POINTER(IP4, 0ull), TEXT("<%20pI4>", "<10.0.0.1>") },
	{ "pI4 of null", ARG1(0ull), TEXT("%pI4", "0.0.0.0") },
	{ "pI6 of null", ARG1(0ull), TEXT("%pI6", "0000:0000:0000:0000:0000:0000:0000:0000") },
	{ "pI", POINTER(IP4, 0ull), BAD("%pI") },
	{ "pI5", POINTER(IP4, 0ull), BAD("%pI5") },
	{ "pM", POINTER(IP4, 0ull), BAD("%pM") },
	{ "pk", POINTER(IP4, 0ull), BAD("%pk") },
	{ "pu", POINTER(IP4, 0ull), BAD("%pud") },
	{ "pe", POINTER(IP4, 0ull), BAD("%pe") },
	{ "px2", POINTER(IP4, 0ull), BAD("%p2") },
};

/* bpf_snprintf with odd arguments; R0 and the start of the output. */
#define SNPRINTF(size, arg_bytes)                                                                  \
	PROG(SET_ARGS(1ull, 2ull, 3ull, 4ull), CALL_SNPRINTF(size, arg_bytes))
#define NULL_OUT(size)                                                                             \
	PROG(XB_MOV64_IMM(1, 0), XB_MOV64_IMM(2, size), XB_LD_MAP_VALUE(3, RIG_RO, 0),             \
	     XB_MOV64_IMM(4, 0), XB_MOV64_IMM(5, 0), XB_CALL(BPF_FUNC_snprintf))

static const struct rig_row size_rows[] = {
	{ "cut", SNPRINTF(4, 0), .ro = "hello", .r0 = 6, .out = "hel" },
	{ "just fits", SNPRINTF(6, 0), .ro = "hello", .r0 = 6, .out = "hello" },
	{ "NUL cut off", SNPRINTF(5, 0), .ro = "hello", .r0 = 6, .out = "hell" },
	{ "one byte", SNPRINTF(1, 0), .ro = "hello", .r0 = 6, .out = "" },
	{ "cut in a number", SNPRINTF(3, 8), .ro = "%05d", .r0 = 6, .out = "00" },
	{ "cut in blanks", SNPRINTF(3, 8), .ro = "%-5d|", .r0 = 7, .out = "1 " },
	{ "no room, no output", NULL_OUT(0), .ro = "hello", .r0 = 6 },
	{ "null output with a size", NULL_OUT(8), .ro = "hello", .fault = XB_FAULT_NULL_POINTER },
	{ "argument bytes of 12", SNPRINTF(8, 12), .ro = "%d", .r0 = -EINVAL,
	  .refused = "the size" },
	{ "argument bytes past the stack", SNPRINTF(8, 40), .ro = "%d",
	  .fault = XB_FAULT_OOB_READ },
	{ "wide", SNPRINTF(SIZE, 8), .ro = "%100000d", .r0 = 100001, .out = "        ",
	  .out_bytes = 8 },
	{ "format within the output",
	  PROG(XB_LD_IMM64(1, 0x0067666564636261ull), XB_STX_MEM(BPF_DW, 7, 1, OUT_DATA + 1),
	       XB_MOV64_REG(1, 7), XB_ALU64_IMM(BPF_ADD, 1, OUT_DATA), XB_MOV64_IMM(2, 16),
	       XB_MOV64_REG(3, 1), XB_ALU64_IMM(BPF_ADD, 3, 1), XB_MOV64_IMM(4, 0),
	       XB_MOV64_IMM(5, 0), XB_CALL(BPF_FUNC_snprintf)),
	  .r0 = 8, .out = "abcdefg", .refused = "a format that can be written" },
	{ "output past its value", SNPRINTF(OUT_BYTES, 0), .ro = "x", .fault = XB_FAULT_OOB_WRITE,
	  .message = "bpf_snprintf: argument 1 (buffer): 1 byte past the end of value of map "
	             "'' (1024 bytes)" },
};

/* bpf_trace_vprintk and bpf_trace_printk: formats are checked when they run. */
#define VPRINTK(fmt_bytes, arg_bytes)                                                              \
	PROG(SET_ARGS(1ull, 2ull, 3ull, 4ull), XB_LD_MAP_VALUE(1, RIG_RO, 0),                      \
	     XB_MOV64_IMM(2, fmt_bytes), XB_MOV64_REG(3, 10), XB_ALU64_IMM(BPF_ADD, 3, ARG_OFF),   \
	     XB_MOV64_IMM(4, arg_bytes), XB_CALL(BPF_FUNC_trace_vprintk))
#define PRINTK(fmt_bytes)                                                                          \
	PROG(XB_LD_MAP_VALUE(1, RIG_RO, 0), XB_MOV64_IMM(2, fmt_bytes), XB_MOV64_IMM(3, 11),       \
	     XB_MOV64_IMM(4, 22), XB_MOV64_IMM(5, 33), XB_CALL(BPF_FUNC_trace_printk))

static const struct rig_row trace_rows[] = {
	{ "printk", PRINTK(32), .ro = "%d %d %d", .r0 = 8 },
	{ "printk with a newline", PRINTK(32), .ro = "a\n", .r0 = 2 },
	{ "printk empty", PRINTK(32), .ro = "", .r0 = 0 },
	{ "printk without a NUL", PRINTK(3), .ro = "abc", .r0 = -EINVAL },
	{ "printk with just its NUL", PRINTK(4), .ro = "abc", .r0 = 3 },
	{ "printk of four fields", PRINTK(32), .ro = "%d %d %d %d", .r0 = -EINVAL },
	{ "printk of a bad field", PRINTK(32), .ro = "%o", .r0 = -EINVAL },
	{ "printk of UTF-8", PRINTK(32), .ro = "\xc3\xa9", .r0 = 2, .since = KERNEL(6, 18) },
	{ "printk wider than its buffer", PRINTK(32), .ro = "%2000d", .r0 = 2000 },
	{ "printk size 0", PRINTK(0), .ro = "a", .fault = XB_FAULT_BAD_ARGUMENT },
	{ "vprintk", VPRINTK(32, 32), .ro = "%d %d %d %d", .r0 = 7 },
	{ "vprintk without arguments", VPRINTK(32, 0), .ro = "abc", .r0 = 3 },
	{ "vprintk of too few arguments", VPRINTK(32, 24), .ro = "%d %d %d %d", .r0 = -EINVAL },
	{ "vprintk of 12 bytes", VPRINTK(32, 12), .ro = "%d", .r0 = -EINVAL },
	{ "vprintk without a NUL", VPRINTK(2, 8), .ro = "%d", .r0 = -EINVAL },
};

/* 13 arguments; strings that fill the room Linux has for them. */
#define STR_ARGS(n)                                                                                \
	PROG(XB_LD_MAP_VALUE(8, RIG_RO, 64), XB_MOV64_REG(9, 10), XB_ALU64_IMM(BPF_ADD, 9, -104),  \
	     XB_STX_MEM(BPF_DW, 9, 8, 0), XB_STX_MEM(BPF_DW, 9, 8, 8),                             \
	     XB_STX_MEM(BPF_DW, 9, 8, 16), XB_STX_MEM(BPF_DW, 9, 8, 24),                           \
	     XB_STX_MEM(BPF_DW, 9, 8, 32), XB_STX_MEM(BPF_DW, 9, 8, 40),                           \
	     XB_STX_MEM(BPF_DW, 9, 8, 48), XB_STX_MEM(BPF_DW, 9, 8, 56),                           \
	     XB_STX_MEM(BPF_DW, 9, 8, 64), XB_STX_MEM(BPF_DW, 9, 8, 72),                           \
	     XB_STX_MEM(BPF_DW, 9, 8, 80), XB_STX_MEM(BPF_DW, 9, 8, 88),                           \
	     XB_STX_MEM(BPF_DW, 9, 8, 96), XB_LD_MAP_VALUE(1, RIG_RO, 0), XB_MOV64_IMM(2, 64),     \
	     XB_MOV64_REG(3, 9), XB_MOV64_IMM(4, (n)*8), XB_CALL(BPF_FUNC_trace_vprintk))
#define LONG_STR(f)                                                                                \
	.ro = &(const struct long_str){ f, "123456789 123456789 123456789 123456789 123456789 "    \
		                           "123456789 123456789 123456789 123456789 123456789" },  \
	.ro_bytes = sizeof(struct long_str)

struct long_str {
	char fmt[64], text[120];
};

static const struct rig_row room_rows[] = {
	{ "13 arguments", STR_ARGS(13), LONG_STR("%d"), .r0 = -EINVAL },
	{ "12 arguments", STR_ARGS(12), LONG_STR("x"), .r0 = 1 },
	{ "5 strings of 99", STR_ARGS(5), LONG_STR("%s%s%s%s%s"), .r0 = 495 },
	{ "a sixth is cut to 11", STR_ARGS(6), LONG_STR("%s%s%s%s%s%s"), .r0 = 506 },
	{ "a seventh has no room", STR_ARGS(7), LONG_STR("%s%s%s%s%s%s%s"), .r0 = -ENOSPC },
	{ "a number has no room", STR_ARGS(7), LONG_STR("%s%s%s%s%s%s%d"), .r0 = -ENOSPC },
	{ "a letter has no room", STR_ARGS(7), LONG_STR("%s%s%s%s%s%s%c"), .r0 = -ENOSPC },
	{ "an address is cut", STR_ARGS(6), LONG_STR("%s%s%s%s%s%pI4"), .r0 = 506 },
	{ "an address has no room", STR_ARGS(6), LONG_STR("%s%s%s%s%s%pI6"), .r0 = -ENOSPC },
};

RIG_TEST(number)
RIG_TEST(pointer)
RIG_TEST(size)
RIG_TEST(trace)
RIG_TEST(room)

/*
 * Random formats of the parts that fields are made of; what the kernel refuses is an error here.
 * Either all arguments are numbers, or all are addresses, which no part shows.
 */
static const char *const number_parts[] = {
	"%",   "d",    "i",   "u",    "x",    "X",    "ld",   "lld",   "llu",  "lx",  "llX",
	"c",   "s",    "pK",  "px",   "pI4",  "pi4",  "pI6",  "pi6",   "pks",  "pus", "pS",
	"ps",  "pB",   "5",   "05",   "-9",   "+",    " ",    "-",     "0",    ".",   "a",
	"Z",   "\n",   "%%",  "\xc3", "\xa9", "%d",   "%x",   "%5d",   "%lld", "%c",  "%08x",
	"%px", "%pI4", "%+d", "% d",  "%X",   "%llu", "%-5u", "%+05d", "%3c",  "%s",  "%-20pS",
};
static const char *const address_parts[] = {
	"%s",  "%pks", "%pI4", "%pi4", "%pI6", "%pi6", "%pus", "%-9s", "%12s", "%09s",
	"%pI", "pks",  "s",    "%",    " ",    ",",    "a",    "%%",   "\xb7", "%20pI4",
};

static void
make_format(char *fmt, const char *const *parts, u32 part_cnt, u64 *random)
{
	u32 cnt = rig_random(random) % 9 + 1;

	fmt[0] = 0;
	for (u32 i = 0; i < cnt; i++)
		strcat(fmt, parts[rig_random(random) % part_cnt]);
}

/* What a kernel hashes with a secret: %p and %pK of numbers that are no errors. */
static bool
is_secret(const char *fmt)
{
	for (const char *p = strchr(fmt, 'p'); p; p = strchr(p + 1, 'p')) {
		if (p[1] == 0 || !strchr("xIiksuSB", p[1]))
			return true;
	}
	return false;
}

static void
compare_row(struct rig *emu, struct rig *kernel, const struct rig_row *row)
{
	struct rig_result a, b;
	s64 r0;

	rig_run_row(emu, row, &a);
	rig_run_row(kernel, row, &b);
	memcpy(&r0, a.out, sizeof(r0));
	if (b.refused ? r0 != -EINVAL : memcmp(a.out, b.out, sizeof(a.out)) != 0)
		fail_msg("\"%s\": %lld \"%s\", the kernel's \"%s\"%s", (const char *)row->ro,
		         (long long)r0, (char *)a.out + OUT_DATA, (char *)b.out + OUT_DATA,
		         b.refused ? ", refused" : "");
}

static void
compare_formats(struct rig *emu, struct rig *kernel, u64 *random)
{
	static const u64 numbers[] = { 0, 1, -1ull, 1ull << 31, 1ull << 63, 0x41, 0xffffffff };
	u64 number = numbers[rig_random(random) % XB_ARRAY_SIZE(numbers)];
	char fmt[128];
	const struct rig_row of_numbers = { "numbers", ARGS4(number, -number, number + 1, 7ull),
		                            .ro = fmt };
	const struct rig_row of_addresses = {
		"addresses",
		PROG(SET_TEXT(HELLO, 0ull), XB_STX_MEM(BPF_DW, 10, 8, ARG_OFF),
		     XB_STX_MEM(BPF_DW, 10, 8, ARG_OFF + 8),
		     XB_STX_MEM(BPF_DW, 10, 8, ARG_OFF + 16),
		     XB_STX_MEM(BPF_DW, 10, 8, ARG_OFF + 24), CALL_SNPRINTF(SIZE, 32)),
		.ro = fmt,
	};

	make_format(fmt, number_parts, XB_ARRAY_SIZE(number_parts), random);
	if (!is_secret(fmt))
		compare_row(emu, kernel, &of_numbers);
	make_format(fmt, address_parts, XB_ARRAY_SIZE(address_parts), random);
	if (!is_secret(fmt))
		compare_row(emu, kernel, &of_addresses);
}

void test_helper_formats(void **state);

void
test_helper_formats(void **state)
{
	struct rig *emu = rig_open(false), *kernel = rig_open(true);
	u64 random = 0x2545f4914f6cdd1dull;

	(void)state;
	for (u32 i = 0; kernel && rig_kernel() >= KERNEL(6, 18) && i < 1000; i++)
		compare_formats(emu, kernel, &random);
	if (kernel)
		rig_close(kernel);
	rig_close(emu);
}
