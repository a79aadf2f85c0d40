/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_parts.c - the parts that stand alone: values as people write them, percentiles, JSON out and
 * in again, and a worker that dies.
 */
#include "bench/btfjson.h"
#include "bench/encode.h"
#include "bench/file.h"
#include "bench/say.h"
#include "bench/stats.h"
#include "bench/worker.h"
#include "emu/base64.h"
#include "emu/json.h"
#include "emu/value.h"

#include <bpf/btf.h>
#include <cjson/cJSON.h>
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Text that is no JSON, and where it stops to be. */
static void
test_value_errors(void **state)
{
	static const struct {
		const char *text;
		const char *err;
	} rows[] = {
		{ "", "line 1, column 1: expected a value, found the end" },
		{ "[1,]", "line 1, column 4: expected a value" },
		{ "[1 2]", "line 1, column 4: expected ',' or ']'" },
		{ "{\"a\":1\n \"b\":2}", "line 2, column 2: expected ',' or '}'" },
		{ "{a:1}", "line 1, column 2: expected a name in quotes" },
		{ "\"abc", "line 1, column 1: string without an end" },
		{ "\"a\\x\"", "line 1, column 4: unknown escape in a string" },
		{ "\"\\ud800\"", "line 1, column 8: unknown escape in a string" },
		{ "01", "line 1, column 1: expected a value" },
		{ "1.", "line 1, column 1: expected a value" },
		{ "tru", "line 1, column 1: expected a value" },
		{ "1 2", "line 1, column 3: more text after the value" },
		{ "[\n\n  }", "line 3, column 3: expected a value" },
	};

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct xb_err err = XB_ERR_INIT;
		struct xb_value_tree tree;

		if (xb_value_parse(&tree, rows[i].text, strlen(rows[i].text), false, &err) == 0)
			fail_msg("'%s' was taken", rows[i].text);
		if (strcmp(err.msg, rows[i].err) != 0)
			fail_msg("'%s': '%s', expected '%s'", rows[i].text, err.msg, rows[i].err);
	}
}

static void
test_value_depth(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_value_tree tree;
	char text[100000];

	(void)state;
	memset(text, '[', sizeof(text));
	assert_int_equal(xb_value_parse(&tree, text, sizeof(text), false, &err), -1);
	assert_non_null(strstr(err.msg, "nested too deeply"));
}

/* A BTF with the types that the rows below use. */
struct types {
	struct btf *btf;
	int u8, u32, u64, s16, chars, addr4, addr6, mac, pair, colour, bits, lpm, lpm6;
};

static void
make_types(struct types *t)
{
	struct btf *b = btf__new_empty();
	int character, in_addr;

	assert_non_null(b);
	t->btf = b;
	t->u8 = btf__add_int(b, "unsigned char", 1, 0);
	t->u32 = btf__add_int(b, "unsigned int", 4, 0);
	t->u64 = btf__add_int(b, "unsigned long", 8, 0);
	t->s16 = btf__add_int(b, "short", 2, BTF_INT_SIGNED);
	character = btf__add_int(b, "char", 1, BTF_INT_SIGNED | BTF_INT_CHAR);
	t->chars = btf__add_array(b, t->u32, character, 8);
	in_addr = btf__add_struct(b, "in_addr", 4);
	btf__add_field(b, "s_addr", t->u32, 0, 0);
	t->addr4 = in_addr;
	t->addr6 = btf__add_array(b, t->u32, t->u8, 16);
	t->mac = btf__add_array(b, t->u32, t->u8, 6);
	t->pair = btf__add_struct(b, "pair", 8);
	btf__add_field(b, "addr", t->u32, 0, 0);
	btf__add_field(b, "port", t->s16, 32, 0);
	btf__add_field(b, "proto", t->u8, 48, 0);
	t->colour = btf__add_enum(b, "colour", 4);
	btf__add_enum_value(b, "RED", 1);
	btf__add_enum_value(b, "BLUE", -3);
	t->bits = btf__add_struct(b, "bits", 4);
	btf__add_field(b, "low", t->u32, 0, 3);
	btf__add_field(b, "high", t->u32, 3, 13);
	t->lpm = btf__add_struct(b, "lpm", 8);
	btf__add_field(b, "prefixlen", t->u32, 0, 0);
	btf__add_field(b, "addr", t->u32, 32, 0);
	t->lpm6 = btf__add_struct(b, "lpm6", 20);
	btf__add_field(b, "prefixlen", t->u32, 0, 0);
	btf__add_field(b, "addr", t->addr6, 32, 0);
}

