/* SPDX-License-Identifier: BSD-2-Clause */
/* Tunnels without sockets: pairing, forwarding, limits, ending. */
#include <glib.h>
#include <string.h>

#include "bridge/relay/tunnel.h"

static const guint8 id_a[RELAY_TUNNEL_ID_LEN] = "tunnel a";
static const guint8 id_b[RELAY_TUNNEL_ID_LEN] = "tunnel b";

/* An end that remembers what it was told. */
typedef struct {
	RelayEnd end; /* first */
	guint wakes;
	gboolean paused;
	gsize held; /* as we were told */
	gsize held_max;
} Probe;

static void
on_wake(RelayEnd *end)
{
	((Probe *)end)->wakes++;
}

static void
on_pause(RelayEnd *end, gboolean paused)
{
	((Probe *)end)->paused = paused;
}

static gboolean
on_account(RelayEnd *end, gssize bytes)
{
	Probe *probe = (Probe *)end;

	probe->held = (gsize)((gssize)probe->held + bytes);
	return probe->held <= probe->held_max;
}

static const RelayEndOps ops = {.wake = on_wake, .pause = on_pause, .account = on_account};

typedef struct {
	RelayLimits limits;
	RelayBudget budget;
	RelayClaims *claims;
	RelayShared *shared;
	RelayMetrics *metrics;
	struct ev_loop *loop;
	RelayDeadlines *deadlines;
	RelayTunnels *tunnels;
	Probe a;
	Probe c;
} Fixture;

static void
set_up(Fixture *f, gconstpointer unused)
{
	f->limits = (RelayLimits){
	    .message_bytes = 1000,
	    .messages = 10,
	    .bytes = 5000,
	    .early_messages = 3,
	    .early_bytes = 500,
	    .buffer_bytes = 2000,
	    .tunnels = 2,
	};
	f->limits.wait_ms[RELAY_WAIT_UNPAIRED] = 60;
	f->limits.wait_ms[RELAY_WAIT_IDLE] = 60;
	f->budget.max = 100000;
	f->loop = ev_loop_new(EVFLAG_AUTO);
	f->deadlines = relay_deadlines_new(f->loop, f->limits.wait_ms);
	f->shared = relay_shared_new(1);
	f->metrics = &relay_shared_slot(f->shared, 0)->metrics;
	f->claims = relay_claims_new(8);
	f->tunnels =
	    relay_tunnels_new(&f->limits, f->deadlines, &f->budget, f->claims, f->shared, 0);
	f->a.end.ops = &ops;
	f->c.end.ops = &ops;
	f->a.held_max = f->c.held_max = G_MAXSIZE;
}

static void
tear_down(Fixture *f, gconstpointer unused)
{
	relay_tunnels_end_all(f->tunnels, 1001);
	relay_end_clear(&f->a.end, &f->budget);
	relay_end_clear(&f->c.end, &f->budget);
	g_assert_cmpuint(f->a.held, ==, 0);
	g_assert_cmpuint(f->c.held, ==, 0);
	g_assert_cmpuint(f->budget.used, ==, 0);
	g_assert_cmpuint(f->metrics->gauges[RELAY_GAUGE_TUNNELS], ==, 0);
	g_assert_cmpuint(f->metrics->gauges[RELAY_GAUGE_PAIRED], ==, 0);
	g_assert_cmpuint(f->metrics->gauges[RELAY_GAUGE_FORWARDED], ==, 0);
	relay_tunnels_free(f->tunnels);
	relay_shared_free(f->shared);
	relay_claims_free(f->claims);
	relay_deadlines_free(f->deadlines);
	ev_loop_destroy(f->loop);
}

static void
pair(Fixture *f)
{
	g_assert_cmpint(relay_tunnels_open(f->tunnels, id_a, &f->a.end), ==, RELAY_JOIN_OK);
	g_assert_cmpint(relay_tunnels_join(f->tunnels, id_a, &f->c.end), ==, RELAY_JOIN_OK);
}

