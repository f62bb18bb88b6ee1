/* SPDX-License-Identifier: BSD-2-Clause */
/* Websocket frames: the same messages however their bytes come, and none that breaks a rule. */
#include <glib.h>
#include <string.h>

#include "bridge/relay/frame.h"

static const guint8 mask[4] = {0x37, 0xfa, 0x21, 0x3d}; /* RFC 6455 §5.7's */

typedef struct {
	const char *name;
	const char *bytes; /* hex; in parentheses a payload, to be masked, with the mask before */
	const char *want;  /* as log_event() writes it */
} FrameCase;

static const FrameCase cases[] = {
    {"nothing", "", ""},
    {"rfc-masked", "8185 37fa213d 7f9f4d5158", "1:48656c6c6f. "},
    {"binary", "8285 (0102030405)", "2:0102030405. "},
    {"text", "8182 (6869)", "1:6869. "},
    {"empty", "8280 ()", "2:. "},
    {"part-of-a-head", "8285 37fa", ""},
    {"part-of-a-payload", "8285 (010203)", "2:010203"},
    {"two", "8281 (01) 8181 (02)", "2:01. 1:02. "},
    {"fragments", "0281 (01) 0081 (02) 8081 (03)", "2:010203. "},
    {"text-fragments", "0181 (01) 8081 (02)", "1:0102. "},
    {"empty-fragments", "0280 () 0080 () 0081 (aa) 8080 ()", "2:aa. "},
    {"length-16", "82fe007e (%126)", "2:%126. "},
    {"length-125", "82fd (%125)", "2:%125. "},

    {"ping", "8982 (aabb)", "9:aabb "},
    {"pong", "8a81 (aa)", "10:aa "},
    {"empty-ping", "8980 ()", "9: "},
    {"longest-ping", "89fd (%125)", "9:%125 "},
    {"ping-between-fragments", "0281 (01) 8981 (aa) 8081 (02)", "2:01[9:aa ]02. "},
    {"part-of-a-ping", "8982 (aa)", ""},
    {"close", "8882 (03e8)", "8:03e8 =1000 "},
    {"close-without-code", "8880 ()", "8: =1005 "},
    {"close-with-reason", "8885 (03e9 c3bc21)", "8:03e9c3bc21 =1001 "},
    {"close-with-nul", "8883 (03e8 00)", "8:03e800 =1000 "},
    {"close-between-fragments", "0281 (01) 8880 ()", "2:01[8: =1005 ]"},
    {"longest-close", "88fd (0fa0 %123)", "8:0fa0%123 =4000 "},

    {"reserved-1", "c2", "broken:1002"},
    {"reserved-2", "a2", "broken:1002"},
    {"reserved-3", "92", "broken:1002"},
    {"opcode-3", "83", "broken:1002"},
    {"opcode-7", "87", "broken:1002"},
    {"opcode-11", "8b", "broken:1002"},
    {"opcode-15", "8f", "broken:1002"},
    {"no-mask", "8201", "broken:1002"},
    {"no-mask-empty", "8200", "broken:1002"},
    {"no-mask-ping", "8900", "broken:1002"},
    {"no-mask-close", "8800", "broken:1002"},
    {"length-16-too-short", "82fe007d", "broken:1002"},
    {"length-16-of-nothing", "82fe0000", "broken:1002"},
    {"length-64-too-short", "82ff000000000000ffff", "broken:1002"},
    {"length-64-shortest", "82ff0000000000010000 (01)", "2:01"},
    {"length-64-longest", "82ff7fffffffffffffff (01)", "2:01"},
    {"length-64-too-long", "82ff8000000000000000", "broken:1002"},
    {"fragmented-ping", "09", "broken:1002"},
    {"fragmented-pong", "0a", "broken:1002"},
    {"fragmented-close", "08", "broken:1002"},
    {"long-ping", "89fe", "broken:1002"},
    {"longer-ping", "89ff", "broken:1002"},
    {"continuation-first", "80", "broken:1002"},
    {"continuation-first-not-final", "00", "broken:1002"},
    {"continuation-after-message", "8280 () 80", "2:. broken:1002"},
    {"continuation-after-fragments", "0280 () 8080 () 00", "2:. broken:1002"},
    {"message-in-message", "0281 (01) 82", "2:01[broken:1002]"},
    {"text-in-message", "0281 (01) 01", "2:01[broken:1002]"},
    {"close-of-one-byte", "8881 (03)", "broken:1002"},
    {"close-not-utf8", "8883 (03e8 80)", "broken:1007"},
    {"close-cut-utf8", "8884 (03e8 e282)", "broken:1007"},
    {"close-cut-utf8-after-ping", "8986 (808080808080) 8884 (03e8 e282)",
	"9:808080808080 broken:1007"},
    {"close-surrogate", "8885 (03e8 eda080)", "broken:1007"},
    {"close-bad-code-and-not-utf8", "8883 (03e7 80)", "broken:1002"},
};

