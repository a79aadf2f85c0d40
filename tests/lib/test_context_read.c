/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts read from JSON: what is taken comes back when it is written, and what is not is refused
 * with its place.
 */
#include "lib/model.h"
#include "vm/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct row {
	const char *name, *json;
	const char *text;  /* as it is written, NULL: as `json` */
	const char *error; /* in place of it */
};

#define XDP(members) "{\"type\":\"xdp_md\",\"ctx\":{" members "}}"
#define SKB(members) "{\"type\":\"sk_buff\",\"ctx\":{" members "}}"
#define FIELD(member)                                                                              \
	{                                                                                          \
		member, SKB(member), NULL, NULL                                                    \
	}
#define GENERIC(registers, memory)                                                                 \
	"{\"type\":\"generic\",\"ctx\":{\"registers\":{" registers "},\"memory\":[" memory         \
	"],\"emulator\":{}}}"
#define MEMORY(name, type, value)                                                                  \
	"{\"name\":\"" name "\",\"type\":\"" type "\",\"value\":" value "}"
#define BLOCK(name)      MEMORY(name, "block", "{\"value\":\"AAECAw==\",\"byteorder\":\"le\"}")
#define INT(value, size) MEMORY("i", "int", "{\"value\":" value ",\"size\":" size "}")
#define PTR(name, memory, offset, size)                                                            \
	MEMORY(name, "ptr", "{\"memory\":\"" memory "\",\"offset\":" offset ",\"size\":" size "}")
#define FIELD_OF(name, memory) "{\"name\":\"" name "\",\"memory\":\"" memory "\"}"
#define CAPTURED(calls)        "{\"type\":\"captured\",\"ctx\":{\"helperCalls\":{" calls "}}}"
#define CALL(results)          "\"5\":[{\"helperFn\":5,\"params\":[],\"results\":[" results "]}]"
#define REG(reg, value)        "{\"reg\":" reg ",\"value\":" value "}"
#define ERR(what)              NULL, "line 1, column " what

