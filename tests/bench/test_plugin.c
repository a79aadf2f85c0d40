/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_plugin.c - xdpbench-plugin as scripts use it: options, ELF files of clang's, wrong input.
 */
#include "tests/bench/cli.h"

#define SAID(text) "xdpbench-plugin: " text "\n"
/* Programs: R0 = 7; what the memory begins with, a byte and 8; R2; endless. */
#define SEVEN   "b7 00 00 00 07 00 00 00 95 00 00 00 00 00 00 00"
#define BYTE    "71 10 00 00 00 00 00 00 95 00 00 00 00 00 00 00"
#define EIGHT   "79 10 00 00 00 00 00 00 95 00 00 00 00 00 00 00"
#define LENGTH  "bf 20 00 00 00 00 00 00 95 00 00 00 00 00 00 00"
#define ENDLESS "05 00 ff ff 00 00 00 00"
/* Loads the packet's length through an xdp_md. */
#define PACKET                                                                                     \
	"61 10 04 00 00 00 00 00 61 11 00 00 00 00 00 00 1f 10 00 00 00 00 00 00 "                 \
	"95 00 00 00 00 00 00 00"
/* r0 = bpf_get_smp_processor_id(); and bpf_xdp_adjust_head(r1, -4). */
#define CPU           "85 00 00 00 08 00 00 00 95 00 00 00 00 00 00 00"
#define ADJUST        "b7 02 00 00 fc ff ff ff 85 00 00 00 2c 00 00 00 95 00 00 00 00 00 00 00"
#define GIVE(program) "echo '" program "' | $X "
#define HEX(file)     "od -An -v -tx1 $B/" file " | tr -d '\\n' "
#define ELF(file)     HEX(file) "| $X --elf "
/* What the kernel gives; or `out`, where bpf(2) is not permitted, and says so. */
#define KERNEL(command, out)                                                                       \
	command " --engine kernel >k 2>&1; grep -q CAP_BPF k && printf '" out "' || cat k", 0,     \
	        NULL, out

