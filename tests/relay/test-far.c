/* SPDX-License-Identifier: BSD-2-Clause */
/* Tunnels between two workers, and what either does when the other's frames are not as they should
 * be. */
#include "tests/relay/far-fixture.h"

static void
test_messages(Fixture *f, gconstpointer unused)
{
	static const gsize lens[] = {1, 81, RELAY_WIRE_PIECE_MAX - 1, RELAY_WIRE_PIECE_MAX,
	    RELAY_WIRE_PIECE_MAX + 1, 3 * RELAY_WIRE_PIECE_MAX, 200000};

	pair(f);
	for (gsize i = 0; i < G_N_ELEMENTS(lens); i++) {
		say(&f->phone, (guint8)i, lens[i]);
		say(&f->client, (guint8)(i + 9), lens[i]);
		carry(f);
		hear(&f->other, &f->client, (guint8)i, lens[i]);
		hear(&f->owner, &f->phone, (guint8)(i + 9), lens[i]);
		carry(f);
	}
	g_assert_cmpuint(f->owner.link.link.users.length, ==, 1);
	g_assert_cmpuint(f->other.link.link.users.length, ==, 1);
}

static void
test_early(Fixture *f, gconstpointer unused)
{
	open_phone(f);
	say(&f->phone, 1, 81);
	say(&f->phone, 2, 50000);
	ask(f, id_a);
	carry(f);
	g_assert_cmpint(f->client.answer, ==, RELAY_JOIN_OK);
	hear(&f->other, &f->client, 1, 81);
	hear(&f->other, &f->client, 2, 50000);
}

static void
test_refused(Fixture *f, gconstpointer unused)
{
	Probe third = {.end.ops = &ops};

	ask(f, id_b);
	carry(f);
	g_assert_cmpint(f->client.answer, ==, RELAY_JOIN_NONE);
	g_assert_cmpuint(f->other.link.link.users.length, ==, 0);
	g_assert_cmpuint(f->owner.link.link.users.length, ==, 0);
	open_phone(f);
	g_assert_cmpint(relay_tunnels_join(f->owner.tunnels, id_a, &third.end), ==, RELAY_JOIN_OK);
	f->client.answers = 0;
	ask(f, id_a);
	carry(f);
	g_assert_cmpint(f->client.answer, ==, RELAY_JOIN_TAKEN);
	g_assert_nonnull(third.end.tunnel);
	relay_end_leave(&third.end, RELAY_END_LEFT, 1000);
}

/* Without a link the answer is there at once, and comes once. */
static void
test_no_link(Fixture *f, gconstpointer unused)
{
	const RelayRoute nowhere = {.node = 9};

	g_assert_cmpint(relay_fars_join(f->other.fars, nowhere, id_a, &f->client.end, on_answer,
			    &f->client.asked),
	    ==, RELAY_JOIN_NONE);
	f->other.cut_off = TRUE;
	g_assert_cmpint(relay_fars_join(f->other.fars, f->owner.route, id_a, &f->client.end,
			    on_answer, &f->client.asked),
	    ==, RELAY_JOIN_LOST);
	g_assert_cmpuint(f->client.answers, ==, 0);
}

/* Who asked is gone before the answer comes: the phone is told, and nothing stays. */
static void
test_forget(Fixture *f, gconstpointer unused)
{
	open_phone(f);
	ask(f, id_a);
	relay_far_forget(f->client.asked);
	g_assert_cmpuint(f->other.link.link.users.length, ==, 0);
	carry(f);
	g_assert_cmpuint(f->client.answers, ==, 0);
	g_assert_null(f->phone.end.tunnel);
	g_assert_cmpuint(f->phone.end.close_code, ==, 1001);
	g_assert_cmpuint(f->owner.link.link.users.length, ==, 0);
}

/* The answer crosses with the news that nobody waits for it. */
static void
test_forget_late(Fixture *f, gconstpointer unused)
{
	open_phone(f);
	ask(f, id_a);
	deliver_one(&f->other, &f->owner);
	relay_far_forget(f->client.asked);
	carry(f);
	g_assert_cmpuint(f->client.answers, ==, 0);
	g_assert_cmpuint(f->phone.end.close_code, ==, 1001);
}