/* What came of a connection. @left: of the frame that the last piece was of */
typedef struct {
	RelayFrames frames;
	GString *log;
	gboolean in_message;
	guint64 left;
} Reader;

static guint8
hex_byte(const char *hex)
{
	return (guint8)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
}

/* Replaces "%125" by the hex of so many bytes, each one up. */
static char *
expand(const char *text)
{
	GString *out = g_string_new(NULL);

	while (*text != '\0') {
		if (*text == '%') {
			guint64 count = g_ascii_strtoull(text + 1, (char **)&text, 10);

			for (guint i = 0; i < count; i++)
				g_string_append_printf(out, "%02x", i & 0x7f);
		} else {
			g_string_append_c(out, *text++);
		}
	}
	return g_string_free(out, FALSE);
}

static GByteArray *
read_case(const FrameCase *c)
{
	g_autofree char *text = expand(c->bytes);
	GByteArray *bytes = g_byte_array_new();
	guint start = 0;

	for (const char *at = text; *at != '\0'; at++) {
		guint8 byte;

		if (*at == '(') {
			g_byte_array_append(bytes, mask, sizeof(mask));
			start = bytes->len;
		} else if (*at == ')') {
			start = 0;
		}
		if (!g_ascii_isxdigit(*at))
			continue;
		byte = hex_byte(at++);
		if (start > 0)
			byte ^= mask[(bytes->len - start) % 4];
		g_byte_array_append(bytes, &byte, 1);
	}
	return bytes;
}

static void
log_piece(Reader *reader, const RelayFrameEvent *event)
{
	if (!reader->in_message)
		g_string_append_printf(reader->log, "%d:", event->opcode);
	g_assert_true(event->len > 0 || event->left == 0);
	if (reader->left > 0)
		g_assert_cmpuint(reader->left, ==, event->len + event->left);
	reader->left = event->left;
	reader->in_message = !event->final;
	for (gsize i = 0; i < event->len; i++)
		g_string_append_printf(reader->log, "%02x", event->data[i]);
	if (event->final)
		g_string_append(reader->log, ". ");
}

static void
log_event(Reader *reader, const RelayFrameEvent *event)
{
	if (event->kind == RELAY_FRAME_PIECE) {
		log_piece(reader, event);
		return;
	}
	if (event->kind == RELAY_FRAME_NONE)
		return;
	g_string_append(reader->log, reader->in_message ? "[" : "");
	if (event->kind == RELAY_FRAME_BROKEN) {
		g_string_append_printf(reader->log, "broken:%d", event->close_code);
	} else {
		g_string_append_printf(reader->log, "%d:", event->opcode);
		for (gsize i = 0; i < event->len; i++)
			g_string_append_printf(reader->log, "%02x", event->data[i]);
		g_string_append_c(reader->log, ' ');
		if (event->opcode == RELAY_OPCODE_CLOSE)
			g_string_append_printf(reader->log, "=%d ", event->close_code);
	}
	g_string_append(reader->log, reader->in_message ? "]" : "");
}

