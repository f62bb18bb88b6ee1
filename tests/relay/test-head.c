/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP heads: what is a request, what is not, and how early that is known. */
#include <glib.h>
#include <string.h>

#include "bridge/relay/head.h"

#define HEAD_MAX 400
#define TARGET_MAX 40

#define LINE "GET / HTTP/1.1\r\n"
#define PATH_10 "/123456789"
#define PATH_40 PATH_10 PATH_10 PATH_10 PATH_10
#define METHOD_32 "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

/* Strings with NUL bytes in them. */
#define TEXT(literal) literal, sizeof(literal) - 1

/* @at: the shortest part that gives @scan; for MORE, nothing. @parse: what a whole one is. */
typedef struct {
	const char *name;
	const char *text;
	gsize len;
	RelayHeadResult scan;
	gsize at;
	RelayHeadResult parse;
} HeadCase;

#define GOOD(name, text)                                                                           \
	{                                                                                          \
		name, TEXT(text), RELAY_HEAD_DONE, sizeof(text) - 1, RELAY_HEAD_DONE               \
	}
#define EARLY(name, text, at, result)                                                              \
	{                                                                                          \
		name, TEXT(text), result, at, result                                               \
	}
#define LATE(name, text, result)                                                                   \
	{                                                                                          \
		name, TEXT(text), RELAY_HEAD_DONE, sizeof(text) - 1, result                        \
	}