/* clang-format off */
static const struct row rows[] = {
	/* The envelope. */
	{ "a name", "{\"name\":\"one\",\"type\":\"xdp_md\",\"ctx\":{}}", NULL, NULL },
	{ "white space around", " \n{\"type\":\"xdp_md\",\"ctx\":{}} \n", XDP(""), NULL },
	{ "nothing", "", ERR("1: expected a value, found the end") },
	{ "an array", "[]", ERR("1: expected an object") },
	{ "junk after the end", XDP("") "x", ERR("27: more text after the value") },
	{ "two in a row", XDP("") "\n" XDP(""), NULL, "line 2, column 1: more text after the value" },
	{ "no type", "{\"ctx\":{}}", ERR("1: there is no \"type\"") },
	{ "no ctx", "{\"type\":\"xdp_md\"}", ERR("1: there is no \"ctx\"") },
	{ "type of a number", "{\"type\":5,\"ctx\":{}}", ERR("9: type: expected a string") },
	{ "unknown type", "{\"type\":\"x\",\"ctx\":{}}",
	  ERR("9: type: there is no such type: expected one of xdp_md, sk_buff, generic, captured") },
	{ "unknown key", "{\"type\":\"xdp_md\",\"ctx\":{},\"x\":1}", ERR("31: x: there is no such key") },
	{ "a key twice", "{\"type\":\"xdp_md\",\"type\":\"xdp_md\",\"ctx\":{}}", ERR("25: type: given twice") },
	{ "a NUL in a key", XDP("\"head\\u0000room\":1"), ERR("41: NUL in a name") },
	{ "a NUL in the name", "{\"name\":\"a\\u0000\",\"type\":\"xdp_md\",\"ctx\":{}}", ERR("9: name: there is a NUL in it") },

	/* Packets. */
	{ "packet", XDP("\"packet\":\"AAEC\""), NULL, NULL },
	{ "empty packet", XDP("\"packet\":\"\""), NULL, NULL },
	{ "packet in hex", XDP("\"packet_hex\":\"0001fF\""), XDP("\"packet\":\"AAH/\""), NULL },
	{ "no packet", XDP("\"packet\":null"), XDP(""), NULL },
	{ "two packets", XDP("\"packet\":\"AAEC\",\"packet_hex\":\"00\""), ERR("54: ctx.packet_hex: there is a packet already") },
	{ "packet, a group cut", XDP("\"packet\":\"AAE\""), ERR("34: ctx.packet: expected base64") },
	{ "packet, not base64", XDP("\"packet\":\"AA-C\""), ERR("34: ctx.packet: expected base64") },
	{ "packet, bits left over", XDP("\"packet\":\"AAF=\""), ERR("34: ctx.packet: expected base64") },
	{ "packet of a number", XDP("\"packet\":1"), ERR("34: ctx.packet: expected a string") },
	{ "hex, an odd digit", XDP("\"packet_hex\":\"001\""), ERR("38: ctx.packet_hex: expected two hex digits for each byte") },
	{ "hex, no digit", XDP("\"packet_hex\":\"0g\""), ERR("38: ctx.packet_hex: expected hex digits") },

	/* xdp_md, every field. */
	{ "headroom", XDP("\"headroom\":0"), NULL, NULL },
	{ "headroom, most", XDP("\"headroom\":3520"), NULL, NULL },
	{ "headroom, too much", XDP("\"headroom\":3521"), ERR("36: ctx.headroom: 3521: out of range: expected 0 to 3520") },
	{ "tailroom", XDP("\"tailroom\":0"), NULL, NULL },
	{ "tailroom, too much", XDP("\"tailroom\":3777"), ERR("36: ctx.tailroom: 3777: out of range: expected 0 to 3776") },
	{ "ingress_ifidx", XDP("\"ingress_ifidx\":4294967295"), NULL, NULL },
	{ "ingress_ifidx, too much", XDP("\"ingress_ifidx\":4294967296"),
	  ERR("41: ctx.ingress_ifidx: 4294967296: out of range: expected 0 to 4294967295") },
	{ "ingress_ifidx, far too much", XDP("\"ingress_ifidx\":99999999999999999999"),
	  ERR("41: ctx.ingress_ifidx: 99999999999999999999: out of range: expected 0 to 4294967295") },
	{ "ingress_ifindex", XDP("\"ingress_ifindex\":7"), XDP("\"ingress_ifidx\":7"), NULL },
	{ "both names", XDP("\"ingress_ifidx\":7,\"ingress_ifindex\":7"), ERR("61: ctx.ingress_ifindex: given twice") },
	{ "rx_queue_idx", XDP("\"rx_queue_idx\":3"), NULL, NULL },
	{ "egress_ifidx", XDP("\"egress_ifidx\":3"), NULL, NULL },
	{ "data_meta", XDP("\"data_meta\":\"0a0b0c0d\""), NULL, NULL },
	{ "data_meta, no multiple of 4", XDP("\"data_meta\":\"0a0b0c\""),
	  ERR("37: ctx.data_meta: expected hex digits for a multiple of 4 bytes, at most 252") },
	{ "a number as a string", XDP("\"rx_queue_idx\":\"0x10\""), XDP("\"rx_queue_idx\":16"), NULL },
	{ "a fraction", XDP("\"rx_queue_idx\":1.5"), ERR("40: ctx.rx_queue_idx: '1.5': expected a number") },
	{ "an exponent", XDP("\"rx_queue_idx\":1e3"), ERR("40: ctx.rx_queue_idx: '1e3': expected a number") },
	{ "a negative number", XDP("\"rx_queue_idx\":-1"), ERR("40: ctx.rx_queue_idx: '-1': expected a number") },
	{ "a truth", XDP("\"rx_queue_idx\":true"), ERR("40: ctx.rx_queue_idx: expected a number or a string") },
	{ "a field of sk_buff", XDP("\"mark\":1"), ERR("32: ctx.mark: no field of xdp_md that can be set") },
	{ "a field twice", XDP("\"headroom\":8,\"headroom\":8"), ERR("49: ctx.headroom: given twice") },

	/* sk_buff, every field. */
	FIELD("\"packet\":\"AAEC\""),
	FIELD("\"ingress_ifidx\":7"),
	FIELD("\"data_meta\":\"0a0b0c0d\""),
	FIELD("\"mark\":4294967295"),
	FIELD("\"priority\":1"),
	FIELD("\"ifindex\":2147483647"),
	FIELD("\"queue_mapping\":65535"),
	FIELD("\"tc_index\":1"),
	FIELD("\"tc_classid\":1"),
	FIELD("\"cb[0]\":1,\"cb[4]\":4294967295"),
	FIELD("\"napi_id\":1"),
	FIELD("\"wire_len\":65536"),
	FIELD("\"gso_segs\":65535"),
	FIELD("\"gso_size\":65535"),
	FIELD("\"gso_type\":1"),
	FIELD("\"pkt_type\":0"),
	FIELD("\"pkt_type\":7"),
	FIELD("\"protocol\":0"),
	FIELD("\"protocol\":8"),
	FIELD("\"vlan_present\":true,\"vlan_tci\":5,\"vlan_proto\":43144"),
	FIELD("\"vlan_present\":false,\"vlan_tci\":5"),
	FIELD("\"hash\":5,\"l4_hash\":false"),
	FIELD("\"hash\":5,\"l4_hash\":true,\"sw_hash\":true"),
	FIELD("\"tstamp\":9007199254740992"),
	FIELD("\"tstamp\":\"18446744073709551615\",\"tstamp_type\":2"),
	FIELD("\"hwtstamp\":1"),
	FIELD("\"ip_summed\":\"unnecessary\",\"csum_level\":3"),
	FIELD("\"ip_summed\":\"complete\""),
	FIELD("\"ip_summed\":\"complete\",\"csum\":0"),
	FIELD("\"ip_summed\":\"complete\",\"csum\":5"),
	FIELD("\"ip_summed\":\"partial\",\"csum_start\":34,\"csum_offset\":16"),
	FIELD("\"encapsulation\":true"),
	FIELD("\"tc_at_ingress\":true"),
	FIELD("\"cgroup_classid\":1"),
	FIELD("\"route_realm\":1"),
	FIELD("\"sk\":\"none\""),
	{ "a number of 64 bits", SKB("\"tstamp\":18446744073709551615"), SKB("\"tstamp\":\"18446744073709551615\""), NULL },
	{ "more than 64 bits", SKB("\"tstamp\":18446744073709551616"),
	  ERR("35: ctx.tstamp: 18446744073709551616: out of range: expected 0 to 18446744073709551615") },
	{ "cb", SKB("\"cb\":[1,\"2\"]"), SKB("\"cb[0]\":1,\"cb[1]\":2"), NULL },
	{ "cb, six", SKB("\"cb\":[1,2,3,4,5,6]"), ERR("31: ctx.cb: expected an array of at most 5 numbers") },
	{ "cb, and a word of it", SKB("\"cb[1]\":1,\"cb\":[1,2]"), ERR("44: ctx.cb[1]: given twice: there is \"cb[1]\", too") },
	{ "cb, out of range", SKB("\"cb\":[4294967296]"), ERR("32: ctx.cb[0]: out of range: expected 0 to 4294967295") },
	{ "dev", SKB("\"dev\":{\"ifIndex\":3}"), SKB("\"ifindex\":3"), NULL },
	{ "dev of null", SKB("\"dev\":null"), SKB(""), NULL },
	{ "dev and ifindex", SKB("\"ifindex\":3,\"dev\":{\"ifIndex\":3}"),
	  ERR("55: ctx.dev.ifIndex: given twice: there is \"ifindex\", too") },
	{ "dev, unknown key", SKB("\"dev\":{\"x\":3}"), ERR("37: ctx.dev.x: there is no such key") },
	{ "vlan_proto", SKB("\"vlan_proto\":5"),
	  ERR("39: ctx.vlan_proto: 5: expected 0x0081 (802.1Q) or 0xa888 (802.1ad), which are in network byte order as in __sk_buff") },
	{ "ip_summed", SKB("\"ip_summed\":\"x\""),
	  ERR("38: ctx.ip_summed: 'x': expected one of none, unnecessary, complete, partial") },
	{ "rx_queue_idx of an sk_buff", SKB("\"rx_queue_idx\":1"), ERR("41: ctx.rx_queue_idx: no field of __sk_buff that can be set") },

	/* The socket. */
#define SOCK_OF(members) SKB("\"sock\":{" members "}")
	{ "no socket", SKB("\"sock\":null"), SKB("\"sk\":\"none\""), NULL },
	{ "socket, all of it",
	  SOCK_OF("\"boundDevIF\":1,\"family\":10,\"sockType\":1,\"protocol\":6,\"mark\":7,\"priority\":2,"
	          "\"srcIP4\":\"192.0.2.1\",\"srcIP6\":\"2001:db8::1\",\"srcPort\":65535,\"dstPort\":443,"
	          "\"dstIP4\":\"192.0.2.2\",\"dstIP6\":\"2001:db8::2\",\"state\":1,\"rxQueueMapping\":2147483647,"
	          "\"cookie\":\"18446744073709551615\",\"uid\":1000,\"cgroupId\":9,\"cgroupLevel\":3,"
	          "\"cgroupClassid\":5,\"cgroupAncestors\":[7,8]"), NULL, NULL },
	{ "socket, empty addresses", SOCK_OF("\"srcIP4\":\"\",\"dstIP6\":\"\",\"rxQueueMapping\":-1"),
	  SOCK_OF("\"boundDevIF\":0,\"family\":0,\"sockType\":0,\"protocol\":0,\"mark\":0,\"priority\":0,"
	          "\"srcPort\":0,\"dstPort\":0,\"state\":0,\"rxQueueMapping\":-1,\"cookie\":1,\"uid\":0,"
	          "\"cgroupId\":1,\"cgroupLevel\":0,\"cgroupClassid\":0"), NULL },
	{ "socket of a number", SKB("\"sock\":1"), ERR("33: ctx.sock: expected an object, or null for no socket") },
	{ "socket, and sk", SKB("\"sk\":\"none\",\"sock\":{}"), ERR("45: ctx.sock: given twice: there is \"sk\", too") },
	{ "socket, unknown key", SOCK_OF("\"x\":1"), ERR("38: ctx.sock.x: no field of a socket") },
	{ "socket, a key twice", SOCK_OF("\"mark\":1,\"mark\":1"), ERR("50: ctx.sock.mark: given twice") },
	{ "srcPort, too much", SOCK_OF("\"srcPort\":65536"), ERR("44: ctx.sock.srcPort: out of range: expected 0 to 65535") },
	{ "dstPort, too much", SOCK_OF("\"dstPort\":65536"), ERR("44: ctx.sock.dstPort: out of range: expected 0 to 65535") },
	{ "dstPort, negative", SOCK_OF("\"dstPort\":-1"), ERR("44: ctx.sock.dstPort: expected a whole number, not negative") },
	{ "srcIP4", SOCK_OF("\"srcIP4\":\"10.0.0\""), ERR("43: ctx.sock.srcIP4: expected an IPv4 address") },
	{ "srcIP6", SOCK_OF("\"srcIP6\":5"), ERR("43: ctx.sock.srcIP6: expected an IPv6 address") },
	{ "rxQueueMapping", SOCK_OF("\"rxQueueMapping\":-2"), ERR("51: ctx.sock.rxQueueMapping: expected a whole number, not negative") },
	{ "cgroupAncestors", SOCK_OF("\"cgroupAncestors\":[1,2,3,4,5,6,7,8,9]"),
	  ERR("52: ctx.sock.cgroupAncestors: expected an array of at most 8 ids of cgroups") },

	/* The flow's keys. */
#define KEYS(members) SKB("\"flowKeys\":{" members "}")
	{ "flow keys, all, IPv4",
	  KEYS("\"nhoff\":14,\"thoff\":34,\"addrProto\":2048,\"isFrag\":1,\"isFirstFrag\":1,\"isEncap\":0,"
	       "\"ipProto\":6,\"nProto\":8,\"sport\":1,\"dport\":443,\"flags\":1,\"flowLabel\":5,"
	       "\"ip\":[\"192.0.2.1\",\"192.0.2.2\"]"), NULL, NULL },
	{ "flow keys, IPv6", KEYS("\"ip\":[\"2001:db8::1\",\"2001:db8::2\"]"), NULL, NULL },
	{ "flow keys, source alone", KEYS("\"ip\":\"2001:db8::1\""), NULL, NULL },
	{ "flow keys, a truth", KEYS("\"isFrag\":true"), KEYS("\"isFrag\":1"), NULL },
	{ "flow keys of null", SKB("\"flowKeys\":null"), SKB(""), NULL },
	{ "flow keys, unknown key", KEYS("\"x\":1"), ERR("42: ctx.flowKeys.x: there is no such key of a flow") },
	{ "flow keys, too much", KEYS("\"ipProto\":256"), ERR("48: ctx.flowKeys.ipProto: out of range: expected 0 to 255") },
	{ "flow keys, two kinds", KEYS("\"ip\":[\"2001:db8::1\",\"192.0.2.2\"]"),
	  ERR("58: ctx.flowKeys.ip[1]: expected an IPv6 address") },
	{ "flow keys, three addresses", KEYS("\"ip\":[\"1.1.1.1\",\"1.1.1.1\",\"1.1.1.1\"]"),
	  ERR("43: ctx.flowKeys.ip: expected an address, or an array of source and destination") },

	/* Generic. */
	{ "generic, nothing", GENERIC("", ""), NULL, NULL },
	{ "generic, nulls", "{\"type\":\"generic\",\"ctx\":{\"registers\":null,\"memory\":null,\"emulator\":null}}", GENERIC("", ""), NULL },
	{ "block", GENERIC("\"r1\":\"b\"", BLOCK("b")), NULL, NULL },
	{ "block, bigendian", GENERIC("", MEMORY("b", "block", "{\"value\":\"\",\"byteorder\":\"BigEndian\"}")),
	  GENERIC("", MEMORY("b", "block", "{\"value\":\"\",\"byteorder\":\"be\"}")), NULL },
	{ "block, byteorder", GENERIC("", MEMORY("b", "block", "{\"value\":\"\",\"byteorder\":\"x\"}")),
	  ERR("110: ctx.memory[0].value.byteorder: expected \"le\" or \"be\"") },
	{ "block, base64", GENERIC("", MEMORY("b", "block", "{\"value\":\"A\"}")), ERR("95: ctx.memory[0].value.value: expected base64") },
	{ "block, no value", GENERIC("", MEMORY("b", "block", "{}")), ERR("86: ctx.memory[0].value: there is no \"value\"") },
	{ "all registers", GENERIC("\"r1\":\"b\",\"r2\":\"b\",\"r3\":\"b\",\"r4\":\"b\",\"r5\":\"b\"", BLOCK("b")), NULL, NULL },
	{ "register of nothing", GENERIC("\"r1\":\"\"", ""), GENERIC("", ""), NULL },
	{ "register 6", GENERIC("\"r6\":\"b\"", BLOCK("b")), ERR("44: ctx.registers.r6: there is no such register: expected r1 to r5") },
	{ "register, dangling", GENERIC("\"r1\":\"c\"", BLOCK("b")), ERR("44: ctx.registers.r1: there is no memory 'c'") },
	{ "a name twice", GENERIC("", BLOCK("b") "," BLOCK("b")), ERR("133: ctx.memory[1].name: 'b': there is memory of this name already") },
	{ "int of 8 bits", GENERIC("", INT("255", "8")), NULL, NULL },
	{ "int of 8 bits, least", GENERIC("", INT("-128", "8")), NULL, NULL },
	{ "int of 8 bits, more", GENERIC("", INT("256", "8")), ERR("93: ctx.memory[0].value.value: out of range: expected -128 to 255") },
	{ "int of 8 bits, less", GENERIC("", INT("-129", "8")), ERR("93: ctx.memory[0].value.value: out of range: expected -128 to 255") },
	{ "int of 16 bits", GENERIC("", INT("-32768", "16")), NULL, NULL },
	{ "int of 32 bits", GENERIC("", INT("4294967295", "32")), NULL, NULL },
	{ "int of 64 bits", GENERIC("", INT("\"18446744073709551615\"", "64")), NULL, NULL },
	{ "int of 64 bits, as a number", GENERIC("", INT("18446744073709551615", "64")), GENERIC("", INT("\"18446744073709551615\"", "64")), NULL },
	{ "int of 64 bits, least", GENERIC("", INT("-9223372036854775808", "64")), GENERIC("", INT("\"9223372036854775808\"", "64")), NULL },
	{ "int of 24 bits", GENERIC("", INT("1", "24")), ERR("102: ctx.memory[0].value.size: expected 8, 16, 32 or 64") },
	{ "int, a fraction", GENERIC("", INT("1.5", "8")), ERR("93: ctx.memory[0].value.value: expected a whole number") },
	{ "int, no size", GENERIC("", MEMORY("i", "int", "{\"value\":1}")), ERR("84: ctx.memory[0].value: there is no \"size\"") },
	{ "pointer", GENERIC("\"r1\":\"p\"", BLOCK("b") "," PTR("p", "b", "4", "64")), NULL, NULL },
	{ "pointer before its memory", GENERIC("", PTR("p", "b", "0", "32") "," BLOCK("b")), NULL, NULL },
	{ "pointer, size", GENERIC("", BLOCK("b") "," PTR("p", "b", "0", "16")), ERR("190: ctx.memory[1].value.size: expected 32 or 64") },
	{ "pointer past the end", GENERIC("", BLOCK("b") "," PTR("p", "b", "5", "64")), ERR("181: ctx.memory[1].value.offset: out of range: 'b' has 4 bytes") },
	{ "pointer, dangling", GENERIC("", PTR("p", "b", "0", "64")), ERR("94: ctx.memory[0].value.memory: there is no memory 'b'") },
	{ "pointer to itself", GENERIC("", PTR("p", "p", "0", "64")), ERR("94: ctx.memory[0].value.memory: 'p' is no block or struct to point to") },
	{ "struct", GENERIC("\"r1\":\"s\"", BLOCK("b") "," PTR("p", "b", "0", "32") "," MEMORY("s", "struct", "[" FIELD_OF("x", "p") "]")), NULL, NULL },
	{ "struct of a block", GENERIC("", BLOCK("b") "," MEMORY("s", "struct", "[" FIELD_OF("x", "b") "]")),
	  ERR("183: ctx.memory[1].value[0].memory: 'b' is a block: a struct is made of ints and pointers") },
	{ "struct, dangling", GENERIC("", MEMORY("s", "struct", "[" FIELD_OF("x", "b") "]")),
	  ERR("109: ctx.memory[0].value[0].memory: there is no memory 'b'") },
	{ "struct, circular", GENERIC("", PTR("p", "s", "0", "64") "," MEMORY("s", "struct", "[" FIELD_OF("x", "p") "]")),
	  ERR("157: ctx.memory[1].value: 's' leads back to itself") },
	{ "structs, circular", GENERIC("", PTR("p", "s", "0", "64") "," PTR("q", "t", "0", "64") ","
	          MEMORY("s", "struct", "[" FIELD_OF("x", "q") "]") "," MEMORY("t", "struct", "[" FIELD_OF("x", "p") "]")),
	  ERR("227: ctx.memory[2].value: 's' leads back to itself") },
	{ "unknown kind", GENERIC("", MEMORY("s", "x", "1")), ERR("70: ctx.memory[0].type: expected block, ptr, struct or int") },
	{ "no value", GENERIC("", "{\"name\":\"s\",\"type\":\"int\"}"), ERR("51: ctx.memory[0]: there is no \"value\"") },
	{ "emulator", "{\"type\":\"generic\",\"ctx\":{\"registers\":{},\"memory\":[],\"emulator\":"
	  "{\"a\":[1,null,true,\"x\\n\"],\"b\":{\"c\":1.50}}}}", NULL, NULL },
	{ "emulator, a key twice", "{\"type\":\"generic\",\"ctx\":{\"emulator\":{\"b\":{\"c\":1,\"c\":1}}}}",
	  ERR("53: ctx.emulator.b.c: given twice") },

	/* Captured. */
	{ "captured", CAPTURED(CALL(REG("0", "18446744073709551615") "," REG("1", "\"AAEC\""))), NULL, NULL },
	{ "captured, nothing", CAPTURED(""), NULL, NULL },
	{ "captured, a sub-context", "{\"name\":\"x\",\"type\":\"captured\",\"ctx\":{\"subContext\":"
	  "{\"name\":\"x\",\"type\":\"xdp_md\",\"ctx\":{\"packet\":\"AAEC\"}},\"helperCalls\":{}}}", NULL, NULL },
	{ "captured, nulls", CAPTURED("\"5\":[{\"params\":null,\"results\":null}]"), CAPTURED(CALL("")), NULL },
	{ "captured, a negative result", CAPTURED(CALL(REG("0", "-2"))), CAPTURED(CALL(REG("0", "18446744073709551614"))), NULL },
	{ "captured, a name of a helper", CAPTURED("\"5\":[{\"helperFn\":\"ktime_get_ns\",\"params\":[],\"results\":[]}]"), CAPTURED(CALL("")), NULL },
	{ "captured, no calls", "{\"type\":\"captured\",\"ctx\":{}}", ERR("26: ctx: there is no \"helperCalls\"") },
	{ "captured, no helper", CAPTURED("\"9999\":[]"), ERR("49: ctx.helperCalls.9999: no helper has this number") },
	{ "captured, a helper twice", CAPTURED(CALL("") ",\"05\":[{}]"), ERR("93: ctx.helperCalls.05: given twice") },
	{ "captured, register 6", CAPTURED(CALL(REG("6", "1"))), ERR("91: ctx.helperCalls.5[0].results[0].reg: out of range: expected 0 to 5") },
	{ "captured, no value", CAPTURED(CALL("{\"reg\":0}")), ERR("84: ctx.helperCalls.5[0].results[0]: expected \"reg\" and \"value\"") },
	{ "captured, base64", CAPTURED(CALL(REG("1", "\"AA\""))), ERR("101: ctx.helperCalls.5[0].results[0].value: expected base64") },
	{ "captured, too many bits", CAPTURED(CALL(REG("1", "18446744073709551616"))),
	  ERR("101: ctx.helperCalls.5[0].results[0].value: out of range: expected -9223372036854775808 to 18446744073709551615") },
	{ "captured in captured", "{\"type\":\"captured\",\"ctx\":{\"subContext\":" CAPTURED("") ",\"helperCalls\":{}}}",
	  ERR("40: ctx.subContext: a captured context in a captured context") },
	{ "captured, a fault within", "{\"type\":\"captured\",\"ctx\":{\"subContext\":" XDP("\"x\":1") ",\"helperCalls\":{}}}",
	  ERR("68: ctx.subContext.ctx.x: no field of xdp_md that can be set") },
};
/* clang-format on */