/* A whole message of @len bytes, each @byte. */
static void
say(Probe *from, guint8 byte, gsize len)
{
	g_autofree guint8 *data = g_malloc(MAX(len, 1));
	const RelayPiece piece = {.data = data, .len = len, .final = TRUE, .binary = TRUE};

	memset(data, byte, len);
	relay_end_receive(&from->end, &piece);
}

static void
piece(Probe *from, gsize len, gsize expected, gboolean final, gboolean binary)
{
	g_autofree guint8 *data = g_malloc0(MAX(len, 1));
	const RelayPiece part = {
	    .data = data, .len = len, .expected = expected, .final = final, .binary = binary};

	relay_end_receive(&from->end, &part);
}

/* The next message for @to is @len bytes, each @byte. */
static void
hear(Fixture *f, Probe *to, guint8 byte, gsize len)
{
	RelayMessage *message = relay_end_next(&to->end);

	g_assert_nonnull(message);
	g_assert_cmpuint(relay_message_len(message), ==, len);
	for (gsize i = 0; i < len; i++)
		g_assert_cmpuint(relay_message_data(message)[i], ==, byte);
	relay_message_free(message, &f->budget);
}

static void
test_forward(Fixture *f, gconstpointer unused)
{
	pair(f);
	say(&f->a, 1, 10);
	say(&f->a, 2, 1000);
	say(&f->c, 3, 81);
	g_assert_cmpuint(f->c.wakes, ==, 1);
	hear(f, &f->c, 1, 10);
	hear(f, &f->c, 2, 1000);
	hear(f, &f->a, 3, 81);
	g_assert_null(relay_end_next(&f->a.end));
	g_assert_cmpuint(f->metrics->messages_total[RELAY_SIDE_NEW], ==, 2);
	g_assert_cmpuint(f->metrics->bytes_total[RELAY_SIDE_NEW], ==, 1010);
	g_assert_cmpuint(f->metrics->bytes_total[RELAY_SIDE_CONNECT], ==, 81);
}

static void
test_early(Fixture *f, gconstpointer unused)
{
	g_assert_cmpint(relay_tunnels_open(f->tunnels, id_a, &f->a.end), ==, RELAY_JOIN_OK);
	say(&f->a, 1, 100);
	say(&f->a, 2, 200);
	say(&f->a, 3, 200);
	g_assert_nonnull(f->a.end.tunnel);
	g_assert_cmpint(relay_tunnels_join(f->tunnels, id_a, &f->c.end), ==, RELAY_JOIN_OK);
	hear(f, &f->c, 1, 100);
	hear(f, &f->c, 2, 200);
	hear(f, &f->c, 3, 200);
	say(&f->a, 4, 501);
	hear(f, &f->c, 4, 501);
}

static void
test_early_number(Fixture *f, gconstpointer unused)
{
	g_assert_cmpint(relay_tunnels_open(f->tunnels, id_a, &f->a.end), ==, RELAY_JOIN_OK);
	for (int i = 0; i < 4; i++)
		say(&f->a, 1, 1);
	g_assert_cmpuint(f->a.end.close_code, ==, 1008);
	g_assert_cmpint(relay_tunnels_join(f->tunnels, id_a, &f->c.end), ==, RELAY_JOIN_NONE);
}

static void
test_early_size(Fixture *f, gconstpointer unused)
{
	g_assert_cmpint(relay_tunnels_open(f->tunnels, id_a, &f->a.end), ==, RELAY_JOIN_OK);
	say(&f->a, 1, 400);
	piece(&f->a, 1, 100, FALSE, TRUE);
	g_assert_cmpuint(f->a.end.close_code, ==, 1008);
}

