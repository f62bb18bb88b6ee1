/* SPDX-License-Identifier: BSD-2-Clause */
/* Each byte of a head is judged by its place: RFC 9112 §3 for the first line, §5 for the fields. */
#include "bridge/relay/head.h"

#include <string.h>

/* The longest method that is registered has 17. A longer one, or a first line without a space, is
 * no HTTP, and need not be waited for. */
#define METHOD_MAX 32

#define VERSION_LEN 8 /* "HTTP/1.1" */
#define LINE_END_LEN 2

typedef bool (*CharTest)(unsigned char c);

/* The first line so far; @len is 0 until all of it is there, with its CRLF. */
typedef struct {
	size_t len;
	RelayText method;
	RelayText target;
	RelayText version;
} FirstLine;

static unsigned char
lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool
is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

/* RFC 9110 §5.6.2 */
static bool
is_token(unsigned char c)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	unsigned char letter = lower((char)c);

	return (letter >= 'a' && letter <= 'z') || is_digit(c) ||
	       memchr(others, c, sizeof(others) - 1) != NULL;
}

static bool
is_visible(unsigned char c)
{
	return c > ' ' && c < 0x7f;
}

/* RFC 9110 §5.5: visible, white space, or obs-text */
static bool
is_value(unsigned char c)
{
	return c == '\t' || (c >= ' ' && c != 0x7f);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Whether all bytes from @start, but not @end itself, pass. */
static bool
all_are(const char *data, size_t start, size_t end, CharTest test)
{
	for (size_t i = start; i < end; i++) {
		if (!test((unsigned char)data[i]))
			return false;
	}
	return true;
}

/* Where the next space is, or @end. */
static size_t
find_space(const char *data, size_t start, size_t end)
{
	const char *space = end > start ? memchr(data + start, ' ', end - start) : NULL;

	return space != NULL ? (size_t)(space - data) : end;
}

/* Whether @text begins as "HTTP/d.d", CRLF does. */
static bool
may_be_version(const char *text, size_t len)
{
	static const char pattern[] = "HTTP/d.d\r\n";

	for (size_t i = 0; i < len; i++) {
		if (pattern[i] == 'd' ? !is_digit((unsigned char)text[i]) : text[i] != pattern[i])
			return false;
	}
	return true;
}

/* Version and line end, from @start. */
static RelayHeadResult
read_version(FirstLine *line, const char *data, size_t start, size_t len)
{
	size_t end = smaller(len, start + VERSION_LEN + LINE_END_LEN);

	if (!may_be_version(data + start, end - start))
		return RELAY_HEAD_BAD;
	if (end - start < VERSION_LEN + LINE_END_LEN)
		return RELAY_HEAD_MORE;
	line->version = (RelayText){data + start, VERSION_LEN};
	line->len = end;
	if (relay_text_is(line->version, "HTTP/1.1", false) ||
	    relay_text_is(line->version, "HTTP/1.0", false))
		return RELAY_HEAD_DONE;
	return RELAY_HEAD_VERSION;
}

/* RFC 9112 §3: method, one space, target, one space, version. Bytes before @seen are only searched
 * for spaces: an earlier call has passed them. */
static RelayHeadResult
read_first_line(FirstLine *line, const char *data, size_t len, size_t seen, size_t path_max)
{
	size_t end = smaller(len, METHOD_MAX + 1);
	size_t space = find_space(data, 0, end);
	size_t target;

	*line = (FirstLine){0};
	if (space == 0 || !all_are(data, seen, space, is_token))
		return len == 0 ? RELAY_HEAD_MORE : RELAY_HEAD_BAD;
	if (space == end)
		return len > METHOD_MAX ? RELAY_HEAD_BAD : RELAY_HEAD_MORE;
	line->method = (RelayText){data, space};
	target = space + 1;
	end = len - target > path_max ? target + path_max + 1 : len;
	space = find_space(data, target, end);
	if (!all_are(data, seen > target ? seen : target, space, is_visible))
		return RELAY_HEAD_BAD;
	if (space == end)
		return end - target > path_max ? RELAY_HEAD_PATH_TOO_LONG : RELAY_HEAD_MORE;
	if (space == target)
		return RELAY_HEAD_BAD;
	line->target = (RelayText){data + target, space - target};
	return read_version(line, data, space + 1, len);
}

/* Length of the one empty line that may come first (RFC 9112 §2.2). MORE if that is not known. */
static RelayHeadResult
skip_empty_line(const char *data, size_t len, size_t *skipped)
{
	*skipped = 0;
	if (len == 0 || (len == 1 && data[0] == '\r'))
		return RELAY_HEAD_MORE;
	if (data[0] != '\r')
		return RELAY_HEAD_DONE;
	*skipped = LINE_END_LEN;
	return data[1] == '\n' ? RELAY_HEAD_DONE : RELAY_HEAD_BAD;
}

/* Lines after the first, of which @at is the end, or is past it. DONE moves @at to the end of the
 * head: a line end right after another. */
static RelayHeadResult
scan_fields(const char *data, size_t len, size_t *at)
{
	for (size_t i = *at;; i++) {
		if (data[i - 1] == '\n' && data[i - 1 - LINE_END_LEN] == '\n') {
			*at = i;
			return RELAY_HEAD_DONE;
		}
		if (i == len)
			return RELAY_HEAD_MORE;
		if ((data[i - 1] == '\r') != (data[i] == '\n'))
			return RELAY_HEAD_BAD;
		if (data[i] != '\r' && data[i] != '\n' && !is_value((unsigned char)data[i]))
			return RELAY_HEAD_BAD;
	}
}

RelayHeadResult
relay_head_scan(const char *data, size_t len, size_t *scanned, size_t max, size_t path_max)
{
	size_t whole = smaller(len, max);
	size_t seen = *scanned;
	size_t skipped;
	FirstLine line;
	RelayHeadResult result = skip_empty_line(data, whole, &skipped);

	*scanned = whole;
	if (result == RELAY_HEAD_DONE)
		result = read_first_line(&line, data + skipped, whole - skipped,
		    seen > skipped ? seen - skipped : 0, path_max);
	if (result == RELAY_HEAD_DONE) {
		size_t at = skipped + line.len;

		at = seen > at ? seen : at;
		result = scan_fields(data, whole, &at);
		if (result == RELAY_HEAD_DONE)
			*scanned = at;
	}
	return result == RELAY_HEAD_MORE && len >= max ? RELAY_HEAD_TOO_LONG : result;
}

static RelayText
trim(const char *start, const char *end)
{
	while (start < end && is_blank(*start))
		start++;
	while (end > start && is_blank(end[-1]))
		end--;
	return (RelayText){start, (size_t)(end - start)};
}

/* RFC 9112 §5: a line without its end. A folded one (§5.2) has no name. */
static bool
read_field(RelayField *field, const char *text, size_t len)
{
	const char *colon = len > 0 ? memchr(text, ':', len) : NULL;
	size_t name_len = colon != NULL ? (size_t)(colon - text) : 0;

	if (name_len == 0 || !all_are(text, 0, name_len, is_token) ||
	    !all_are(text, name_len + 1, len, is_value))
		return false;
	field->name = (RelayText){text, name_len};
	field->value = trim(colon + 1, text + len);
	return true;
}

/* The fields from @at, and the blank line. */
static RelayHeadResult
read_fields(RelayHead *self, const char *data, size_t len, size_t at)
{
	for (;;) {
		const char *line = data + at;
		const char *cr = at < len ? memchr(line, '\r', len - at) : NULL;
		size_t line_len;

		if (cr == NULL || cr + 1 == data + len || cr[1] != '\n')
			return RELAY_HEAD_BAD;
		line_len = (size_t)(cr - line);
		at += line_len + LINE_END_LEN;
		if (line_len == 0)
			break;
		if (self->fields_count == RELAY_HEAD_FIELDS_MAX)
			return RELAY_HEAD_TOO_LONG;
		if (!read_field(&self->fields[self->fields_count], line, line_len))
			return RELAY_HEAD_BAD;
		self->fields_count++;
	}
	self->len = at;
	return RELAY_HEAD_DONE;
}

RelayHeadResult
relay_head_parse(RelayHead *self, const char *data, size_t len, size_t path_max)
{
	size_t skipped;
	FirstLine line;
	RelayHeadResult result = skip_empty_line(data, len, &skipped);

	if (result == RELAY_HEAD_DONE)
		result = read_first_line(&line, data + skipped, len - skipped, 0, path_max);
	if (result != RELAY_HEAD_DONE)
		return result == RELAY_HEAD_MORE ? RELAY_HEAD_BAD : result;
	self->method = line.method;
	self->target = line.target;
	self->http_1_0 = line.version.data[VERSION_LEN - 1] == '0';
	self->fields_count = 0;
	return read_fields(self, data, len, skipped + line.len);
}

bool
relay_text_is(RelayText text, const char *word, bool any_case)
{
	if (text.len != strlen(word))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (any_case ? lower(text.data[i]) != lower(word[i]) : text.data[i] != word[i])
			return false;
	}
	return true;
}

size_t
relay_head_find(const RelayHead *self, const char *name, RelayText *value)
{
	size_t count = 0;

	for (size_t i = 0; i < self->fields_count; i++) {
		if (!relay_text_is(self->fields[i].name, name, true))
			continue;
		if (count == 0 && value != NULL)
			*value = self->fields[i].value;
		count++;
	}
	return count;
}

/* RFC 9110 §5.6.1: items between commas; empty ones are nothing. */
static bool
list_has(RelayText list, const char *token, bool any_case)
{
	const char *item = list.data;
	const char *end = list.data + list.len;

	while (item < end) {
		const char *comma = memchr(item, ',', (size_t)(end - item));
		const char *item_end = comma != NULL ? comma : end;
		RelayText text = trim(item, item_end);

		if (text.len > 0 && relay_text_is(text, token, any_case))
			return true;
		item = comma != NULL ? comma + 1 : end;
	}
	return false;
}

bool
relay_head_list_has(const RelayHead *self, const char *name, const char *token, bool any_case)
{
	for (size_t i = 0; i < self->fields_count; i++) {
		if (relay_text_is(self->fields[i].name, name, true) &&
		    list_has(self->fields[i].value, token, any_case))
			return true;
	}
	return false;
}