static char *
print(struct xb_context *c)
{
	struct xb_err err = XB_ERR_INIT;
	size_t bytes = 0;
	char *text = xb_context_print(c, &bytes, &err);

	if (!text)
		fail_msg("%s", err.msg);
	assert_int_equal(strlen(text), bytes);
	assert_int_equal(text[bytes - 1], '\n');
	text[bytes - 1] = 0;
	xb_context_free(c);
	return text;
}

static bool
check_error(const struct row *row, const struct xb_err *err)
{
	if (err->kind == XB_ERR_FILE && !strcmp(err->msg, row->error))
		return true;
	print_error("row '%s': %s\n  expected: %s\n", row->name, err->msg, row->error);
	return false;
}

/* Read, written, read and written again. */
static bool
check_row(const struct row *row)
{
	const char *expected = row->text ? row->text : row->json;
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *c = xb_context_parse(NULL, row->json, strlen(row->json), &err);
	char *text, *again;
	bool same;

	if (row->error && !c)
		return check_error(row, &err);
	if (!c || row->error) {
		print_error("row '%s': %s\n", row->name, c ? "was read" : err.msg);
		xb_context_free(c);
		return false;
	}
	text = print(c);
	c = xb_context_parse(NULL, text, strlen(text), &err);
	if (!c)
		fail_msg("row '%s': %s: %s", row->name, text, err.msg);
	again = print(c);
	same = !strcmp(text, expected) && !strcmp(again, expected);
	if (!same)
		print_error("row '%s': written as\n  %s\n  again: %s\n  expected: %s\n", row->name,
		            text, again, expected);
	free(text);
	free(again);
	return same;
}