/* Gives @len bytes from memory of just that size. Returns: FALSE once broken */
static gboolean
feed(Reader *reader, const guint8 *data, gsize len)
{
	g_autofree guint8 *copy = g_memdup2(data, len);
	RelayFrameEvent event;
	gsize at = 0;

	do {
		guint8 *rest = at < len ? copy + at : NULL;
		gsize used;

		event = relay_frames_next(&reader->frames, rest, len - at, &used);
		g_assert_cmpuint(used, <=, len - at);
		if (event.kind == RELAY_FRAME_PIECE && event.len > 0)
			g_assert_true(event.data + event.len == rest + used);
		at += used;
		log_event(reader, &event);
	} while (event.kind == RELAY_FRAME_PIECE || event.kind == RELAY_FRAME_CONTROL);
	g_assert_true(event.kind == RELAY_FRAME_BROKEN || at == len);
	return event.kind == RELAY_FRAME_NONE;
}

static Reader
reader_new(void)
{
	return (Reader){.log = g_string_new(NULL)};
}

static void
assert_log(Reader *reader, const FrameCase *c)
{
	g_autofree char *want = expand(c->want);

	g_assert_cmpstr(reader->log->str, ==, want);
	g_string_free(reader->log, TRUE);
}

static void
test_whole(gconstpointer data)
{
	const FrameCase *c = data;
	g_autoptr(GByteArray) bytes = read_case(c);
	Reader reader = reader_new();

	feed(&reader, bytes->data, bytes->len);
	assert_log(&reader, c);
}

static void
test_every_split(gconstpointer data)
{
	const FrameCase *c = data;
	g_autoptr(GByteArray) bytes = read_case(c);

	for (gsize cut = 0; cut < bytes->len; cut++) {
		Reader reader = reader_new();

		if (feed(&reader, bytes->data, cut))
			feed(&reader, bytes->data + cut, bytes->len - cut);
		assert_log(&reader, c);
	}
}

static void
test_byte_by_byte(gconstpointer data)
{
	const FrameCase *c = data;
	g_autoptr(GByteArray) bytes = read_case(c);
	Reader reader = reader_new();
	gboolean goes_on = TRUE;

	for (gsize i = 0; i < bytes->len && goes_on; i++)
		goes_on = feed(&reader, bytes->data + i, 1);
	assert_log(&reader, c);
}

/* Every first byte, at the start and inside a message. */
static void
test_first_byte(gconstpointer data)
{
	gboolean in_message = GPOINTER_TO_INT(data);

	for (int first = 0; first < 256; first++) {
		guint8 begin[] = {0x02, 0x80, 1, 2, 3, 4};
		guint8 byte = (guint8)first;
		RelayFrames frames = {0};
		RelayFrameEvent event;
		gboolean good = first == 0x88 || first == 0x89 || first == 0x8a;
		gsize used;

		if (in_message) {
			good = good || first == 0x00 || first == 0x80;
			event = relay_frames_next(&frames, begin, sizeof(begin), &used);
			g_assert_cmpint(event.kind, ==, RELAY_FRAME_PIECE);
		} else {
			good = good || (first & 0x7f) == 1 || (first & 0x7f) == 2;
		}
		event = relay_frames_next(&frames, &byte, 1, &used);
		g_assert_cmpint(event.kind, ==, good ? RELAY_FRAME_NONE : RELAY_FRAME_BROKEN);
		g_assert_cmpuint(used, ==, 1);
		g_assert_false(relay_frames_between(&frames));
	}
}

/* A whole close frame with @payload. */
static RelayFrameEvent
read_close(RelayFrames *frames, const guint8 *payload, gsize len)
{
	guint8 bytes[6 + RELAY_FRAME_CONTROL_MAX] = {0x88, (guint8)(0x80 | len)};
	RelayFrameEvent event;
	gsize used;

	memcpy(bytes + 2, mask, sizeof(mask));
	for (gsize i = 0; i < len; i++)
		bytes[6 + i] = payload[i] ^ mask[i % 4];
	*frames = (RelayFrames){0};
	event = relay_frames_next(frames, bytes, 6 + len, &used);
	g_assert_cmpuint(used, ==, 6 + len);
	return event;
}

