/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sweep.c - objects that go with their last holder, and perf events.
 */
#include "emu/map.h"
#include "emu/perf_event.h"
#include "emu/pin.h"
#include "tests/emu/sys_rig.h"
#include "tests/insns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u

static void
init(struct sys_rig *rig)
{
	sys_rig_init(rig, NULL);
	rig->emu->holders = true;
}

static int
make_map(struct sys_rig *rig, u32 type, u32 inner)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = 4;
	attr.value_size = 4;
	attr.max_entries = 4;
	attr.inner_map_fd = inner;
	fd = sys_rig_bpf(rig, BPF_MAP_CREATE, &attr, sizeof(attr));
	assert_true(fd >= 0);
	return (int)fd;
}

static int
make_prog(struct sys_rig *rig)
{
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 2), XB_EXIT() };
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t) "GPL";
	fd = sys_rig_bpf(rig, BPF_PROG_LOAD, &attr, sizeof(attr));
	assert_true(fd >= 0);
	return (int)fd;
}

static void
put(struct sys_rig *rig, int map, u32 key, int fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&fd;
	assert_int_equal(sys_rig_bpf(rig, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)), 0);
}

/* Whether bpf(2) still finds it: GET_FD_BY_ID looks who holds what. */
static bool
is_there(struct sys_rig *rig, int cmd, u32 id)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_id = id;
	fd = sys_rig_bpf(rig, cmd, &attr, sizeof(attr));
	if (fd >= 0)
		close((int)fd);
	return fd >= 0;
}

static void
test_descriptors(void **state)
{
	struct sys_rig rig;
	int fd, copy;

	(void)state;
	init(&rig);
	fd = make_map(&rig, BPF_MAP_TYPE_ARRAY, 0);
	copy = dup(fd);
	assert_true(is_there(&rig, BPF_MAP_GET_FD_BY_ID, 1));
	close(fd);
	assert_true(is_there(&rig, BPF_MAP_GET_FD_BY_ID, 1));
	close(copy);
	assert_false(is_there(&rig, BPF_MAP_GET_FD_BY_ID, 1));
	/* Where nobody has to hold anything it stays. */
	rig.emu->holders = false;
	close(make_map(&rig, BPF_MAP_TYPE_ARRAY, 0));
	assert_true(is_there(&rig, BPF_MAP_GET_FD_BY_ID, 2));
	sys_rig_fini(&rig);
}

static void
test_pins(void **state)
{
	struct sys_rig rig;
	union bpf_attr attr;
	int fd;

	(void)state;
	init(&rig);
	fd = make_map(&rig, BPF_MAP_TYPE_ARRAY, 0);
	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t) "/sys/fs/bpf/m";
	attr.bpf_fd = (u32)fd;
	assert_int_equal(sys_rig_bpf(&rig, BPF_OBJ_PIN, &attr, sizeof(attr)), 0);
	close(fd);
	assert_true(is_there(&rig, BPF_MAP_GET_FD_BY_ID, 1));
	assert_int_equal(xb_pin_remove(rig.emu, "/sys/fs/bpf/m"), 0);
	assert_false(is_there(&rig, BPF_MAP_GET_FD_BY_ID, 1));
	sys_rig_fini(&rig);
}

/* What is in a map stays with it; a prog array that nobody has open is emptied. */
static void
test_maps(void **state)
{
	struct sys_rig rig;
	int prog, array, inner, outer;

	(void)state;
	init(&rig);
	prog = make_prog(&rig);
	array = make_map(&rig, BPF_MAP_TYPE_PROG_ARRAY, 0);
	put(&rig, array, 1, prog);
	close(prog);
	assert_true(is_there(&rig, BPF_PROG_GET_FD_BY_ID, 1));
	inner = make_map(&rig, BPF_MAP_TYPE_ARRAY, 0);
	outer = make_map(&rig, BPF_MAP_TYPE_HASH_OF_MAPS, (u32)inner);
	put(&rig, outer, 7, inner);
	close(inner);
	assert_true(is_there(&rig, BPF_MAP_GET_FD_BY_ID, 2));
	close(outer);
	assert_false(is_there(&rig, BPF_MAP_GET_FD_BY_ID, 2));
	assert_false(is_there(&rig, BPF_MAP_GET_FD_BY_ID, 3));
	assert_true(is_there(&rig, BPF_PROG_GET_FD_BY_ID, 1));
	close(array);
	assert_false(is_there(&rig, BPF_PROG_GET_FD_BY_ID, 1));
	sys_rig_fini(&rig);
}