static void
test_joins(Fixture *f, gconstpointer unused)
{
	Probe third = {.end.ops = &ops};

	g_assert_cmpint(relay_tunnels_join(f->tunnels, id_a, &third.end), ==, RELAY_JOIN_NONE);
	pair(f);
	g_assert_cmpint(relay_tunnels_open(f->tunnels, id_a, &third.end), ==, RELAY_JOIN_TAKEN);
	g_assert_cmpint(relay_tunnels_join(f->tunnels, id_a, &third.end), ==, RELAY_JOIN_TAKEN);
	g_assert_cmpint(relay_tunnels_join(f->tunnels, id_b, &third.end), ==, RELAY_JOIN_NONE);
	g_assert_cmpint(relay_tunnels_open(f->tunnels, id_b, &third.end), ==, RELAY_JOIN_OK);
	relay_end_leave(&third.end, RELAY_END_LEFT, 1000);
	g_assert_null(third.end.tunnel);
	g_assert_cmpint(relay_tunnels_join(f->tunnels, id_b, &third.end), ==, RELAY_JOIN_NONE);
	g_assert_cmpint(relay_tunnels_open(f->tunnels, id_b, &third.end), ==, RELAY_JOIN_OK);
	relay_end_leave(&third.end, RELAY_END_LEFT, 1000);
}

static void
test_full(Fixture *f, gconstpointer unused)
{
	static const guint8 id_c[RELAY_TUNNEL_ID_LEN] = "tunnel c";
	Probe other = {.end.ops = &ops};
	Probe third = {.end.ops = &ops};

	pair(f);
	g_assert_cmpint(relay_tunnels_open(f->tunnels, id_b, &other.end), ==, RELAY_JOIN_OK);
	g_assert_cmpint(relay_tunnels_open(f->tunnels, id_c, &third.end), ==, RELAY_JOIN_FULL);
	relay_end_leave(&other.end, RELAY_END_LEFT, 1000);
	g_assert_cmpint(relay_tunnels_open(f->tunnels, id_c, &third.end), ==, RELAY_JOIN_OK);
	relay_end_leave(&third.end, RELAY_END_LEFT, 1000);
}

static void
test_leave(Fixture *f, gconstpointer unused)
{
	pair(f);
	say(&f->a, 1, 10);
	relay_end_leave(&f->a.end, RELAY_END_LEFT, 4001);
	relay_end_leave(&f->a.end, RELAY_END_VANISHED, 1001);
	g_assert_cmpuint(f->a.end.close_code, ==, 0);
	g_assert_cmpuint(f->c.end.close_code, ==, 4001);
	g_assert_null(f->c.end.tunnel);
	say(&f->c, 2, 10);
	hear(f, &f->c, 1, 10);
	g_assert_null(relay_end_next(&f->a.end));
	g_assert_cmpuint(f->metrics->ended_total[RELAY_END_LEFT], ==, 1);
	g_assert_cmpuint(f->metrics->ended_total[RELAY_END_VANISHED], ==, 0);
}

typedef struct {
	const char *name;
	gsize len[3]; /* pieces; the last but one that is not 0 continues */
	gsize expected[3];
	gboolean final[3];
	guint pieces;
	gboolean binary;
	guint16 code; /* of the offender; 0 if all is well */
} PieceCase;

static const PieceCase piece_cases[] = {
    {"one", {1}, {0}, {TRUE}, 1, TRUE, 0},
    {"longest", {1000}, {0}, {TRUE}, 1, TRUE, 0},
    {"longest-in-pieces", {400, 0, 600}, {0, 0, 0}, {FALSE, FALSE, TRUE}, 3, TRUE, 0},
    {"empty-then-bytes", {0, 5}, {0, 0}, {FALSE, TRUE}, 2, TRUE, 0},
    {"bytes-then-empty", {5, 0}, {0, 0}, {FALSE, TRUE}, 2, TRUE, 0},
    {"empty", {0}, {0}, {TRUE}, 1, TRUE, 1002},
    {"empty-in-pieces", {0, 0}, {0, 0}, {FALSE, TRUE}, 2, TRUE, 1002},
    {"too-long", {1001}, {0}, {TRUE}, 1, TRUE, 1009},
    {"too-long-in-pieces", {1000, 1}, {0, 0}, {FALSE, TRUE}, 2, TRUE, 1009},
    {"too-long-announced", {1}, {1000}, {FALSE}, 1, TRUE, 1009},
    {"too-long-announced-by-far", {1}, {G_MAXSIZE}, {FALSE}, 1, TRUE, 1009},
    {"text", {5}, {0}, {TRUE}, 1, FALSE, 1003},
    {"text-begun", {5}, {5}, {FALSE}, 1, FALSE, 1003},
};