static void
test_close(Fixture *f, gconstpointer data)
{
	gboolean phone_leaves = GPOINTER_TO_INT(data);
	Probe *leaver = phone_leaves ? &f->phone : &f->client;

	pair(f);
	say(leaver, 1, 40000);
	say(leaver, 2, 5);
	relay_end_leave(&leaver->end, RELAY_END_LEFT, 4001);
	carry(f);
	assert_over(f, phone_leaves ? 0 : 4001, phone_leaves ? 4001 : 0);
	if (phone_leaves) {
		hear(&f->other, &f->client, 1, 40000);
		hear(&f->other, &f->client, 2, 5);
	} else {
		hear(&f->owner, &f->phone, 1, 40000);
		hear(&f->owner, &f->phone, 2, 5);
	}
}

/* Both leave at once: each one's close finds nobody. */
static void
test_close_crosses(Fixture *f, gconstpointer unused)
{
	pair(f);
	relay_end_leave(&f->phone.end, RELAY_END_LEFT, 1000);
	relay_end_leave(&f->client.end, RELAY_END_LEFT, 1000);
	carry(f);
	assert_over(f, 0, 0);
}

/* A client that does not read: no more than the window is sent to its worker. */
static void
test_pause(Fixture *f, gconstpointer unused)
{
	pair(f);
	for (int i = 0; i < 6; i++) {
		say(&f->phone, (guint8)i, 90000);
		carry(f);
	}
	g_assert_true(f->phone.paused);
	g_assert_cmpuint(f->client.end.out.count, ==, 4);
	for (int i = 0; i < 6; i++) {
		hear(&f->other, &f->client, (guint8)i, 90000);
		carry(f);
	}
	g_assert_false(f->phone.paused);
	say(&f->phone, 9, 1500);
	carry(f);
	hear(&f->other, &f->client, 9, 1500);
}

/* The other way round, and who sent has left meanwhile. */
static void
test_pause_and_leave(Fixture *f, gconstpointer unused)
{
	pair(f);
	for (int i = 0; i < 6; i++) {
		say(&f->client, (guint8)i, 90000);
		carry(f);
	}
	g_assert_true(f->client.paused);
	relay_end_leave(&f->client.end, RELAY_END_LEFT, 1000);
	carry(f);
	g_assert_nonnull(f->phone.end.tunnel);
	for (int i = 0; i < 6; i++) {
		hear(&f->owner, &f->phone, (guint8)i, 90000);
		carry(f);
	}
	assert_over(f, 1000, 0);
}

/* A reader that keeps up is told of nothing but what it took, however much it is. */
static void
test_window(Fixture *f, gconstpointer unused)
{
	pair(f);
	for (int i = 0; i < 40; i++) {
		say(&f->phone, (guint8)i, 100000);
		carry(f);
		hear(&f->other, &f->client, (guint8)i, 100000);
		carry(f);
		g_assert_false(f->phone.paused);
	}
}

/* Less than before, or more than was sent, frees nothing. */
static void
test_odd_taken(Fixture *f, gconstpointer unused)
{
	static const guint8 odd[][4] = {
	    {0, 0, 0, 0}, {0xff, 0xff, 0xff, 0xff}, {0x7f, 0, 0, 0}, {0, 0x10, 0, 0}};
	RelayWire wire = {.type = RELAY_WIRE_TAKEN, .from = f->other.route, .payload_len = 4};

	pair(f);
	say(&f->client, 1, 10);
	run_both(f);
	wire.session = peek(&f->other).session;
	for (int i = 0; i < 6; i++) {
		say(&f->phone, (guint8)i, 90000);
		carry(f);
	}
	g_assert_cmpuint(f->client.end.out.count, ==, 4);
	for (gsize i = 0; i < G_N_ELEMENTS(odd); i++) {
		wire.payload = odd[i];
		relay_fars_receive(f->owner.fars, &wire);
		carry(f);
		g_assert_cmpuint(f->client.end.out.count, ==, 4);
	}
}

