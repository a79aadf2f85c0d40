/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/chance.h"

u64
chance_next(struct chance *c)
{
	u64 x = c->state += 0x9e3779b97f4a7c15ull;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

u32
chance_below(struct chance *c, u32 end)
{
	return (u32)((chance_next(c) >> 32) * end >> 32);
}

s32
chance_between(struct chance *c, s32 first, s32 last)
{
	return first + (s32)chance_below(c, (u32)(last - first + 1));
}

bool
chance_percent(struct chance *c, u32 percent)
{
	return chance_below(c, 100) < percent;
}

u64
chance_value(struct chance *c)
{
	static const u64 ends[] = { 0,          1,          0x7f,      0x80,       0xff,
		                    0x7fff,     0x8000,     0xffff,    INT32_MAX,  0x80000000,
		                    UINT32_MAX, 1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX };

	u64 x;

	switch (chance_below(c, 5)) {
	case 0:
		x = (u64)1 << chance_below(c, 64);
		return x + (u64)(s64)chance_between(c, -1, 1);
	case 1:
		return chance_next(c);
	case 2:
		return (u64)(s64)(s32)chance_next(c);
	case 3:
		return (u64)chance_between(c, -70, 70);
	default:
		return ends[chance_below(c, XB_ARRAY_SIZE(ends))];
	}
}

s32
chance_imm(struct chance *c)
{
	static const s32 ends[] = { 0,      1,      -1,     2,         7,        8,   31,
		                    32,     63,     64,     127,       128,      255, 32767,
		                    -32768, 0xffff, -65536, INT32_MAX, INT32_MIN };

	switch (chance_below(c, 4)) {
	case 0:
		return (s32)chance_value(c);
	case 1:
		return chance_between(c, -16, 16);
	default:
		return ends[chance_below(c, XB_ARRAY_SIZE(ends))];
	}
}

void
chance_fill(struct chance *c, void *to, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		((u8 *)to)[i] = (u8)chance_next(c);
}