static void
test_pieces(Fixture *f, gconstpointer data)
{
	const PieceCase *c = data;
	gsize total = 0;

	pair(f);
	for (guint i = 0; i < c->pieces; i++) {
		piece(&f->a, c->len[i], c->expected[i], c->final[i], c->binary);
		total += c->len[i];
	}
	g_assert_cmpuint(f->a.end.close_code, ==, c->code);
	g_assert_cmpuint(f->c.end.close_code, ==, c->code != 0 ? 1008 : 0);
	if (c->code == 0)
		hear(f, &f->c, 0, total);
	else
		g_assert_null(relay_end_next(&f->c.end));
}

static void
test_messages(Fixture *f, gconstpointer unused)
{
	pair(f);
	for (int i = 0; i < 10; i++)
		say(&f->a, 1, 1);
	say(&f->c, 1, 1);
	g_assert_cmpuint(f->a.end.close_code, ==, 0);
	say(&f->a, 1, 1);
	g_assert_cmpuint(f->a.end.close_code, ==, 1008);
	g_assert_cmpuint(f->c.end.close_code, ==, 1008);
	g_assert_cmpuint(f->c.end.out.count, ==, 10);
}

static void
test_pause(Fixture *f, gconstpointer unused)
{
	pair(f);
	say(&f->a, 1, 900);
	g_assert_false(f->a.paused);
	say(&f->a, 2, 900);
	g_assert_false(f->a.paused);
	say(&f->a, 3, 900);
	g_assert_true(f->a.paused);
	g_assert_false(f->c.paused);
	hear(f, &f->c, 1, 900);
	g_assert_true(f->a.paused);
	hear(f, &f->c, 2, 900);
	g_assert_false(f->a.paused);
	hear(f, &f->c, 3, 900);
}

/* A reload may lower what a message that has begun is past already. */
static void
test_bound_lowered_meanwhile(Fixture *f, gconstpointer unused)
{
	pair(f);
	piece(&f->a, 900, 0, FALSE, TRUE);
	f->limits.message_bytes = 500;
	piece(&f->a, 1, 0, FALSE, TRUE);
	g_assert_cmpuint(f->a.end.close_code, ==, RELAY_CLOSE_TOO_LONG);
	g_assert_cmpuint(f->c.end.close_code, ==, RELAY_CLOSE_POLICY);
}

/* Nobody else would tell an end that its peer has let go. */
static void
test_pause_ends_with_the_tunnel(Fixture *f, gconstpointer unused)
{
	pair(f);
	for (guint8 i = 1; i <= 3; i++)
		say(&f->a, i, 900);
	g_assert_true(f->a.paused);
	relay_end_leave(&f->c.end, RELAY_END_VANISHED, RELAY_CLOSE_AWAY);
	g_assert_false(f->a.paused);
	g_assert_false(f->a.end.paused);
	relay_end_clear(&f->c.end, &f->budget);
}

/* A byte above what an end may send is one too many. */
static void
test_too_many_bytes(Fixture *f, gconstpointer unused)
{
	pair(f);
	for (int i = 0; i < 5; i++)
		say(&f->a, 1, 1000);
	g_assert_nonnull(f->a.end.tunnel);
	say(&f->a, 1, 1);
	g_assert_null(f->a.end.tunnel);
	g_assert_cmpuint(f->a.end.close_code, ==, 1008);
	g_assert_cmpuint(f->metrics->ended_total[RELAY_END_TOO_MANY], ==, 1);
}