static void
test_rows(void **state)
{
	u32 failed = 0;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		failed += !check_row(&rows[i]);
	assert_int_equal(failed, 0);
}

/* No text that was cut anywhere does harm. */
static void
test_cut(void **state)
{
	struct xb_err err;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		size_t bytes = strlen(rows[i].json);

		for (size_t n = 0; n < bytes; n++) {
			char *text = malloc(n + 1); /* of its size, for the sanitizer */

			assert_non_null(text);
			memcpy(text, rows[i].json, n);
			err = XB_ERR_INIT;
			xb_context_free(xb_context_parse(NULL, text, n, &err));
			free(text);
		}
	}
}

/* What users ask of a context. */
static void
test_asked(void **state)
{
	static const char generic[] =
	        "{\"name\":\"n\",\"type\":\"captured\",\"ctx\":{\"helperCalls\":{},"
	        "\"subContext\":{\"type\":\"generic\",\"ctx\":{\"emulator\":"
	        "{\"a\":[1,2]}}}}}";
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *c = xb_context_parse(NULL, generic, sizeof(generic) - 1, &err);

	(void)state;
	assert_non_null(c);
	assert_string_equal(xb_context_name(c), "n");
	assert_string_equal(xb_context_type(c), "captured");
	assert_string_equal(xb_context_type(xb_context_sub(c)), "generic");
	assert_string_equal(xb_context_name(xb_context_sub(c)), "");
	assert_null(xb_context_sub(xb_context_sub(c)));
	assert_string_equal(xb_context_emulator_value(c, "a"), "[1,2]");
	assert_null(xb_context_emulator_value(c, "b"));
	xb_context_free(c);
	xb_context_free(NULL);
}