static const HeadCase cases[] = {
    GOOD("no-fields", LINE "\r\n"),
    GOOD("old", "GET / HTTP/1.0\r\n\r\n"),
    GOOD("field", LINE "Host: x\r\n\r\n"),
    GOOD("empty-line-first", "\r\n" LINE "\r\n"),
    GOOD("empty-value", LINE "A:\r\nB: \t \r\n\r\n"),
    GOOD("no-blank", LINE "A:b\r\n\r\n"),
    GOOD("tab-and-obs-text-in-value", LINE "A: a\tb \x80\xff\r\n\r\n"),
    GOOD("colon-in-value", LINE "A: :b:c\r\n\r\n"),
    GOOD("all-token-characters",
	"!#$%&'*+-.^_`|~09azAZ / HTTP/1.1\r\n!#$%&'*+-.^_`|~09azAZ:\r\n\r\n"),
    GOOD("other-targets", "OPTIONS * HTTP/1.1\r\n\r\n"),
    GOOD("target-not-decoded", "GET /a/../%41?b#!~ HTTP/1.1\r\n\r\n"),
    GOOD("longest-target", "GET " PATH_40 " HTTP/1.1\r\n\r\n"),
    GOOD("longest-method", METHOD_32 " / HTTP/1.1\r\n\r\n"),

    EARLY("two-empty-lines", "\r\n\r\n" LINE "\r\n", 3, RELAY_HEAD_BAD),
    EARLY("cr-first", "\rGET", 2, RELAY_HEAD_BAD),
    EARLY("lf-first", "\n" LINE, 1, RELAY_HEAD_BAD),
    EARLY("blank-first", " " LINE, 1, RELAY_HEAD_BAD),
    EARLY("tls", "\x16\x03\x01\x02", 1, RELAY_HEAD_BAD),
    EARLY("nul", "\0", 1, RELAY_HEAD_BAD),
    EARLY("not-ascii", "G\xc3\x89T /", 2, RELAY_HEAD_BAD),
    EARLY("no-token", "GE:T /", 3, RELAY_HEAD_BAD),
    EARLY("method-too-long", METHOD_32 "6 / HTTP/1.1\r\n\r\n", 33, RELAY_HEAD_BAD),
    EARLY("method-alone", "GET\r\n\r\n", 4, RELAY_HEAD_BAD),
    EARLY("tab-after-method", "GET\t/ HTTP/1.1\r\n\r\n", 4, RELAY_HEAD_BAD),
    EARLY("two-blanks", "GET  / HTTP/1.1\r\n\r\n", 5, RELAY_HEAD_BAD),
    EARLY("no-version", "GET /\r\n\r\n", 6, RELAY_HEAD_BAD),
    EARLY("line-feed-in-target", "GET /\nHost: x\n\n", 6, RELAY_HEAD_BAD),
    EARLY("tab-in-target", "GET /\t HTTP/1.1\r\n\r\n", 6, RELAY_HEAD_BAD),
    EARLY("nul-in-target", "GET /\0 HTTP/1.1\r\n\r\n", 6, RELAY_HEAD_BAD),
    EARLY("del-in-target", "GET /\x7f HTTP/1.1\r\n\r\n", 6, RELAY_HEAD_BAD),
    EARLY("obs-text-in-target", "GET /\x80 HTTP/1.1\r\n\r\n", 6, RELAY_HEAD_BAD),
    EARLY("two-blanks-before-version", "GET /  HTTP/1.1\r\n\r\n", 7, RELAY_HEAD_BAD),
    EARLY("blank-in-target", "GET /a b HTTP/1.1\r\n\r\n", 8, RELAY_HEAD_BAD),
    EARLY("other-protocol", "BREW /pot HTCPCP/1.0\r\n\r\n", 13, RELAY_HEAD_BAD),
    EARLY("protocol-in-lower-case", "GET / http/1.1\r\n\r\n", 7, RELAY_HEAD_BAD),
    EARLY("no-minor-version", "GET / HTTP/1\r\n\r\n", 13, RELAY_HEAD_BAD),
    EARLY("two-digits", "GET / HTTP/1.10\r\n\r\n", 15, RELAY_HEAD_BAD),
    EARLY("no-digit", "GET / HTTP/x.1\r\n\r\n", 12, RELAY_HEAD_BAD),
    EARLY("blank-after-version", "GET / HTTP/1.1 \r\n\r\n", 15, RELAY_HEAD_BAD),
    EARLY("bare-lf-after-version", "GET / HTTP/1.1\n\r\n", 15, RELAY_HEAD_BAD),
    EARLY("bare-cr-after-version", "GET / HTTP/1.1\r\r\n", 16, RELAY_HEAD_BAD),
    EARLY("http-1.2", "GET / HTTP/1.2\r\n\r\n", 16, RELAY_HEAD_VERSION),
    EARLY("http-0.9", "GET / HTTP/0.9\r\n\r\n", 16, RELAY_HEAD_VERSION),
    EARLY("http-2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 16, RELAY_HEAD_VERSION),
    EARLY("path-too-long", "GET " PATH_40 "0 HTTP/1.1\r\n\r\n", 45, RELAY_HEAD_PATH_TOO_LONG),
    EARLY("path-too-long-after-empty-line", "\r\nGET " PATH_40 "0", 47, RELAY_HEAD_PATH_TOO_LONG),
    EARLY("path-longest-then-bad", "GET " PATH_40 "\x01", 45, RELAY_HEAD_BAD),

    EARLY("bare-lf", LINE "A: b\nC: d\r\n\r\n", 21, RELAY_HEAD_BAD),
    EARLY("bare-cr", LINE "A: b\rC: d\r\n\r\n", 22, RELAY_HEAD_BAD),
    EARLY("two-cr", LINE "A: b\r\r\n\r\n", 22, RELAY_HEAD_BAD),
    EARLY("bare-lf-at-end", LINE "\n", 17, RELAY_HEAD_BAD),
    EARLY("bare-cr-at-end", LINE "\r\r\n", 18, RELAY_HEAD_BAD),
    EARLY("nul-in-value", LINE "A: \0\r\n\r\n", 20, RELAY_HEAD_BAD),
    EARLY("control-in-value", LINE "A: \x1f\r\n\r\n", 20, RELAY_HEAD_BAD),
    EARLY("del-in-value", LINE "A: \x7f\r\n\r\n", 20, RELAY_HEAD_BAD),

    LATE("no-name", LINE ": b\r\n\r\n", RELAY_HEAD_BAD),
    LATE("no-colon", LINE "A b\r\n\r\n", RELAY_HEAD_BAD),
    LATE("blank-before-colon", LINE "A : b\r\n\r\n", RELAY_HEAD_BAD),
    LATE("tab-before-colon", LINE "A\t: b\r\n\r\n", RELAY_HEAD_BAD),
    LATE("obs-text-in-name", LINE "A\x80: b\r\n\r\n", RELAY_HEAD_BAD),
    LATE("blank-before-first-field", LINE " A: b\r\n\r\n", RELAY_HEAD_BAD),
    LATE("folded", LINE "A: b\r\n c\r\n\r\n", RELAY_HEAD_BAD),
    LATE("folded-with-colon", LINE "A: b\r\n\tc: d\r\n\r\n", RELAY_HEAD_BAD),
    LATE("folded-to-nothing", LINE "A: b\r\n \r\n\r\n", RELAY_HEAD_BAD),
    LATE("quotes-in-name", LINE "\"A\": b\r\n\r\n", RELAY_HEAD_BAD),
};

/* Every length of it, by one call each, in memory of just that size. */
static void
test_scan_every_length(gconstpointer data)
{
	const HeadCase *c = data;

	for (gsize len = 0; len <= c->len; len++) {
		g_autofree char *part = g_memdup2(c->text, len);
		gsize scanned = 0;
		RelayHeadResult want = len < c->at ? RELAY_HEAD_MORE : c->scan;

		g_assert_cmpint(
		    relay_head_scan(part, len, &scanned, HEAD_MAX, TARGET_MAX), ==, want);
		g_assert_cmpuint(scanned, ==, want == RELAY_HEAD_DONE ? c->at : len);
	}
}

/* In two calls, cut at every place, and byte by byte. */
static void
test_scan_every_split(gconstpointer data)
{
	const HeadCase *c = data;
	gsize bytewise = 0;

	for (gsize cut = 0; cut < c->at; cut++) {
		gsize scanned = 0;

		g_assert_cmpint(relay_head_scan(c->text, cut, &scanned, HEAD_MAX, TARGET_MAX), ==,
		    RELAY_HEAD_MORE);
		g_assert_cmpint(
		    relay_head_scan(c->text, c->len, &scanned, HEAD_MAX, TARGET_MAX), ==, c->scan);
		g_assert_cmpint(relay_head_scan(c->text, cut, &bytewise, HEAD_MAX, TARGET_MAX), ==,
		    RELAY_HEAD_MORE);
		g_assert_cmpuint(bytewise, ==, cut);
	}
	g_assert_cmpint(
	    relay_head_scan(c->text, c->at, &bytewise, HEAD_MAX, TARGET_MAX), ==, c->scan);
}

/* Parsing says the same without a scan before it, and takes no half of a head for a whole. */
static void
test_parse(gconstpointer data)
{
	const HeadCase *c = data;
	RelayHead head;

	g_assert_cmpint(relay_head_parse(&head, c->text, c->len, TARGET_MAX), ==, c->parse);
	if (c->parse == RELAY_HEAD_DONE)
		g_assert_cmpuint(head.len, ==, c->len);
	for (gsize len = 0; len < c->len; len++) {
		g_autofree char *part = g_memdup2(c->text, len);
		RelayHeadResult result = relay_head_parse(&head, part, len, TARGET_MAX);

		g_assert_cmpint(result, !=, RELAY_HEAD_DONE);
		g_assert_cmpint(result, !=, RELAY_HEAD_MORE);
	}
}

static void
assert_text(RelayText text, const char *want)
{
	g_assert_cmpmem(text.data, text.len, want, strlen(want));
}

static void
test_parts(void)
{
	const char *text = "\r\nGeT /a?b HTTP/1.1\r\nHost:x\r\nA: \t b c\t \r\nEmpty:\r\n\r\nmore";
	gsize scanned = 0;
	RelayHead head;

	g_assert_cmpint(relay_head_scan(text, strlen(text), &scanned, HEAD_MAX, TARGET_MAX), ==,
	    RELAY_HEAD_DONE);
	g_assert_cmpint(
	    relay_head_parse(&head, text, strlen(text), TARGET_MAX), ==, RELAY_HEAD_DONE);
	g_assert_cmpuint(scanned, ==, strlen(text) - strlen("more"));
	g_assert_cmpuint(head.len, ==, scanned);
	assert_text(head.method, "GeT");
	assert_text(head.target, "/a?b");
	g_assert_false(head.http_1_0);
	g_assert_cmpuint(head.fields_count, ==, 3);
	assert_text(head.fields[0].name, "Host");
	assert_text(head.fields[0].value, "x");
	assert_text(head.fields[1].name, "A");
	assert_text(head.fields[1].value, "b c");
	assert_text(head.fields[2].name, "Empty");
	assert_text(head.fields[2].value, "");
	text = "GET / HTTP/1.0\r\n\r\n";
	g_assert_cmpint(
	    relay_head_parse(&head, text, strlen(text), TARGET_MAX), ==, RELAY_HEAD_DONE);
	g_assert_true(head.http_1_0);
	g_assert_cmpuint(head.fields_count, ==, 0);
}

static void
parse(RelayHead *head, const char *text)
{
	g_assert_cmpint(
	    relay_head_parse(head, text, strlen(text), TARGET_MAX), ==, RELAY_HEAD_DONE);
}

/* A head of exactly @len bytes, cut to @given: too long is known with the last byte it may have. */
static void
test_scan_max(void)
{
	g_autofree char *filler = g_strnfill(HEAD_MAX, 'a');

	for (gsize len = HEAD_MAX - 2; len <= HEAD_MAX + 2; len++) {
		int value = (int)len - (int)strlen(LINE "A:\r\n\r\n");
		g_autofree char *text = g_strdup_printf(LINE "A:%.*s\r\n\r\nmore", value, filler);
		gsize bytewise = 0;

		for (gsize given = 0; given <= len; given++) {
			RelayHeadResult want = given >= len && len <= HEAD_MAX ? RELAY_HEAD_DONE
					       : given >= HEAD_MAX	       ? RELAY_HEAD_TOO_LONG
									       : RELAY_HEAD_MORE;
			gsize scanned = 0;

			g_assert_cmpint(
			    relay_head_scan(text, given, &scanned, HEAD_MAX, TARGET_MAX), ==, want);
			g_assert_cmpint(
			    relay_head_scan(text, given, &bytewise, HEAD_MAX, TARGET_MAX), ==,
			    want);
		}
	}
}

/* What comes past the end or the bound is not looked at. */
static void
test_scan_ends(void)
{
	static const char whole[] = LINE "\r\n\0\n";
	static const char bad[] = LINE "A:b\0";
	gsize scanned = 0;

	for (int again = 0; again < 2; again++) {
		g_assert_cmpint(
		    relay_head_scan(whole, sizeof(whole), &scanned, HEAD_MAX, TARGET_MAX), ==,
		    RELAY_HEAD_DONE);
		g_assert_cmpuint(scanned, ==, strlen(whole));
	}
	scanned = 0;
	g_assert_cmpint(relay_head_scan(bad, sizeof(bad), &scanned, strlen(bad), TARGET_MAX), ==,
	    RELAY_HEAD_TOO_LONG);
	scanned = 0;
	g_assert_cmpint(relay_head_scan(bad, sizeof(bad), &scanned, strlen(bad) + 1, TARGET_MAX),
	    ==, RELAY_HEAD_BAD);
	scanned = 0;
	g_assert_cmpint(relay_head_scan("GET /", 5, &scanned, 5, 0), ==, RELAY_HEAD_PATH_TOO_LONG);
	scanned = 0;
	g_assert_cmpint(relay_head_scan("", 0, &scanned, 0, 0), ==, RELAY_HEAD_TOO_LONG);
}

static void
test_fields_max(void)
{
	for (gsize count = RELAY_HEAD_FIELDS_MAX - 1; count <= RELAY_HEAD_FIELDS_MAX + 1; count++) {
		GString *text = g_string_new(LINE);
		RelayHead *head = g_new(RelayHead, 1);

		for (gsize i = 0; i < count; i++)
			g_string_append_printf(text, "A: %zu\r\n", i);
		g_string_append(text, "\r\n");
		g_assert_cmpint(relay_head_parse(head, text->str, text->len, TARGET_MAX), ==,
		    count > RELAY_HEAD_FIELDS_MAX ? RELAY_HEAD_TOO_LONG : RELAY_HEAD_DONE);
		if (count <= RELAY_HEAD_FIELDS_MAX)
			g_assert_cmpuint(relay_head_find(head, "a", NULL), ==, count);
		g_string_free(text, TRUE);
		g_free(head);
	}
}

/* Every byte in each kind of place. */
static void
test_every_byte(void)
{
	static const struct {
		const char *text; /* the byte stands for the "@" */
		const char *also; /* besides letters and digits */
		gboolean visible; /* all visible characters may be there */
		gboolean value;	  /* and white space and obs-text, too */
	} places[] = {
	    {"G@T / HTTP/1.1\r\n\r\n", "!#$%&'*+-.^_`|~", FALSE, FALSE},
	    {"GET /@/ HTTP/1.1\r\n\r\n", "", TRUE, FALSE},
	    {LINE "A@B: c\r\n\r\n", "!#$%&'*+-.^_`|~:", FALSE, FALSE},
	    {LINE "A:@b\r\n\r\n", "", TRUE, TRUE},
	    {LINE "A: b@c\r\n\r\n", "", TRUE, TRUE},
	    {LINE "A: b@\r\n\r\n", "", TRUE, TRUE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
		for (int byte = 0; byte < 256; byte++) {
			const gsize len = strlen(places[i].text);
			g_autofree char *text = g_strdup(places[i].text);
			gboolean good =
			    g_ascii_isalnum(byte) ||
			    (byte != 0 && strchr(places[i].also, byte) != NULL) ||
			    (places[i].visible && g_ascii_isgraph(byte)) ||
			    (places[i].value && (byte == ' ' || byte == '\t' || byte >= 128));
			RelayHead head;

			*strchr(text, '@') = (char)byte;
			g_assert_cmpint(relay_head_parse(&head, text, len, TARGET_MAX), ==,
			    good ? RELAY_HEAD_DONE : RELAY_HEAD_BAD);
		}
	}
}

static void
test_find(void)
{
	const char *text = LINE "Host: a\r\nhOST: b\r\nHosts: c\r\n\r\n";
	RelayText value = {"?", 1};
	RelayHead head;

	parse(&head, text);
	g_assert_true(relay_head_list_has(&head, "host", "b", false));
	g_assert_cmpuint(relay_head_find(&head, "Hos", &value), ==, 0);
	assert_text(value, "?");
	g_assert_cmpuint(relay_head_find(&head, "HOST", &value), ==, 2);
	assert_text(value, "a");
	g_assert_cmpuint(relay_head_find(&head, "hosts", &value), ==, 1);
	assert_text(value, "c");
	g_assert_cmpuint(relay_head_find(&head, "", NULL), ==, 0);
}

static void
test_lists(void)
{
	static const struct {
		const char *fields;
		gboolean as_is;
		gboolean any_case;
	} lists[] = {
	    {"L: upgrade\r\n", TRUE, TRUE},
	    {"l:Upgrade\r\n", FALSE, TRUE},
	    {"L: keep-alive, upgrade\r\n", TRUE, TRUE},
	    {"L: upgrade,keep-alive\r\n", TRUE, TRUE},
	    {"L: a ,\tupgrade\t , b\r\n", TRUE, TRUE},
	    {"L: a,upgrade\r\n", TRUE, TRUE},
	    {"L: ,,upgrade,,\r\n", TRUE, TRUE},
	    {"L: a\r\nM: b\r\nL: UPGRADE\r\n", FALSE, TRUE},
	    {"L: a\r\nL: b, upgrade\r\n", TRUE, TRUE},
	    {"M: upgrade\r\n", FALSE, FALSE},
	    {"L:\r\n", FALSE, FALSE},
	    {"L: ,\r\n", FALSE, FALSE},
	    {"L: upgrade2\r\n", FALSE, FALSE},
	    {"L: upgrad\r\n", FALSE, FALSE},
	    {"L: up grade\r\n", FALSE, FALSE},
	    {"L: keep-alive upgrade\r\n", FALSE, FALSE},
	    {"L: upgrade;q=1\r\n", FALSE, FALSE},
	    {"L: up\r\nL: grade\r\n", FALSE, FALSE},
	    {"", FALSE, FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autofree char *text = g_strconcat(LINE, lists[i].fields, "\r\n", NULL);
		RelayHead head;

		parse(&head, text);
		g_assert_cmpint(
		    relay_head_list_has(&head, "L", "upgrade", false), ==, lists[i].as_is);
		g_assert_cmpint(
		    relay_head_list_has(&head, "L", "upgrade", true), ==, lists[i].any_case);
		g_assert_false(relay_head_list_has(&head, "L", "", true));
	}
}

static void
test_words(void)
{
	const RelayText text = {"Abc", 3};

	g_assert_true(relay_text_is(text, "Abc", false));
	g_assert_false(relay_text_is(text, "abc", false));
	g_assert_true(relay_text_is(text, "aBC", true));
	g_assert_false(relay_text_is(text, "ab", true));
	g_assert_false(relay_text_is(text, "abcd", true));
	g_assert_true(relay_text_is((RelayText){NULL, 0}, "", true));
	/* Only letters have a case: "[" and "{", "@" and "`" differ by the same bit. */
	g_assert_false(relay_text_is((RelayText){"[", 1}, "{", true));
	g_assert_false(relay_text_is((RelayText){"@", 1}, "`", true));
	g_assert_false(relay_text_is((RelayText){"\xc9", 1}, "\xe9", true));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *length =
		    g_strdup_printf("/relay/head/scan/every-length/%s", cases[i].name);
		g_autofree char *split =
		    g_strdup_printf("/relay/head/scan/every-split/%s", cases[i].name);
		g_autofree char *parse = g_strdup_printf("/relay/head/parse/%s", cases[i].name);

		g_test_add_data_func(length, &cases[i], test_scan_every_length);
		g_test_add_data_func(split, &cases[i], test_scan_every_split);
		g_test_add_data_func(parse, &cases[i], test_parse);
	}
	g_test_add_func("/relay/head/scan/longest", test_scan_max);
	g_test_add_func("/relay/head/scan/looks-no-further", test_scan_ends);
	g_test_add_func("/relay/head/parse/parts", test_parts);
	g_test_add_func("/relay/head/parse/most-fields", test_fields_max);
	g_test_add_func("/relay/head/parse/every-byte", test_every_byte);
	g_test_add_func("/relay/head/find", test_find);
	g_test_add_func("/relay/head/lists", test_lists);
	g_test_add_func("/relay/head/words", test_words);
	return g_test_run();
}
