/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP heads: however the bytes come the scan says the same, and says DONE to all that can be
 * parsed; what was parsed can be written and parsed again. */
#include <glib.h>
#include <string.h>

#include "bridge/relay/head.h"
#include "tests/fuzz/fuzz.h"

#define HEAD_MAX 600
#define TARGET_MAX 40

/* In pieces of @step bytes. @end: what the deciding call had scanned */
static RelayHeadResult
scan(const char *text, size_t len, size_t step, size_t *end)
{
	size_t given = 0;
	size_t scanned = 0;

	for (;;) {
		RelayHeadResult result =
		    relay_head_scan(text, given, &scanned, HEAD_MAX, TARGET_MAX);

		FUZZ_CHECK(scanned <= given && scanned <= HEAD_MAX);
		FUZZ_CHECK(result != RELAY_HEAD_MORE || scanned == given);
		*end = scanned;
		if (result != RELAY_HEAD_MORE || given == len)
			return result;
		given = len - given < step ? len : given + step;
	}
}

static GString *
write_head(const RelayHead *head)
{
	GString *out = g_string_new(NULL);

	g_string_append_len(out, head->method.data, (gssize)head->method.len);
	g_string_append_c(out, ' ');
	g_string_append_len(out, head->target.data, (gssize)head->target.len);
	g_string_append(out, head->http_1_0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
	for (size_t i = 0; i < head->fields_count; i++) {
		g_string_append_len(
		    out, head->fields[i].name.data, (gssize)head->fields[i].name.len);
		g_string_append(out, ": ");
		g_string_append_len(
		    out, head->fields[i].value.data, (gssize)head->fields[i].value.len);
		g_string_append(out, "\r\n");
	}
	g_string_append(out, "\r\n");
	return out;
}

static int
same(RelayText a, RelayText b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static void
check_again(const RelayHead *head)
{
	static RelayHead again;
	GString *text = write_head(head);

	FUZZ_CHECK(relay_head_parse(&again, text->str, text->len, TARGET_MAX) == RELAY_HEAD_DONE);
	FUZZ_CHECK(again.len == text->len && again.http_1_0 == head->http_1_0);
	FUZZ_CHECK(same(again.method, head->method) && same(again.target, head->target));
	FUZZ_CHECK(again.fields_count == head->fields_count);
	for (size_t i = 0; i < head->fields_count; i++) {
		FUZZ_CHECK(same(again.fields[i].name, head->fields[i].name));
		FUZZ_CHECK(same(again.fields[i].value, head->fields[i].value));
	}
	g_string_free(text, TRUE);
}

static void
check_lists(const RelayHead *head)
{
	RelayText value = {NULL, 0};
	size_t count = relay_head_find(head, "connection", &value);
	bool exact = relay_head_list_has(head, "Connection", "upgrade", false);
	bool any_case = relay_head_list_has(head, "Connection", "upgrade", true);

	FUZZ_CHECK(count <= head->fields_count);
	FUZZ_CHECK(!exact || any_case);
	FUZZ_CHECK(!any_case || count > 0);
	if (count == 1 && relay_text_is(value, "UpgradE", true))
		FUZZ_CHECK(any_case);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static RelayHead head;
	const char *text = (const char *)data;
	size_t end;
	size_t other_end;
	RelayHeadResult result = scan(text, len, len > 0 ? len : 1, &end);
	RelayHeadResult parsed;

	for (size_t step = 1; step < 20; step += 6) {
		FUZZ_CHECK(scan(text, len, step, &other_end) == result);
		FUZZ_CHECK(result != RELAY_HEAD_DONE || other_end == end);
	}
	parsed = relay_head_parse(&head, text, len, TARGET_MAX);
	FUZZ_CHECK(parsed != RELAY_HEAD_MORE);
	if (parsed != RELAY_HEAD_DONE)
		return 0;
	FUZZ_CHECK(head.len <= len && head.fields_count <= RELAY_HEAD_FIELDS_MAX);
	if (head.len > HEAD_MAX) {
		FUZZ_CHECK(result == RELAY_HEAD_TOO_LONG);
		return 0;
	}
	FUZZ_CHECK(result == RELAY_HEAD_DONE && head.len == end);
	check_again(&head);
	check_lists(&head);
	return 0;
}