static const struct cli_row rows[] = {
	/* What is given, and how. */
	{ "no memory", GIVE(SEVEN), 0, NULL, "7\n" },
	{ "empty memory", GIVE(LENGTH) "''", 0, NULL, "0\n" },
	{ "memory", GIVE(BYTE) "'2a'", 0, NULL, "2a\n" },
	{ "memory, as the runner writes it", GIVE(EIGHT) "'01  02  03  04  05  06  07  08  '", 0,
	  NULL, "807060504030201\n" },
	{ "memory without blanks", GIVE(LENGTH) "0102030405", 0, NULL, "5\n" },
	{ "capital digits", GIVE(BYTE) "'FE'", 0, NULL, "fe\n" },
	{ "memory behind options", GIVE(BYTE) "--engine interp 2a", 0, NULL, "2a\n" },
	{ "empty arguments", GIVE(BYTE) "'' 2a '' --engine=auto ''", 0, NULL, "2a\n" },
	{ "program without blanks", "echo b70000000700000095000000000000 00 | $X", 0, NULL, "7\n" },
	{ "program without a line's end", "printf '" SEVEN "' | $X", 0, NULL, "7\n" },
	{ "program as an option", "$X --program '" SEVEN "'", 0, NULL, "7\n" },
	{ "program as an option, and memory", "$X --program='" BYTE "' '11 22'", 0, NULL, "11\n" },
	{ "program as an option, not asked for", "echo zz | $X --program '" SEVEN "'", 0, NULL,
	  "7\n" },
	{ "one line alone", "printf '" SEVEN "\\nzz\\n' | $X", 0, NULL, "7\n" },
	{ "line of DOS", "printf '" SEVEN "\\r\\n' | $X", 0, NULL, "7\n" },
	{ "help", "$X --help", 0, NULL, "usage: xdpbench-plugin *--xdp_prolog*--engine*" },
	{ "version", "$X --version", 0, NULL, "xdpbench-plugin [0-9]*\n" },
	{ "debug", GIVE(SEVEN) "--debug", 0, "   0: r0 = 7\n   1: exit\n", "7\n" },

	/* Packets. */
	{ "packet, told", GIVE(PACKET) "'01 02 03' --xdp_prolog", 0, NULL, "3\n" },
	{ "packet, the other spelling", GIVE(PACKET) "'01 02 03' --xdp-prolog", 0, NULL, "3\n" },
	{ "no packet, told", GIVE(PACKET) "--xdp_prolog", 0, NULL, "0\n" },
	{ "packet, not told", GIVE(PACKET) "'01 02 03 04 05 06 07 08'", 0, NULL, "4040404\n" },
	{ "context is for reading",
	  GIVE("72 01 00 00 01 00 00 00 95 00 00 00 00 00 00 00") "--xdp_prolog", 1,
	  SAID("insn 0: write to read-only memory: *"), NULL },

	/* With Linux around. */
	{ "helper", GIVE(CPU), 0, NULL, "0\n" },
	{ "helper and memory", GIVE(CPU) "'01 02'", 0, NULL, "0\n" },
	{ "helper of XDP", GIVE(ADJUST) "'01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e' --xdp_prolog",
	  0, NULL, "0\n" },
	{ "helper of XDP, without a packet", GIVE(ADJUST), 1, SAID("*xdp_adjust_head*"), NULL },
	{ "helper that there is not", GIVE("85 00 00 00 0f 27 00 00 95 00 00 00 00 00 00 00"), 1,
	  SAID("*9999*"), NULL },
	{ "map that there is not",
	  GIVE("18 11 00 00 63 00 00 00 00 00 00 00 00 00 00 00 b7 00 00 00 00 00 00 00 95 00 00 "
	       "00 "
	       "00 00 00 00"),
	  1, SAID("*fd 99 *"), NULL },

	/* ELF files. */
	{ "linked", ELF("linked.o") "'01 02 03'", 0, NULL, "2b\n" },
	{ "linked, no packet", ELF("linked.o"), 0, NULL, "28\n" },
	{ "linked, as an option", "$X --elf --program \"$(" HEX("linked.o") ")\"", 0, NULL,
	  "28\n" },
	{ "functions in .text", ELF("functions.o") "'12 34 00'", 0, NULL, "246b00006b24\n" },
	{ "functions in .text, no memory", ELF("functions.o"), 0, NULL, "9\n" },
	{ "map of main in .text", ELF("mapped.o") "'01 02 7f'", 0, NULL, "7f0000000000\n" },
	{ "map of main in .text, no memory", ELF("mapped.o"), 0, NULL, "1\n" },
	{ "one function of another name", ELF("shifts.o") "2>&1; true", 0, NULL, "*main*" },
	{ "variable of one of several in .text", ELF("tangled.o"), 1,
	  SAID("program: main is one of several functions in .text*"), NULL },
	{ "no main", ELF("mainless.o"), 1, SAID("program: no function 'main' in section 'xdp'"),
	  NULL },
	{ "no section", ELF("../progs/tc/act.o"), 1,
	  SAID("program: no program in section 'xdp' or '.text'"), NULL },
	{ "no ELF file", GIVE(SEVEN) "--elf", 1, SAID("program: *ELF*"), NULL },
	{ "ELF file cut short", "head -c 700 $B/linked.o | od -An -v -tx1 | tr -d '\\n' | $X --elf",
	  1, SAID("program: *"), NULL },
	{ "ELF file, not told", "head -c 100 $B/linked.o | od -An -v -tx1 | tr -d '\\n' | $X", 2,
	  SAID("program: 100 bytes; expected instructions of 8 bytes each"), NULL },

	/* Runs that fail. */
	{ "past the memory", GIVE(EIGHT) "'01 02 03 04'", 1,
	  SAID("insn 0: out-of-bounds read: 1 byte past the end of memory (4 bytes)"), NULL },
	{ "null pointer", GIVE(EIGHT), 1, SAID("insn 0: null pointer: *"), NULL },
	{ "endless", GIVE(ENDLESS), 1, SAID("insn 0: instruction limit: *"), NULL },
	{ "unknown opcode", GIVE("ff 00 00 00 00 00 00 00 95 00 00 00 00 00 00 00"), 1,
	  SAID("*unknown opcode 0xff*"), NULL },
	{ "call of a register",
	  GIVE("b7 02 00 00 05 00 00 00 8d 02 00 00 00 00 00 00 95 00 00 00 00 00 00 00"), 1,
	  SAID("*unknown opcode 0x8d*"), NULL },
	{ "no end", GIVE("b7 00 00 00 07 00 00 00"), 1, SAID("*last insn is not an exit or jmp*"),
	  NULL },
	{ "function that there is not", GIVE("85 20 00 00 2b 00 00 00 95 00 00 00 00 00 00 00"), 1,
	  SAID("*"), NULL },
	{ "output that nobody takes", GIVE(SEVEN) ">/dev/full", 2, SAYS("standard output: *"),
	  NULL },

	/* Input that is wrong. */
	{ "no input", "$X </dev/null", 2,
	  SAID("standard input: empty; expected a line of hex digits"), NULL },
	{ "empty line", "echo | $X", 2, SAID("program: empty; expected a line of hex digits"),
	  NULL },
	{ "input closed", "$X <&-", 2, SAID("standard input: *"), NULL },
	{ "byte 0", "printf 'b7\\000' | $X", 2, SAID("standard input: *0x00"), NULL },
	{ "no digit", GIVE("b7 0x 00"), 2,
	  SAID("program: character 5: expected two hex digits, found 'x'"), NULL },
	{ "half a byte", GIVE("b7 0"), 2, SAID("program: character 5: *"), NULL },
	{ "half a byte, no line's end", "printf 'b7 0' | $X", 2,
	  SAID("program: character 5: half a byte at the end"), NULL },
	{ "control character", "printf 'b7\\033\\n' | $X", 2,
	  SAID("program: character 3: *byte 0x1b"), NULL },
	{ "half an instruction", GIVE("b7 00 00 00"), 2,
	  SAID("program: 4 bytes; expected instructions of 8 bytes each"), NULL },
	{ "memory, no digit", GIVE(SEVEN) "'01 0g'", 2, SAID("memory: character 5: *'g'"), NULL },
	{ "memory, 0x", GIVE(SEVEN) "0x01", 2, SAID("memory: character 2: *'x'"), NULL },
	{ "memory twice", GIVE(SEVEN) "01 02", 2, SAID("memory is given twice*"), NULL },
	{ "program twice", "$X --program '" SEVEN "' --program '" SEVEN "'", 2,
	  SAID("--program is given twice"), NULL },
	{ "no program behind the option", "$X --program", 2, SAID("--program: expected HEX"),
	  NULL },
	{ "empty program", "$X --program ''", 2, SAID("program: empty; *"), NULL },
	{ "unknown option", GIVE(SEVEN) "--fast", 2, SAID("unknown option '--fast'"), NULL },
	{ "short option", GIVE(SEVEN) "-v", 2, SAID("unknown option '-v'"), NULL },
	{ "value of a flag", GIVE(SEVEN) "--elf=yes", 2, SAID("--elf takes no value"), NULL },
	{ "no engine", GIVE(SEVEN) "--engine", 2, SAID("--engine: expected auto|interp|kernel"),
	  NULL },
	{ "unknown engine", GIVE(SEVEN) "--engine fast", 2, SAID("--engine: *'fast'"), NULL },
	{ "engine of the future", GIVE(SEVEN) "--engine jit", 2,
	  SAID("--engine: 'jit' is not available*"), NULL },

	/* The kernel: R0 where bpf(2) is permitted, and else why not. */
	{ "kernel", KERNEL(GIVE(SEVEN), "7\n") },
	{ "kernel, 64 bits", KERNEL(GIVE(EIGHT) "'01 02 03 04 05 06 07 08'", "807060504030201\n") },
	{ "kernel, linked",
	  KERNEL(ELF("linked.o") "'01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e'", "36\n") },
	{ "kernel, functions in .text", KERNEL(ELF("functions.o") "'12 34 00'", "246b00006b24\n") },
	{ "kernel, short packet",
	  KERNEL(GIVE(PACKET) "'01 02 03' --xdp_prolog", "*a packet of 3 bytes: *14 and more\n") },
	{ "kernel, past the memory",
	  KERNEL(GIVE(EIGHT) "'01 02 03 04'", "*refuses the program*\n") },
	{ "kernel, map of main in .text", KERNEL(ELF("mapped.o") "01", "*section 'xdp' alone\n") },
};

int
main(int argc, char **argv)
{
	return cli_main(argc, argv, rows, XB_ARRAY_SIZE(rows));
}