/* What another worker owns counts there: here it is only passed on. */
static void
test_forwarded(Fixture *f, gconstpointer unused)
{
	relay_tunnels_forward(f->tunnels, &f->c.end, &f->a.end);
	g_assert_cmpuint(f->metrics->gauges[RELAY_GAUGE_FORWARDED], ==, 1);
	g_assert_cmpuint(f->metrics->gauges[RELAY_GAUGE_TUNNELS], ==, 0);
	say(&f->a, 1, 10);
	say(&f->c, 2, 20);
	hear(f, &f->c, 1, 10);
	hear(f, &f->a, 2, 20);
	g_assert_cmpuint(f->metrics->messages_total[RELAY_SIDE_NEW], ==, 0);
	g_assert_cmpuint(f->metrics->forwarded_messages_total, ==, 2);
	relay_end_leave(&f->c.end, RELAY_END_LEFT, 4000);
	g_assert_cmpuint(f->a.end.close_code, ==, 4000);
	g_assert_cmpint(f->a.end.cause, ==, RELAY_END_LEFT);
	g_assert_cmpuint(f->metrics->ended_total[RELAY_END_LEFT], ==, 0);
}

/* Each end answers for what it has to read and what it is saying, to the byte. */
static void
test_account(Fixture *f, gconstpointer unused)
{
	g_assert_cmpint(relay_tunnels_open(f->tunnels, id_a, &f->a.end), ==, RELAY_JOIN_OK);
	say(&f->a, 1, 100);
	g_assert_cmpuint(f->a.held, ==, f->budget.used);
	g_assert_cmpint(relay_tunnels_join(f->tunnels, id_a, &f->c.end), ==, RELAY_JOIN_OK);
	g_assert_cmpuint(f->a.held, ==, 0);
	g_assert_cmpuint(f->c.held, ==, f->budget.used);
	piece(&f->a, 300, 0, FALSE, TRUE);
	g_assert_cmpuint(f->a.held, >=, 300);
	g_assert_cmpuint(f->a.held + f->c.held, ==, f->budget.used);
	hear(f, &f->c, 1, 100);
	g_assert_cmpuint(f->c.held, ==, 0);
	f->c.held_max = 500;
	say(&f->a, 0, 100);
	g_assert_nonnull(f->c.end.tunnel);
	say(&f->a, 0, 200);
	g_assert_null(f->c.end.tunnel);
	g_assert_cmpuint(f->c.end.close_code, ==, 1013);
	g_assert_cmpuint(f->a.end.close_code, ==, 1013);
}

/* Waiting tunnels can be ended without the others. */
static void
test_end_waiting(Fixture *f, gconstpointer unused)
{
	Probe b = {.end.ops = &ops};

	pair(f);
	g_assert_cmpint(relay_tunnels_open(f->tunnels, id_b, &b.end), ==, RELAY_JOIN_OK);
	relay_tunnels_end_waiting(f->tunnels, 1001);
	g_assert_cmpuint(b.end.close_code, ==, 1001);
	g_assert_nonnull(f->a.end.tunnel);
}

static void
test_memory(Fixture *f, gconstpointer unused)
{
	f->budget.max = 1500;
	pair(f);
	say(&f->a, 1, 900);
	say(&f->c, 2, 900);
	g_assert_cmpuint(f->c.end.close_code, ==, 1013);
	g_assert_cmpuint(f->a.end.close_code, ==, 1013);
	g_assert_cmpuint(f->budget.used, <=, 1500);
	hear(f, &f->c, 1, 900);
}

static void
test_waits(Fixture *f, gconstpointer unused)
{
	Probe lonely = {.end.ops = &ops};

	g_assert_cmpint(relay_tunnels_open(f->tunnels, id_b, &lonely.end), ==, RELAY_JOIN_OK);
	pair(f);
	ev_run(f->loop, 0);
	g_assert_cmpuint(lonely.end.close_code, ==, 1008);
	g_assert_cmpuint(f->a.end.close_code, ==, 1008);
	g_assert_cmpuint(f->c.end.close_code, ==, 1008);
	g_assert_cmpuint(f->metrics->ended_total[RELAY_END_UNPAIRED], ==, 1);
	g_assert_cmpuint(f->metrics->ended_total[RELAY_END_IDLE], ==, 1);
}