static void
test_full_link(Fixture *f, gconstpointer unused)
{
	pair(f);
	f->owner.link.link.full = TRUE;
	say(&f->phone, 1, 1500);
	say(&f->phone, 2, 1500);
	carry(f);
	g_assert_true(f->phone.paused);
	g_assert_cmpuint(f->client.end.out.count, ==, 0);
	/* What goes the other way is not stopped by it. */
	say(&f->client, 3, 10);
	carry(f);
	hear(&f->owner, &f->phone, 3, 10);
	relay_end_leave(&f->phone.end, RELAY_END_LEFT, 4000);
	carry(f);
	g_assert_nonnull(f->client.end.tunnel);
	f->owner.link.link.full = FALSE;
	relay_fars_resume(f->owner.fars, &f->owner.link.link);
	carry(f);
	hear(&f->other, &f->client, 1, 1500);
	hear(&f->other, &f->client, 2, 1500);
	assert_over(f, 0, 4000);
}

static void
test_lost(Fixture *f, gconstpointer unused)
{
	pair(f);
	relay_fars_lost(f->owner.fars, &f->owner.third.link, RELAY_JOIN_NONE);
	g_assert_nonnull(f->phone.end.tunnel);
	say(&f->phone, 1, 10);
	relay_fars_lost(f->owner.fars, &f->owner.link.link, RELAY_JOIN_NONE);
	relay_fars_lost(f->other.fars, &f->other.link.link, RELAY_JOIN_NONE);
	assert_over(f, 1001, 1001);
	g_assert_cmpint(f->phone.end.cause, ==, RELAY_END_LOST);
	g_assert_cmpuint(f->client.answers, ==, 1);
}

static void
test_lost_while_asking(Fixture *f, gconstpointer data)
{
	RelayJoin why = GPOINTER_TO_INT(data);

	open_phone(f);
	ask(f, id_a);
	relay_fars_lost(f->other.fars, &f->other.link.link, why);
	if (why == RELAY_JOIN_OK) {
		/* The peer has started anew; what it was asked since it will answer. */
		g_assert_cmpuint(f->client.answers, ==, 0);
		carry(f);
		say(&f->client, 1, 10);
		carry(f);
		hear(&f->owner, &f->phone, 1, 10);
	}
	g_assert_cmpuint(f->client.answers, ==, 1);
	g_assert_cmpint(f->client.answer, ==, why);
	g_assert_cmpuint(f->other.link.link.users.length, ==, why == RELAY_JOIN_OK ? 1 : 0);
}

/* One side lost everything, the other does not know: the next frame tells it. */
static void
test_lost_on_one_side(Fixture *f, gconstpointer data)
{
	Probe *speaker = GPOINTER_TO_INT(data) ? &f->phone : &f->client;
	World *silent = GPOINTER_TO_INT(data) ? &f->other : &f->owner;

	pair(f);
	relay_fars_lost(silent->fars, &silent->link.link, RELAY_JOIN_LOST);
	say(speaker, 1, 10);
	carry(f);
	assert_over(f, 1001, 1001);
}

static void
test_missing_piece(Fixture *f, gconstpointer data)
{
	gboolean from_phone = GPOINTER_TO_INT(data);

	pair(f);
	say(from_phone ? &f->phone : &f->client, 1, 3 * RELAY_WIRE_PIECE_MAX);
	run_both(f);
	deliver_one(from_phone ? &f->owner : &f->other, from_phone ? &f->other : &f->owner);
	drop_one(from_phone ? &f->owner : &f->other);
	carry(f);
	assert_over(f, 1001, 1001);
	g_assert_null(f->phone.end.out.head);
	g_assert_null(f->client.end.out.head);
}

static void
test_doubled_piece(Fixture *f, gconstpointer unused)
{
	RelayWire wire;

	pair(f);
	say(&f->phone, 1, 10);
	run_both(f);
	wire = peek(&f->owner);
	relay_fars_receive(f->other.fars, &wire);
	carry(f);
	assert_over(f, 1001, 1001);
	hear(&f->other, &f->client, 1, 10);
	g_assert_null(f->client.end.out.head);
}