static void
test_close_codes(void)
{
	for (guint code = 0; code <= G_MAXUINT16; code++) {
		const guint8 payload[2] = {(guint8)(code >> 8), (guint8)code};
		gboolean good = (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) ||
				(code >= 3000 && code < 5000);
		RelayFrames frames;
		RelayFrameEvent event = read_close(&frames, payload, sizeof(payload));

		g_assert_cmpint(event.kind, ==, good ? RELAY_FRAME_CONTROL : RELAY_FRAME_BROKEN);
		g_assert_cmpuint(event.close_code, ==, good ? code : 1002);
	}
}

/* GLib knows UTF-8, but for NUL. */
static void
assert_utf8(const guint8 *payload, gsize len)
{
	gboolean good = g_utf8_validate_len((const char *)payload + 2, len - 2, NULL);
	RelayFrames frames;
	RelayFrameEvent event = read_close(&frames, payload, len);

	g_assert_cmpint(event.kind, ==, good ? RELAY_FRAME_CONTROL : RELAY_FRAME_BROKEN);
	g_assert_cmpuint(event.close_code, ==, good ? 1000 : 1007);
}

/* All that has up to two bytes, and longer ones with each byte at an edge. */
static void
test_close_reasons(void)
{
	static const guint8 edges[] = {0x01, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1,
	    0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
	const gsize count = G_N_ELEMENTS(edges);
	guint8 payload[6] = {0x03, 0xe8};

	for (guint a = 1; a < 256; a++) {
		payload[2] = (guint8)a;
		assert_utf8(payload, 3);
		for (guint b = 1; b < 256; b++) {
			payload[3] = (guint8)b;
			assert_utf8(payload, 4);
		}
	}
	for (gsize i = 0; i < count * count * count * count; i++) {
		payload[2] = edges[i / count / count / count];
		payload[3] = edges[i / count / count % count];
		payload[4] = edges[i / count % count];
		payload[5] = edges[i % count];
		assert_utf8(payload, 5);
		assert_utf8(payload, 6);
	}
}

/* Unmasking by words gives what unmasking by bytes does, wherever it begins and however long. */
static void
test_unmask(void)
{
	enum { LEN = 100 };
	const guint8 head[6] = {0x82, 0x80 | LEN, 0x11, 0x22, 0x44, 0x88};

	for (gsize first = 0; first <= LEN; first++) {
		for (gsize offset = 0; offset < 8; offset++) {
			guint8 store[8 + LEN] = {0};
			guint8 *bytes = store + offset;
			guint8 copy[6];
			RelayFrames frames = {0};
			gsize used;

			memcpy(copy, head, sizeof(head));
			relay_frames_next(&frames, copy, sizeof(copy), &used);
			if (first > 0)
				relay_frames_next(&frames, bytes, first, &used);
			relay_frames_next(&frames, bytes + first, LEN - first, &used);
			for (gsize i = 0; i < LEN; i++)
				g_assert_cmpuint(bytes[i], ==, head[2 + i % 4]);
			for (gsize i = LEN; i < LEN + 8 - offset; i++)
				g_assert_cmpuint(bytes[i], ==, 0);
		}
	}
}

/* What a frame claims and what has come of it. */
static void
test_left(void)
{
	guint8 bytes[] = {
	    0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 7};
	RelayFrames frames = {0};
	RelayFrameEvent event;
	gsize used;

	event = relay_frames_next(&frames, bytes, sizeof(bytes), &used);
	g_assert_cmpint(event.kind, ==, RELAY_FRAME_PIECE);
	g_assert_true(event.data == bytes + sizeof(bytes) - 1);
	g_assert_cmpuint(event.len, ==, 1);
	g_assert_cmpuint(event.left, ==, G_MAXINT64 - 1);
	g_assert_false(event.final);
	g_assert_false(relay_frames_between(&frames));
}

static void
test_between(void)
{
	guint8 bytes[] = {
	    0x02, 0x81, 0, 0, 0, 0, 7, 0x89, 0x81, 0, 0, 0, 0, 7, 0x80, 0x80, 0, 0, 0, 0};
	RelayFrames frames = {0};

	g_assert_true(relay_frames_between(&frames));
	for (gsize i = 0; i < sizeof(bytes); i++) {
		gsize used;

		relay_frames_next(&frames, bytes + i, 1, &used);
		g_assert_cmpint(
		    relay_frames_between(&frames), ==, i == 6 || i == 13 || i == sizeof(bytes) - 1);
	}
}

/* Once broken it stays so, with the same code, and reads no further. */
static void
test_stays_broken(void)
{
	static const struct {
		guint8 payload[3];
		guint16 code;
	} closes[] = {{{0x03, 0xe7, 'a'}, 1002}, {{0x03, 0xe8, 0xff}, 1007}};

	for (gsize i = 0; i < G_N_ELEMENTS(closes); i++) {
		guint8 more[] = {0x82, 0x80, 0, 0, 0, 0};
		RelayFrames frames;
		RelayFrameEvent event = read_close(&frames, closes[i].payload, 3);
		gsize used = 9;

		g_assert_cmpint(event.kind, ==, RELAY_FRAME_BROKEN);
		g_assert_cmpuint(event.close_code, ==, closes[i].code);
		for (int again = 0; again < 2; again++) {
			event = relay_frames_next(&frames, more, sizeof(more), &used);
			g_assert_cmpint(event.kind, ==, RELAY_FRAME_BROKEN);
			g_assert_cmpuint(event.close_code, ==, closes[i].code);
			g_assert_cmpuint(used, ==, 0);
		}
		g_assert_false(relay_frames_between(&frames));
	}
}

static void
test_heads_written(void)
{
	static const struct {
		RelayOpcode opcode;
		guint64 len;
		const char *want;
	} heads[] = {
	    {RELAY_OPCODE_BINARY, 0, "8200"},
	    {RELAY_OPCODE_BINARY, 125, "827d"},
	    {RELAY_OPCODE_BINARY, 126, "827e007e"},
	    {RELAY_OPCODE_BINARY, 65535, "827effff"},
	    {RELAY_OPCODE_BINARY, 65536, "827f0000000000010000"},
	    {RELAY_OPCODE_BINARY, G_MAXINT64, "827f7fffffffffffffff"},
	    {RELAY_OPCODE_CLOSE, 2, "8802"},
	    {RELAY_OPCODE_PING, 0, "8900"},
	    {RELAY_OPCODE_PONG, 125, "8a7d"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(heads); i++) {
		guint8 out[RELAY_FRAME_HEAD_MAX];
		gsize len = relay_frame_head(out, heads[i].opcode, heads[i].len);
		GString *hex = g_string_new(NULL);

		for (gsize k = 0; k < len; k++)
			g_string_append_printf(hex, "%02x", out[k]);
		g_assert_cmpstr(hex->str, ==, heads[i].want);
		g_string_free(hex, TRUE);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *whole = g_strdup_printf("/relay/frame/whole/%s", cases[i].name);
		g_autofree char *split = g_strdup_printf("/relay/frame/split/%s", cases[i].name);
		g_autofree char *bytes = g_strdup_printf("/relay/frame/bytes/%s", cases[i].name);

		g_test_add_data_func(whole, &cases[i], test_whole);
		g_test_add_data_func(split, &cases[i], test_every_split);
		g_test_add_data_func(bytes, &cases[i], test_byte_by_byte);
	}
	g_test_add_data_func(
	    "/relay/frame/first-byte/of-a-message", GINT_TO_POINTER(FALSE), test_first_byte);
	g_test_add_data_func(
	    "/relay/frame/first-byte/in-a-message", GINT_TO_POINTER(TRUE), test_first_byte);
	g_test_add_func("/relay/frame/close/every-code", test_close_codes);
	g_test_add_func("/relay/frame/close/reasons-as-glib-has-them", test_close_reasons);
	g_test_add_func("/relay/frame/unmask/every-length-and-offset", test_unmask);
	g_test_add_func("/relay/frame/left-is-what-has-not-come", test_left);
	g_test_add_func("/relay/frame/between-two-frames", test_between);
	g_test_add_func("/relay/frame/stays-broken", test_stays_broken);
	g_test_add_func("/relay/frame/heads-written", test_heads_written);
	return g_test_run();
}