struct encode_row {
	const char *text;
	size_t type_off; /* in struct types; 0: no BTF */
	u32 bytes;
	const char *hex; /* NULL: refused, with err */
	const char *err;
};

#define TYPE(name) offsetof(struct types, name)

static const struct encode_row encode_rows[] = {
	{ "300", TYPE(u8), 1, NULL, "expected a number from 0 to 255, found '300'" },
	{ "255", TYPE(u8), 1, "ff", NULL },
	{ "-1", TYPE(s16), 2, "ffff", NULL },
	{ "-32769", TYPE(s16), 2, NULL, "expected a number from -32768 to 32767, found '-32769'" },
	{ "-1", TYPE(u32), 4, NULL, "expected a number from 0 to 4294967295, found '-1'" },
	{ "-1", TYPE(u64), 8, NULL,
	  "expected a number from 0 to 18446744073709551615, found '-1'" },
	{ "{low=-1}", TYPE(bits), 4, NULL, "low: expected a number from 0 to 7, found '-1'" },
	{ "-1", 0, 8, "ffffffffffffffff", NULL },
	{ "32768", TYPE(s16), 2, NULL, "expected a number from -32768 to 32767, found '32768'" },
	{ "0x8000", TYPE(s16), 2, "0080", NULL },
	{ "\"010\"", TYPE(u32), 4, "0a000000", NULL },
	{ "-0x10", TYPE(s16), 2, "f0ff", NULL },
	{ "0x1f", TYPE(u32), 4, "1f000000", NULL },
	{ "18446744073709551615", TYPE(u64), 8, "ffffffffffffffff", NULL },
	{ "18446744073709551616", TYPE(u64), 8, NULL,
	  "expected a number from 0 to 18446744073709551615, found '1844674*" },
	{ "true", TYPE(u8), 1, "01", NULL },
	{ "'A'", TYPE(u8), 1, "41", NULL },
	{ "abc", TYPE(chars), 8, "6162630000000000", NULL },
	{ "\"a b\"", TYPE(chars), 8, "6120620000000000", NULL },
	{ "123456789", TYPE(chars), 8, NULL, "expected an array*" },
	{ "\"123456789\"", TYPE(chars), 8, NULL, "expected at most 8 characters, found 9" },
	{ "10.1.2.3", TYPE(u32), 4, "0a010203", NULL },
	{ "10.1.2.3", TYPE(addr4), 4, "0a010203", NULL },
	{ "10.1.2", TYPE(u32), 4, NULL, "expected a number from 0 to 4294967295, found '10.1.2'" },
	{ "2001:db8::1", TYPE(addr6), 16, "20010db8000000000000000000000001", NULL },
	{ "02:00:00:aa:bb:cc", TYPE(mac), 6, "020000aabbcc", NULL },
	{ "02:00:00:aa:bb", TYPE(mac), 6, NULL, "expected *" },
	{ "[1,2,3]", TYPE(mac), 6, "010203000000", NULL },
	{ "[1,2,3,4,5,6,7]", TYPE(mac), 6, NULL, "expected at most 6 elements, found 7" },
	{ "[1,2,300]", TYPE(mac), 6, NULL, "[2]: expected a number from 0 to 255, found '300'" },
	{ "{10.0.0.1,53,17}", TYPE(pair), 8, "0a00000135001100", NULL },
	{ "{proto=17, addr=10.0.0.1}", TYPE(pair), 8, "0a00000100001100", NULL },
	{ "{\"port\":-2}", TYPE(pair), 8, "00000000feff0000", NULL },
	{ "{prt=1}", TYPE(pair), 8, NULL, "no member 'prt'" },
	{ "{1,2,3,4}", TYPE(pair), 8, NULL, "expected at most 3 members" },
	{ "{port=70000}", TYPE(pair), 8, NULL,
	  "port: expected a number from -32768 to 32767, found '70000'" },
	{ "7", TYPE(pair), 8, NULL, "expected a struct, found '7'" },
	{ "RED", TYPE(colour), 4, "01000000", NULL },
	{ "BLUE", TYPE(colour), 4, "fdffffff", NULL },
	{ "GREY", TYPE(colour), 4, NULL,
	  "expected a number from -2147483648 to 4294967295, found 'GREY'" },
	{ "{low=5,high=8191}", TYPE(bits), 4, "fdff0000", NULL },
	{ "{low=8}", TYPE(bits), 4, NULL, "low: expected a number from 0 to 7, found '8'" },
	{ "10.0.0.0/8", TYPE(lpm), 8, "080000000a000000", NULL },
	{ "10.0.0.1", TYPE(lpm), 8, "200000000a000001", NULL },
	{ "10.0.0.0/33", TYPE(lpm), 8, NULL, "expected a prefix length from 0 to 32, found '33'" },
	{ "10.0.0.0/", TYPE(lpm), 8, NULL, "expected a prefix length from 0 to 32, found ''" },
	{ "10.0.0.0/-1", TYPE(lpm), 8, NULL, "expected a prefix length from 0 to 32, found '-1'" },
	{ "300.0.0.0/8", TYPE(lpm), 8, NULL, "expected an IPv4 address, found '300.0.0.0'" },
	{ "10.0.0", TYPE(lpm), 8, NULL, "expected an IPv4 address, found '10.0.0'" },
	{ "::/129", TYPE(lpm6), 20, NULL, "expected a prefix length from 0 to 128, found '129'" },
	{ "1::2::3/8", TYPE(lpm6), 20, NULL, "expected an IPv6 address, found '1::2::3'" },
	{ "[\"0x01\",\"0x02\"]", TYPE(s16), 2, "0102", NULL },
	{ "[\"0x01\"]", TYPE(s16), 2, NULL, "expected 2 bytes, found 1" },
	{ "258", 0, 2, "0201", NULL },
	{ "10.0.0.1", 0, 4, "0a000001", NULL },
	{ "[1,2,3]", 0, 3, "010203", NULL },
	{ "5", 0, 12, NULL, "expected an array of bytes, found '5'" },
};