/* Every frame about a tunnel that is not there is answered by its end, but for an end. */
static void
test_unknown(Fixture *f, gconstpointer unused)
{
	static const RelayWireType types[] = {
	    RELAY_WIRE_ANSWER, RELAY_WIRE_PIECE, RELAY_WIRE_TAKEN};
	static const guint8 payload[4];
	RelayWire wire = {.from = {.node = 2, .worker = 1}, .session = 55, .payload = payload};
	RelayWire answer;

	for (gsize i = 0; i < 2 * G_N_ELEMENTS(types); i++) {
		wire.type = types[i / 2];
		wire.from_owner = i % 2;
		wire.payload_len = wire.type <= RELAY_WIRE_PIECE ? 1 : 4;
		relay_fars_receive(f->owner.fars, &wire);
		answer = peek(&f->owner);
		g_assert_cmpint(answer.type, ==, RELAY_WIRE_CLOSE);
		g_assert_cmpuint(answer.session, ==, 55);
		g_assert_cmpint(answer.from_owner, ==, !wire.from_owner);
		g_assert_cmpuint(answer.payload[0] << 8 | answer.payload[1], ==, 1001);
		drop_one(&f->owner);
	}
	wire.type = RELAY_WIRE_CLOSE;
	wire.payload_len = 3;
	relay_fars_receive(f->owner.fars, &wire);
	g_assert_cmpuint(f->owner.link.sent.length, ==, 0);
	wire.from.node = 99;
	wire.type = RELAY_WIRE_TAKEN;
	wire.payload_len = 4;
	relay_fars_receive(f->owner.fars, &wire);
	g_assert_cmpuint(f->owner.link.sent.length, ==, 0);
}

/* A number that is asked with twice: the first tunnel is given up. */
static void
test_double_join(Fixture *f, gconstpointer unused)
{
	Probe second = {.end.ops = &ops};
	RelayWire join;

	pair(f);
	g_assert_cmpint(relay_tunnels_open(f->owner.tunnels, id_b, &second.end), ==, RELAY_JOIN_OK);
	say(&f->client, 1, 10);
	run_both(f);
	join = peek(&f->other);
	join.type = RELAY_WIRE_JOIN;
	join.payload = id_b;
	join.payload_len = sizeof(id_b);
	relay_fars_receive(f->owner.fars, &join);
	g_assert_cmpuint(f->phone.end.close_code, ==, 1001);
	g_assert_nonnull(second.end.tunnel);
	g_assert_cmpuint(f->owner.link.link.users.length, ==, 1);
	relay_end_leave(&second.end, RELAY_END_LEFT, 1000);
	relay_end_clear(&second.end, &f->owner.budget);
	carry(f);
	assert_over(f, 1001, 1000);
}

/* Answers nobody asked for, or that say something unknown. */
static void
test_odd_answers(Fixture *f, gconstpointer unused)
{
	guint8 byte = RELAY_JOIN_NONE;
	RelayWire wire;

	pair(f);
	say(&f->client, 1, 10);
	say(&f->phone, 2, 10);
	run_both(f);
	wire = peek(&f->other);
	wire.type = RELAY_WIRE_ANSWER;
	wire.payload = &byte;
	wire.payload_len = 1;
	relay_fars_receive(f->owner.fars, &wire);
	wire.from = f->owner.route;
	wire.from_owner = TRUE;
	relay_fars_receive(f->other.fars, &wire);
	g_assert_cmpuint(f->client.answers, ==, 1);
	carry(f);
	hear(&f->owner, &f->phone, 1, 10);
	hear(&f->other, &f->client, 2, 10);
}

static void
test_unknown_answer(Fixture *f, gconstpointer unused)
{
	const guint8 byte = 200;
	RelayWire wire;

	ask(f, id_a);
	wire = peek(&f->other);
	wire.from = f->owner.route;
	wire.from_owner = TRUE;
	wire.type = RELAY_WIRE_ANSWER;
	wire.payload = &byte;
	wire.payload_len = 1;
	relay_fars_receive(f->other.fars, &wire);
	g_assert_cmpint(f->client.answer, ==, RELAY_JOIN_LOST);
}

static void
test_odd_close(Fixture *f, gconstpointer unused)
{
	static const guint8 payload[] = {0, 0, 255};
	RelayWire wire;

	pair(f);
	say(&f->phone, 1, 10);
	run_both(f);
	wire = peek(&f->owner);
	wire.type = RELAY_WIRE_CLOSE;
	wire.payload = payload;
	wire.payload_len = sizeof(payload);
	relay_fars_receive(f->other.fars, &wire);
	g_assert_cmpuint(f->client.end.close_code, ==, 1001);
	g_assert_cmpint(f->client.end.cause, ==, RELAY_END_SHUTDOWN);
}

/* The limits of the worker that has the tunnel hold for who came by another. */
static void
test_too_long(Fixture *f, gconstpointer unused)
{
	pair(f);
	f->owner.limits.message_bytes = 40000;
	say(&f->client, 1, 50000);
	carry(f);
	assert_over(f, 1008, 1009);
	g_assert_null(f->phone.end.out.head);
}