/* What the journal gets of the last tunnel that ended. */
static char *logged_names;
static char *logged_text;

static GLogWriterOutput
on_log(GLogLevelFlags level, const GLogField *fields, gsize count, gpointer unused)
{
	g_autoptr(GString) names = g_string_new(NULL);
	g_autoptr(GString) text = g_string_new(NULL);

	for (gsize i = 0; i < count; i++) {
		g_string_append_printf(names, "%s ", fields[i].key);
		g_string_append_printf(text, "%s\n", (const char *)fields[i].value);
	}
	g_free(logged_names);
	g_free(logged_text);
	logged_names = g_strdup(names->str);
	logged_text = g_strdup(text->str);
	return g_log_writer_default(level, fields, count, unused);
}

/* A tunnel's line has fields for the journal, and nothing that tells whose it was. */
static void
test_log(Fixture *f, gconstpointer unused)
{
	pair(f);
	say(&f->a, 'x', 10);
	relay_end_leave(&f->c.end, RELAY_END_LEFT, 1000);
	g_assert_cmpstr(logged_names, ==,
	    "MESSAGE PRIORITY GLIB_DOMAIN MESSAGE_ID HYBRIDGE_CAUSE HYBRIDGE_PAIRED "
	    "HYBRIDGE_SECONDS ");
	g_assert_nonnull(strstr(logged_text, "left\nyes\n0.0\n"));
	g_assert_nonnull(strstr(logged_text, "1+0 messages, 10+0 bytes"));
	g_assert_null(strstr(logged_text, "tunnel a"));
	g_assert_null(strstr(logged_text, "74756e6e656c2061"));
	g_assert_null(strstr(logged_text, "xxxx"));
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(Fixture *f, gconstpointer data);
	} tests[] = {
	    {"/relay/tunnel/messages-are-forwarded", test_forward},
	    {"/relay/tunnel/early-messages-are-kept", test_early},
	    {"/relay/tunnel/too-many-early-messages-end-it", test_early_number},
	    {"/relay/tunnel/too-large-early-messages-end-it", test_early_size},
	    {"/relay/tunnel/joins-and-refusals", test_joins},
	    {"/relay/tunnel/no-more-than-the-limit", test_full},
	    {"/relay/tunnel/leaving-is-propagated-once", test_leave},
	    {"/relay/tunnel/too-many-messages-end-it", test_messages},
	    {"/relay/tunnel/a-slow-reader-pauses-its-peer", test_pause},
	    {"/relay/tunnel/a-bound-may-be-lowered-meanwhile", test_bound_lowered_meanwhile},
	    {"/relay/tunnel/a-paused-end-reads-on-when-its-peer-leaves",
		test_pause_ends_with_the_tunnel},
	    {"/relay/tunnel/too-many-bytes-end-it", test_too_many_bytes},
	    {"/relay/tunnel/forwarded-count-elsewhere", test_forwarded},
	    {"/relay/tunnel/each-end-answers-for-its-memory", test_account},
	    {"/relay/tunnel/waiting-ones-can-be-ended", test_end_waiting},
	    {"/relay/tunnel/no-memory-ends-it", test_memory},
	    {"/relay/tunnel/waits-end-it", test_waits},
	    {"/relay/tunnel/one-line-for-the-journal", test_log},
	};

	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(on_log, NULL, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
	for (gsize i = 0; i < G_N_ELEMENTS(piece_cases); i++) {
		g_autofree char *path =
		    g_strdup_printf("/relay/tunnel/pieces/%s", piece_cases[i].name);

		g_test_add(path, Fixture, &piece_cases[i], set_up, test_pieces, tear_down);
	}
	return g_test_run();
}