/* A type of one's own: a number, in JSON {"n": 5}. */
static void *
number_read(const char *json, size_t bytes, struct xb_err *err)
{
	int *n = malloc(sizeof(*n));

	assert_non_null(n);
	assert_int_equal(strlen(json), bytes);
	if (sscanf(json, "{\"n\":%d}", n) == 1)
		return n;
	free(n);
	xb_err_set(err, XB_ERR_FILE, "expected a number n");
	return NULL;
}

static char *
number_write(void *state, struct xb_process *process, void *loaded, struct xb_err *err)
{
	char *text = malloc(32);

	(void)process;
	(void)loaded;
	(void)err;
	assert_non_null(text);
	snprintf(text, 32, "{ \"n\": %d }", *(int *)state);
	return text;
}

static void
test_registry(void **state)
{
	static const char json[] = "{\"name\":\"x\",\"type\":\"number\",\"ctx\":{\"n\":5}}";
	static const char wrong[] = "{\"type\":\"number\",\"ctx\":[]}";
	struct xb_context_type type = {
		.size = sizeof(type),
		.name = "number",
		.read = number_read,
		.write = number_write,
		.free = free,
	};
	struct xb_err err = XB_ERR_INIT;
	struct xb_context_registry *registry = xb_context_registry_new(&err);
	struct xb_context *c;
	char *text;

	(void)state;
	assert_null(xb_context_parse(registry, json, sizeof(json) - 1, &err));
	assert_int_equal(xb_context_register(registry, &type, &err), 0);
	assert_int_equal(xb_context_register(registry, &type, &err), -1);
	assert_string_equal(err.msg, "type of contexts: 'number': there is one");
	type.name = "xdp_md";
	assert_int_equal(xb_context_register(registry, &type, &err), -1);
	type.name = NULL;
	assert_int_equal(xb_context_register(registry, &type, &err), -1);
	type.name = "short";
	type.size = 8;
	assert_int_equal(xb_context_register(registry, &type, &err), -1);
	assert_null(xb_context_parse(NULL, json, sizeof(json) - 1, &err)); /* this registry alone */
	assert_null(xb_context_parse(registry, wrong, sizeof(wrong) - 1, &err));
	assert_string_equal(err.msg, "line 1, column 24: ctx: expected a number n");
	c = xb_context_parse(registry, json, sizeof(json) - 1, &err);
	assert_non_null(c);
	assert_string_equal(xb_context_type(c), "number");
	text = print(c);
	assert_string_equal(text, json);
	free(text);
	xb_context_registry_free(registry);
	xb_context_registry_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_registry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