/* Two that ask at once, of whom one is first. */
static void
test_race(Fixture *f, gconstpointer unused)
{
	Probe rival = {.end.ops = &ops};

	open_phone(f);
	ask(f, id_a);
	g_assert_cmpint(relay_fars_join(f->other.fars, f->owner.route, id_a, &rival.end, on_answer,
			    &rival.asked),
	    ==, RELAY_JOIN_OK);
	carry(f);
	g_assert_cmpint(f->client.answer, ==, RELAY_JOIN_OK);
	g_assert_cmpint(rival.answer, ==, RELAY_JOIN_TAKEN);
	say(&f->client, 1, 10);
	carry(f);
	hear(&f->owner, &f->phone, 1, 10);
}

/* The relay stops: the other worker's end is told. */
static void
test_shutdown(Fixture *f, gconstpointer unused)
{
	pair(f);
	relay_tunnels_end_all(f->other.tunnels, RELAY_CLOSE_AWAY);
	carry(f);
	assert_over(f, 1001, 1001);
	g_assert_cmpint(f->phone.end.cause, ==, RELAY_END_SHUTDOWN);
}

/* What is still asked for when all ends is freed. */
static void
test_free(Fixture *f, gconstpointer unused)
{
	open_phone(f);
	ask(f, id_a);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(Fixture *f, gconstpointer data);
		int data;
	} tests[] = {
	    {"/relay/far/messages-pass-both-ways", test_messages, 0},
	    {"/relay/far/early-messages-follow-the-answer", test_early, 0},
	    {"/relay/far/refusals-come-back", test_refused, 0},
	    {"/relay/far/without-a-link", test_no_link, 0},
	    {"/relay/far/who-asked-is-gone", test_forget, 0},
	    {"/relay/far/who-asked-goes-as-the-answer-comes", test_forget_late, 0},
	    {"/relay/far/the-phone-leaves", test_close, TRUE},
	    {"/relay/far/the-client-leaves", test_close, FALSE},
	    {"/relay/far/both-leave", test_close_crosses, 0},
	    {"/relay/far/a-slow-reader-pauses-its-peer", test_pause, 0},
	    {"/relay/far/a-slow-reader-after-its-peer-left", test_pause_and_leave, 0},
	    {"/relay/far/a-reader-that-keeps-up", test_window, 0},
	    {"/relay/far/a-count-that-cannot-be", test_odd_taken, 0},
	    {"/relay/far/a-full-link-pauses-too", test_full_link, 0},
	    {"/relay/far/a-lost-link-ends-its-tunnels", test_lost, 0},
	    {"/relay/far/lost-while-asking", test_lost_while_asking, RELAY_JOIN_NONE},
	    {"/relay/far/lost-for-now-while-asking", test_lost_while_asking, RELAY_JOIN_LOST},
	    {"/relay/far/started-anew-while-asking", test_lost_while_asking, RELAY_JOIN_OK},
	    {"/relay/far/the-owner-lost-it", test_lost_on_one_side, FALSE},
	    {"/relay/far/the-client-lost-it", test_lost_on_one_side, TRUE},
	    {"/relay/far/a-missing-piece-from-the-phone", test_missing_piece, TRUE},
	    {"/relay/far/a-missing-piece-from-the-client", test_missing_piece, FALSE},
	    {"/relay/far/a-doubled-piece", test_doubled_piece, 0},
	    {"/relay/far/unknown-tunnels-are-disowned", test_unknown, 0},
	    {"/relay/far/a-number-asked-with-twice", test_double_join, 0},
	    {"/relay/far/answers-that-nobody-waits-for", test_odd_answers, 0},
	    {"/relay/far/an-answer-that-is-unknown", test_unknown_answer, 0},
	    {"/relay/far/a-close-without-a-code", test_odd_close, 0},
	    {"/relay/far/the-owners-limits-hold", test_too_long, 0},
	    {"/relay/far/two-ask-at-once", test_race, 0},
	    {"/relay/far/the-relay-stops", test_shutdown, 0},
	    {"/relay/far/nothing-is-left-behind", test_free, 0},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, GINT_TO_POINTER(tests[i].data), set_up,
		    tests[i].test, tear_down);
	return g_test_run();
}