static int
open_event(struct sys_rig *rig, u64 config, u64 sample_type)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = config,
		.sample_type = sample_type,
	};

	return xb_perf_event_open(rig->emu, (uintptr_t)&attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

static struct xb_perf_event *
event_of(struct sys_rig *rig, int fd)
{
	return XB_CONTAINER_OF(sys_rig_obj(rig, fd, XB_OBJ_PERF), struct xb_perf_event, obj);
}

/* A record of 8 + 4 + 12 bytes: 170 fit into a page, with 16 bytes left. */
static void
test_ring(void **state)
{
	const char sample[] = "hello world";
	struct perf_event_mmap_page *head;
	struct perf_event_header h;
	struct xb_perf_event *event;
	struct sys_rig rig;
	u64 written;
	u32 cnt = 0;
	int fd;

	(void)state;
	init(&rig);
	fd = open_event(&rig, PERF_COUNT_SW_BPF_OUTPUT, PERF_SAMPLE_RAW);
	assert_true(fd >= 0);
	event = event_of(&rig, fd);
	assert_int_equal(xb_perf_event_output(event, sample, sizeof(sample)), -ENOSPC);
	assert_int_equal(xb_perf_event_map(event, 3 * PAGE + PAGE), -EINVAL);
	assert_int_equal(xb_perf_event_map(event, 2 * PAGE), 0);
	assert_int_equal(xb_perf_event_map(event, 3 * PAGE), -EINVAL);
	head = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(head, MAP_FAILED);
	assert_false(xb_perf_event_readable(event, &written));
	while (xb_perf_event_output(event, sample, sizeof(sample)) == 0)
		cnt++;
	assert_int_equal(cnt, PAGE / 24);
	assert_true(xb_perf_event_readable(event, &written));
	assert_int_equal(written, cnt * 24);
	memcpy(&h, (char *)head + PAGE, sizeof(h));
	assert_int_equal(h.type, PERF_RECORD_SAMPLE);
	assert_int_equal(h.size, 24);
	assert_memory_equal((char *)head + PAGE + 12, sample, sizeof(sample));
	/* Then the reader is told what it lost, around the ring's end. */
	head->data_tail = head->data_head;
	assert_int_equal(xb_perf_event_output(event, sample, sizeof(sample)), 0);
	assert_int_equal(head->data_head - written, 24 + 24);
	memcpy(&h, (char *)head + PAGE + written, sizeof(h));
	assert_int_equal(h.type, PERF_RECORD_LOST);
	assert_int_equal(xb_perf_event_ioctl(event, PERF_EVENT_IOC_DISABLE, 0), 0);
	assert_int_equal(xb_perf_event_output(event, sample, sizeof(sample)), -EOPNOTSUPP);
	munmap(head, 2 * PAGE);
	close(fd);
	sys_rig_fini(&rig);
}

static void
test_refused(void **state)
{
	struct sys_rig rig;
	int fd;

	(void)state;
	init(&rig);
	assert_int_equal(open_event(&rig, PERF_COUNT_SW_PAGE_FAULTS, 0), -EOPNOTSUPP);
	assert_int_equal(open_event(&rig, PERF_COUNT_SW_BPF_OUTPUT, PERF_SAMPLE_IP), -EOPNOTSUPP);
	assert_int_equal(xb_perf_event_open(rig.emu, 0x10, -1, 0, -1, 0), -EFAULT);
	fd = open_event(&rig, PERF_COUNT_SW_CPU_CLOCK, 0);
	assert_true(fd >= 0);
	assert_int_equal(xb_perf_event_output(event_of(&rig, fd), "", 4), -EINVAL);
	assert_int_equal(xb_perf_event_ioctl(event_of(&rig, fd), PERF_EVENT_IOC_SET_BPF, 0),
	                 -ENOTTY);
	close(fd);
	sys_rig_fini(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptors), cmocka_unit_test(test_pins),
		cmocka_unit_test(test_maps),        cmocka_unit_test(test_ring),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