static void
check_encode(const struct types *t, const struct encode_row *row)
{
	struct xb_encode_opts opts = { .lpm = row->type_off == TYPE(lpm) ||
		                              row->type_off == TYPE(lpm6) };
	char hex[64] = "";
	struct xb_err err = XB_ERR_INIT;
	struct xb_value_tree tree;
	u8 bytes[32];
	int rc;

	if (row->type_off) {
		opts.btf = t->btf;
		opts.type_id = *(const u32 *)(const void *)((const char *)t + row->type_off);
	}
	assert_int_equal(xb_value_parse(&tree, row->text, strlen(row->text), true, &err), 0);
	rc = xb_encode(tree.root, &opts, bytes, row->bytes, &err);
	xb_value_free(&tree);
	for (u32 i = 0; rc == 0 && i < row->bytes; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	if (row->hex && (rc != 0 || strcmp(hex, row->hex) != 0))
		fail_msg("'%s': %s (%s), expected %s", row->text, hex, err.msg, row->hex);
	if (row->hex)
		return;
	if (rc == 0)
		fail_msg("'%s' was taken as %s", row->text, hex);
	/* A '*' at the end stands for any rest. */
	if (strncmp(err.msg, row->err, strcspn(row->err, "*")) != 0 ||
	    (!strchr(row->err, '*') && strcmp(err.msg, row->err) != 0))
		fail_msg("'%s': '%s', expected '%s'", row->text, err.msg, row->err);
}

static void
test_encode(void **state)
{
	struct types t;

	(void)state;
	make_types(&t);
	for (size_t i = 0; i < XB_ARRAY_SIZE(encode_rows); i++)
		check_encode(&t, &encode_rows[i]);
	btf__free(t.btf);
}

/* What the JSON writer put into its file. */
static cJSON *
read_back(struct xb_json *j)
{
	struct xb_err err = XB_ERR_INIT;
	static char text[1 << 22];
	ssize_t n;
	cJSON *json;

	assert_int_equal(xb_json_flush(j, &err), 0);
	n = pread(j->fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = 0;
	json = cJSON_Parse(text);
	if (!json)
		fail_msg("no JSON: %.200s", text);
	return json;
}

static void
open_json(struct xb_json *j)
{
	const struct xb_file file = { .name = "memory", .fd = memfd_create("json", 0) };
	struct xb_err err = XB_ERR_INIT;

	assert_int_equal(xb_json_init(j, file.fd, file.name, &err), 0);
}

/* Every byte, alone and in a row, becomes a string that parses; plain ones stay what they are. */
static void
test_json_strings(void **state)
{
	struct xb_json j;
	char bytes[256];
	cJSON *json;

	(void)state;
	open_json(&j);
	xb_json_open_array(&j, NULL);
	for (int i = 0; i < 256; i++) {
		bytes[i] = (char)i;
		xb_json_string_n(&j, NULL, &bytes[i], 1);
	}
	xb_json_string_n(&j, NULL, bytes + 1, 255);
	xb_json_string(&j, NULL, "caf\xc3\xa9 \xf0\x9f\x90\x9d");
	xb_json_close_array(&j);
	json = read_back(&j);
	assert_int_equal(cJSON_GetArraySize(json), 258);
	for (int i = 1; i < 128; i++)
		assert_int_equal(cJSON_GetArrayItem(json, i)->valuestring[0], i);
	assert_string_equal(cJSON_GetArrayItem(json, 257)->valuestring,
	                    "caf\xc3\xa9 \xf0\x9f\x90\x9d");
	cJSON_Delete(json);
	close(j.fd);
	xb_json_fini(&j);
}

/* Longer than the buffer. */
static void
test_json_long(void **state)
{
	static u8 data[700000];
	struct xb_json j;
	cJSON *json;

	(void)state;
	memset(data, 0xa5, sizeof(data));
	open_json(&j);
	xb_json_open_object(&j, NULL);
	xb_json_hex(&j, "hex", data, sizeof(data), data, 5);
	memset(data, 'x', sizeof(data));
	xb_json_string_n(&j, "text", (const char *)data, sizeof(data));
	xb_json_u64(&j, "max", UINT64_MAX);
	xb_json_s64(&j, "min", INT64_MIN);
	xb_json_close_object(&j);
	json = read_back(&j);
	assert_int_equal(strlen(cJSON_GetObjectItem(json, "hex")->valuestring),
	                 2 * (sizeof(data) + 5));
	assert_int_equal(strlen(cJSON_GetObjectItem(json, "text")->valuestring), sizeof(data));
	cJSON_Delete(json);
	close(j.fd);
	xb_json_fini(&j);
}

/* In memory, which grows on the way; base64 of every length of a last group. */
static void
test_json_text(void **state)
{
	static u8 data[100000];
	static const char *const groups[] = { "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==" };
	struct xb_err err = XB_ERR_INIT;
	struct xb_json j;
	size_t bytes = 0;
	cJSON *json;
	char *text;
	u8 *back;
	u32 n;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 7 + i / 251);
	assert_int_equal(xb_json_init_text(&j, &err), 0);
	xb_json_open_array(&j, NULL);
	for (size_t i = 0; i < XB_ARRAY_SIZE(groups); i++)
		xb_json_base64(&j, NULL, (const u8 *)"foob", i);
	xb_json_base64(&j, NULL, data, sizeof(data));
	xb_json_string_n(&j, NULL, groups[4], 8);
	xb_json_close_array(&j);
	text = xb_json_take(&j, &bytes, &err);
	assert_non_null(text);
	assert_int_equal(strlen(text), bytes);
	json = cJSON_Parse(text);
	assert_non_null(json);
	for (size_t i = 0; i < XB_ARRAY_SIZE(groups); i++)
		assert_string_equal(cJSON_GetArrayItem(json, (int)i)->valuestring, groups[i]);
	back = xb_base64_decode(cJSON_GetArrayItem(json, 5)->valuestring,
	                        xb_base64_chars(sizeof(data)), &n);
	assert_int_equal(n, sizeof(data));
	assert_memory_equal(back, data, n);
	free(back);
	cJSON_Delete(json);
	free(text);
}

static int
compare_u64(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Against sorting: the smallest value that at least p percent of all do not exceed. */
static void
test_percentiles(void **state)
{
	static const u64 spreads[] = { 1, 7, 100, 65535, 65537, 300000, 10000000 };
	static u64 values[5000];
	struct xb_err err = XB_ERR_INIT;

	(void)state;
	srand(3);
	for (size_t s = 0; s < XB_ARRAY_SIZE(spreads); s++)
		for (u32 cnt = 1; cnt <= 5000; cnt = cnt * 3 + 1) {
			struct xb_stats stats;

			assert_int_equal(xb_stats_init(&stats, false, &err), 0);
			for (u32 i = 0; i < cnt; i++) {
				values[i] = (u64)rand() % spreads[s];
				xb_stats_insns(&stats.insns, values[i], i + 1);
			}
			qsort(values, cnt, sizeof(values[0]), compare_u64);
			for (u32 p = 1; p <= 100; p++) {
				u64 want = values[(cnt * p + 99) / 100 - 1];

				if (xb_stats_percentile(&stats.insns, p) != want)
					fail_msg("spread %zu, %u values, p%u: %llu, expected %llu",
					         s, cnt, p,
					         (unsigned long long)xb_stats_percentile(
					                 &stats.insns, p),
					         (unsigned long long)want);
			}
			assert_int_equal(stats.insns.max, values[cnt - 1]);
			xb_stats_fini(&stats);
		}
}

static int
work(const struct xb_worker *worker, void *arg)
{
	const char *what = arg;

	if (strchr(what, 'l')) {
		xb_worker_loaded(worker);
		xb_worker_catch_stop();
	}
	if (strchr(what, 'k'))
		kill(getpid(), SIGKILL);
	if (strchr(what, 's')) {
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
	}
	if (strchr(what, 'a'))
		raise(SIGALRM);
	if (strchr(what, 'i'))
		kill(getpid(), SIGINT);
	return *worker->stop ? 50 : 7;
}

/* How a worker ends, and what its parent makes of it. */
static void
test_worker(void **state)
{
	static const struct {
		char what[4]; /* l: loaded, then s, k, a, i: by which signal */
		int code;
	} rows[] = {
		{ "", 7 },
		{ "s", XB_EXIT_LOAD },
		{ "k", XB_EXIT_LOAD },
		{ "a", XB_EXIT_LOAD },
		{ "i", XB_EXIT_INTERRUPTED },
		{ "l", 7 },
		{ "ls", XB_EXIT_FAULT },
		{ "lk", XB_EXIT_FAULT },
		{ "li", 50 },
	};

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		char what[4];
		int code;

		memcpy(what, rows[i].what, sizeof(what));
		code = xb_worker_run("row", work, what);
		if (code != rows[i].code)
			fail_msg("'%s': exit code %d, expected %d", what, code, rows[i].code);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value_errors), cmocka_unit_test(test_value_depth),
		cmocka_unit_test(test_encode),       cmocka_unit_test(test_json_strings),
		cmocka_unit_test(test_json_long),    cmocka_unit_test(test_json_text),
		cmocka_unit_test(test_percentiles),  cmocka_unit_test(test_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
