/* SPDX-License-Identifier: BSD-2-Clause */
/* What workers and nodes say to each other, as bytes. */
#include <glib.h>
#include <string.h>

#include "bridge/relay/wire.h"

static const guint8 golden[] = {1, 3, 3, 7, 0x12, 0x34, 0xab, 0xcd, 0xa1, 0xb2, 0xc3, 0xd4, 0x01,
    0x02, 0x03, 0x04, 0xff, 0xfe, 0xfd, 0xfc, 'h', 'i'};

static void
test_fields(void)
{
	RelayWire wire = {
	    .type = RELAY_WIRE_PIECE,
	    .from = {.node = 0x1234, .worker = 7},
	    .from_owner = TRUE,
	    .final = TRUE,
	    .count = 0xabcd,
	    .epoch = 0xa1b2c3d4,
	    .session = 0x01020304,
	    .sequence = 0xfffefdfc,
	};
	guint8 head[RELAY_WIRE_HEAD_LEN];
	RelayWire read;

	relay_wire_build_head(&wire, head);
	g_assert_cmpmem(head, sizeof(head), golden, RELAY_WIRE_HEAD_LEN);
	g_assert_true(relay_wire_parse(&read, golden, sizeof(golden)));
	g_assert_cmpint(read.type, ==, RELAY_WIRE_PIECE);
	g_assert_true(relay_route_equal(read.from, wire.from));
	g_assert_true(read.from_owner);
	g_assert_true(read.final);
	g_assert_cmpuint(read.count, ==, wire.count);
	g_assert_cmpuint(read.epoch, ==, wire.epoch);
	g_assert_cmpuint(read.session, ==, wire.session);
	g_assert_cmpuint(read.sequence, ==, wire.sequence);
	g_assert_cmpmem(read.payload, read.payload_len, "hi", 2);
	g_assert_true(read.payload == golden + RELAY_WIRE_HEAD_LEN);
}

/* Each flag by itself. */
static void
test_flags(void)
{
	guint8 frame[sizeof(golden)];
	RelayWire read;

	memcpy(frame, golden, sizeof(frame));
	for (guint8 flags = 0; flags < 4; flags++) {
		guint8 head[RELAY_WIRE_HEAD_LEN];

		frame[2] = flags;
		g_assert_true(relay_wire_parse(&read, frame, sizeof(frame)));
		g_assert_cmpint(read.from_owner, ==, flags & 1);
		g_assert_cmpint(read.final, ==, flags >> 1);
		relay_wire_build_head(&read, head);
		g_assert_cmpuint(head[2], ==, flags);
	}
}

typedef struct {
	const char *name;
	RelayWireType type;
	gsize min;
	gsize max;
} LenCase;

static const LenCase len_cases[] = {
    {"join", RELAY_WIRE_JOIN, 16, 16},
    {"answer", RELAY_WIRE_ANSWER, 1, 1},
    {"piece", RELAY_WIRE_PIECE, 1, RELAY_WIRE_PIECE_MAX},
    {"close", RELAY_WIRE_CLOSE, 3, 3},
    {"taken", RELAY_WIRE_TAKEN, 4, 4},
    {"ping", RELAY_WIRE_PING, 0, 0},
    {"pong", RELAY_WIRE_PONG, 0, 0},
};

static void
test_len(gconstpointer data)
{
	const LenCase *c = data;
	const RelayWire wire = {.type = c->type};
	gsize room = RELAY_WIRE_HEAD_LEN + RELAY_WIRE_PIECE_MAX + 1;
	g_autofree guint8 *frame = g_malloc0(room);
	RelayWire read;

	relay_wire_build_head(&wire, frame);
	g_assert_true(relay_wire_parse(&read, frame, RELAY_WIRE_HEAD_LEN + c->min));
	g_assert_cmpuint(read.payload_len, ==, c->min);
	g_assert_true(relay_wire_parse(&read, frame, RELAY_WIRE_HEAD_LEN + c->max));
	g_assert_cmpuint(read.payload_len, ==, c->max);
	g_assert_false(relay_wire_parse(&read, frame, RELAY_WIRE_HEAD_LEN + c->min - 1));
	g_assert_false(relay_wire_parse(&read, frame, RELAY_WIRE_HEAD_LEN + c->max + 1));
	g_assert_cmpuint(read.payload_len, ==, c->max);
}

typedef struct {
	const char *name;
	gsize at;
	guint8 byte;
} BadCase;

static const BadCase bad_cases[] = {
    {"version-before", 0, 0},
    {"version-after", 0, 2},
    {"type-none", 1, 0},
    {"type-too-great", 1, RELAY_WIRE_TYPES_END},
    {"type-greatest", 1, 255},
    {"flag-unknown", 2, 4},
    {"flag-highest", 2, 0x81},
};

/* The reader's struct stays as it was. */
static void
test_bad(gconstpointer data)
{
	const BadCase *c = data;
	guint8 frame[sizeof(golden)];
	RelayWire read = {.session = 77};

	memcpy(frame, golden, sizeof(frame));
	frame[c->at] = c->byte;
	g_assert_false(relay_wire_parse(&read, frame, sizeof(frame)));
	g_assert_cmpuint(read.session, ==, 77);
	g_assert_null(read.payload);
}

static void
test_short(void)
{
	RelayWire read;

	for (gsize len = 0; len <= RELAY_WIRE_HEAD_LEN; len++) {
		g_autofree guint8 *frame = g_memdup2(golden, len);

		g_assert_false(relay_wire_parse(&read, frame, len));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/relay/wire/every-field-has-its-place", test_fields);
	g_test_add_func("/relay/wire/flags", test_flags);
	g_test_add_func("/relay/wire/too-short", test_short);
	for (gsize i = 0; i < G_N_ELEMENTS(len_cases); i++) {
		g_autofree char *path = g_strdup_printf("/relay/wire/len/%s", len_cases[i].name);

		g_test_add_data_func(path, &len_cases[i], test_len);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
		g_autofree char *path = g_strdup_printf("/relay/wire/bad/%s", bad_cases[i].name);

		g_test_add_data_func(path, &bad_cases[i], test_bad);
	}
	return g_test_run();
}
