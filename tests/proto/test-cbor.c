/* SPDX-License-Identifier: BSD-2-Clause */
/* Canonical CBOR: what is refused, what is read, what is written. */
#include "proto/cbor.h"

#include "tests/proto/diag.h"

#include <string.h>

typedef struct {
	const char *name;
	const char *hex;
	HybStatus want;
} ParseCase;

/* The numbers in canonical form are those of RFC 8949 appendix A. */
static const ParseCase parse_cases[] = {
    {"0", "00", HYB_OK},
    {"23", "17", HYB_OK},
    {"24", "1818", HYB_OK},
    {"2^32", "1b0000000100000000", HYB_OK},
    {"2^64-1", "1bffffffffffffffff", HYB_OK},
    {"-2^64", "3bffffffffffffffff", HYB_OK},
    {"23-in-2-bytes", "1817", HYB_ERR_MALFORMED},
    {"255-in-3-bytes", "1900ff", HYB_ERR_MALFORMED},
    {"65535-in-5-bytes", "1a0000ffff", HYB_ERR_MALFORMED},
    {"2^32-1-in-9-bytes", "1b00000000ffffffff", HYB_ERR_MALFORMED},
    {"-24-in-2-bytes", "3817", HYB_ERR_MALFORMED},
    {"reserved-head-28", "1c", HYB_ERR_MALFORMED},
    {"empty", "", HYB_ERR_MALFORMED},
    {"two-items", "0000", HYB_ERR_MALFORMED},
    {"bytes", "43010203", HYB_OK},
    {"bytes-none", "40", HYB_OK},
    {"bytes-cut", "430102", HYB_ERR_MALFORMED},
    {"bytes-length-in-2-bytes", "5803010203", HYB_ERR_MALFORMED},
    {"bytes-length-2^64-1", "5bffffffffffffffff00", HYB_ERR_MALFORMED},
    {"bytes-indefinite", "5f4101ff", HYB_ERR_MALFORMED},
    {"text", "63616263", HYB_OK},
    {"text-indefinite", "7f6161ff", HYB_ERR_MALFORMED},
    {"text-length-in-2-bytes", "780161", HYB_ERR_MALFORMED},
    {"utf-8-two-bytes", "62c3bc", HYB_OK},
    {"utf-8-three-bytes", "63e6b0b4", HYB_OK},
    {"utf-8-four-bytes", "64f0908591", HYB_OK},
    {"utf-8-last", "64f48fbfbf", HYB_OK},
    {"utf-8-past-last", "64f4908080", HYB_ERR_MALFORMED},
    {"utf-8-f5", "64f5808080", HYB_ERR_MALFORMED},
    {"utf-8-surrogate", "63eda080", HYB_ERR_MALFORMED},
    {"utf-8-overlong-two", "62c080", HYB_ERR_MALFORMED},
    {"utf-8-overlong-three", "63e09fbf", HYB_ERR_MALFORMED},
    {"utf-8-overlong-four", "64f08fbfbf", HYB_ERR_MALFORMED},
    {"utf-8-cut", "62e6b0", HYB_ERR_MALFORMED},
    {"utf-8-continuation-first", "6180", HYB_ERR_MALFORMED},
    {"utf-8-continuation-missing", "63e6b041", HYB_ERR_MALFORMED},
    {"utf-8-ff", "61ff", HYB_ERR_MALFORMED},
    {"array", "83010203", HYB_OK},
    {"array-short", "830102", HYB_ERR_MALFORMED},
    {"array-indefinite", "9f01ff", HYB_ERR_MALFORMED},
    {"array-count-in-2-bytes", "980101", HYB_ERR_MALFORMED},
    {"array-count-2^64-1", "9bffffffffffffffff", HYB_ERR_MALFORMED},
    {"map", "a201020304", HYB_OK},
    {"map-none", "a0", HYB_OK},
    {"map-indefinite", "bf0102ff", HYB_ERR_MALFORMED},
    {"map-value-missing", "a101", HYB_ERR_MALFORMED},
    {"map-count-2^63", "bb8000000000000000", HYB_ERR_MALFORMED},
    {"tag", "c101", HYB_ERR_MALFORMED},
    {"tag-in-array", "81c101", HYB_ERR_MALFORMED},
    {"tag-counted-as-an-item", "82c101", HYB_ERR_MALFORMED},
    {"break", "ff", HYB_ERR_MALFORMED},
    {"true", "f5", HYB_OK},
    {"null", "f6", HYB_OK},
    {"undefined", "f7", HYB_OK},
    {"half", "f93c00", HYB_OK},
    {"single", "fa47c35000", HYB_OK},
    {"double", "fb3ff199999999999a", HYB_OK},
    {"simple-unassigned", "e0", HYB_ERR_MALFORMED},
    {"simple-in-2-bytes", "f8ff", HYB_ERR_MALFORMED},
    {"simple-true-in-2-bytes", "f815", HYB_ERR_MALFORMED},
};

typedef struct {
	const char *name;
	const char *notation;
	HybStatus want;
} OrderCase;

static const OrderCase order_cases[] = {
    {"unsorted", "{3: 4, 1: 2}", HYB_ERR_MALFORMED},
    {"doubled", "{1: 2, 1: 3}", HYB_ERR_MALFORMED},
    {"doubled-text", "{\"a\": 2, \"a\": 2}", HYB_ERR_MALFORMED},
    {"shorter-integer-first", "{23: 0, 24: 0, 255: 0, 256: 0, 65536: 0}", HYB_OK},
    {"longer-integer-first", "{256: 0, 24: 0}", HYB_ERR_MALFORMED},
    {"shorter-text-first", "{\"b\": 0, \"aa\": 0}", HYB_OK},
    {"longer-text-first", "{\"aa\": 0, \"b\": 0}", HYB_ERR_MALFORMED},
    {"alg-before-type", "{\"alg\": -7, \"type\": \"public-key\"}", HYB_OK},
    {"type-before-alg", "{\"type\": \"public-key\", \"alg\": -7}", HYB_ERR_MALFORMED},
    {"four-types", "{999: 0, -1: 0, h'00': 0, \"\": 0}", HYB_OK},
    {"negative-before-positive", "{-1: 0, 1: 0}", HYB_ERR_MALFORMED},
    {"bytes-before-integer", "{h'00': 0, 1000: 0}", HYB_ERR_MALFORMED},
    {"text-before-bytes", "{\"\": 0, h'0000': 0}", HYB_ERR_MALFORMED},
    {"prefix-first", "{h'': 0, h'00': 0, h'0000': 0, h'0001': 0}", HYB_OK},
    {"inner-unsorted", "{1: {2: 0, 1: 0}}", HYB_ERR_MALFORMED},
    {"inner-unsorted-in-array", "[[{2: 0, 1: 0}]]", HYB_ERR_MALFORMED},
    {"key-array", "{[]: 0}", HYB_ERR_MALFORMED},
    {"key-map", "{{}: 0}", HYB_ERR_MALFORMED},
    {"key-true", "{true: 0}", HYB_ERR_MALFORMED},
    {"key-not-shortest", "{x'1801': 0}", HYB_ERR_MALFORMED},
    {"key-not-utf-8", "{x'61ff': 0}", HYB_ERR_MALFORMED},
};

static void
check_parse(const GByteArray *cbor, HybStatus want)
{
	/* Copied to its exact size, so that a sanitizer sees a byte read past it. */
	g_autofree guint8 *data = g_memdup2(cbor->data, cbor->len);
	HybCborReader reader = {(const uint8_t *)"untouched", 9}, before = reader;

	g_assert_cmpint(hyb_cbor_parse(data, cbor->len, &reader), ==, want);
	if (want == HYB_OK) {
		g_assert_cmpint(hyb_cbor_skip(&reader), ==, HYB_OK);
		g_assert_cmpuint(reader.len, ==, 0);
		g_assert_cmpint(hyb_cbor_peek(&reader), ==, HYB_CBOR_END);
		g_assert_cmpint(hyb_cbor_skip(&reader), ==, HYB_ERR_MALFORMED);
	} else {
		g_assert_true(reader.data == before.data && reader.len == before.len);
	}
}

static void
test_parse(gconstpointer data)
{
	const ParseCase *c = data;
	g_autoptr(GByteArray) cbor = hyb_test_unhex(c->hex);

	check_parse(cbor, c->want);
}

static void
test_order(gconstpointer data)
{
	const OrderCase *c = data;
	g_autoptr(GByteArray) cbor = hyb_test_diag(c->notation);

	check_parse(cbor, c->want);
}

static void
test_depth(void)
{
	for (guint depth = 0; depth <= HYB_CBOR_DEPTH_MAX + 1; depth++) {
		g_autoptr(GString) notation = g_string_new("1");
		g_autoptr(GByteArray) cbor = NULL;

		for (guint i = 0; i < depth; i++) {
			g_string_prepend(notation, i % 2 == 0 ? "[" : "{1: ");
			g_string_append_c(notation, i % 2 == 0 ? ']' : '}');
		}
		cbor = hyb_test_diag(notation->str);
		check_parse(cbor, depth <= HYB_CBOR_DEPTH_MAX ? HYB_OK : HYB_ERR_MALFORMED);
	}
}

static const char everything[] =
    "{0: -500, 1: 1000000, -1: h'0102', h'07': \"text\", \"id\": [true, null, {\"n\": {}}]}";

static void
test_truncated(void)
{
	g_autoptr(GByteArray) cbor = hyb_test_diag(everything);

	check_parse(cbor, HYB_OK);
	while (cbor->len > 0) {
		g_byte_array_set_size(cbor, cbor->len - 1);
		check_parse(cbor, HYB_ERR_MALFORMED);
	}
}

static void
test_prefix(void)
{
	g_autoptr(GByteArray) cbor = hyb_test_diag("{1: h'0102'}");
	static const guint8 padding[500];
	HybCborReader reader;
	gsize map_len = cbor->len, used = 0;

	g_byte_array_append(cbor, padding, sizeof(padding));
	g_assert_cmpint(hyb_cbor_parse(cbor->data, cbor->len, &reader), ==, HYB_ERR_MALFORMED);
	g_assert_cmpint(hyb_cbor_parse_prefix(cbor->data, cbor->len, &reader, &used), ==, HYB_OK);
	g_assert_cmpuint(used, ==, map_len);
	g_assert_cmpuint(reader.len, ==, map_len);
	used = 77;
	cbor->data[0] = 0xbf;
	g_assert_cmpint(
	    hyb_cbor_parse_prefix(cbor->data, cbor->len, &reader, &used), ==, HYB_ERR_MALFORMED);
	g_assert_cmpuint(used, ==, 77);
}

static void
test_read_members(void)
{
	g_autoptr(GByteArray) cbor = hyb_test_diag(everything);
	HybCborReader reader, value;
	gint64 integer = 0;
	guint64 number = 0;
	gsize count = 0;
	HybBytes bytes;
	bool flag = false;

	g_assert_cmpint(hyb_cbor_parse(cbor->data, cbor->len, &reader), ==, HYB_OK);
	g_assert_cmpint(hyb_cbor_peek(&reader), ==, HYB_CBOR_MAP);
	g_assert_true(hyb_cbor_find_uint(&reader, 0, &value));
	g_assert_cmpint(hyb_cbor_read_uint(&value, &number), ==, HYB_ERR_MALFORMED);
	g_assert_cmpint(hyb_cbor_read_int(&value, &integer), ==, HYB_OK);
	g_assert_cmpint(integer, ==, -500);
	g_assert_cmpint(hyb_cbor_read_int(&value, &integer), ==, HYB_ERR_MALFORMED);
	g_assert_true(hyb_cbor_find_uint(&reader, 1, &value));
	g_assert_cmpint(hyb_cbor_read_uint(&value, &number), ==, HYB_OK);
	g_assert_cmpuint(number, ==, 1000000);
	g_assert_true(hyb_cbor_find_int(&reader, -1, &value));
	g_assert_cmpint(hyb_cbor_read_text(&value, &bytes), ==, HYB_ERR_MALFORMED);
	g_assert_cmpint(hyb_cbor_read_bytes(&value, &bytes), ==, HYB_OK);
	g_assert_cmpmem(bytes.data, bytes.len, "\1\2", 2);
	g_assert_true(hyb_cbor_find_bytes(&reader, (HybBytes){(const uint8_t *)"\7", 1}, &value));
	g_assert_cmpint(hyb_cbor_read_text(&value, &bytes), ==, HYB_OK);
	g_assert_true(hyb_bytes_equal_text(bytes, "text"));
	g_assert_false(hyb_bytes_equal_text(bytes, "texts"));
	g_assert_true(hyb_cbor_find_text(&reader, "id", &value));
	g_assert_cmpint(hyb_cbor_read_map(&value, &count), ==, HYB_ERR_MALFORMED);
	g_assert_cmpint(hyb_cbor_read_array(&value, &count), ==, HYB_OK);
	g_assert_cmpuint(count, ==, 3);
	g_assert_cmpint(hyb_cbor_read_bool(&value, &flag), ==, HYB_OK);
	g_assert_true(flag);
	g_assert_cmpint(hyb_cbor_peek(&value), ==, HYB_CBOR_NULL);
	g_assert_cmpint(hyb_cbor_read_bool(&value, &flag), ==, HYB_ERR_MALFORMED);
	g_assert_cmpint(hyb_cbor_skip(&value), ==, HYB_OK);
	g_assert_cmpint(hyb_cbor_read_raw(&value, &bytes), ==, HYB_OK);
	g_assert_cmpmem(bytes.data, bytes.len, "\xa1\x61n\xa0", 4);
	g_assert_cmpuint(value.len, ==, 0);
}

static void
test_find_absent(void)
{
	g_autoptr(GByteArray) cbor = hyb_test_diag(everything);
	HybCborReader reader, value = {(const uint8_t *)"untouched", 9};

	g_assert_cmpint(hyb_cbor_parse(cbor->data, cbor->len, &reader), ==, HYB_OK);
	g_assert_false(hyb_cbor_find_uint(&reader, 2, &value));
	g_assert_false(hyb_cbor_find_int(&reader, -2, &value));
	g_assert_false(hyb_cbor_find_text(&reader, "i", &value));
	g_assert_false(hyb_cbor_find_text(&reader, "n", &value)); /* only further in */
	g_assert_false(hyb_cbor_find_text(&reader, "", &value));
	g_assert_false(
	    hyb_cbor_find_bytes(&reader, (HybBytes){(const uint8_t *)"\7\0", 2}, &value));
	g_assert_cmpuint(value.len, ==, 9);
	g_assert_true(hyb_cbor_find_uint(&reader, 1, &value));
	g_assert_false(hyb_cbor_find_uint(&value, 1, &value)); /* not a map */
}

static void
test_integer_range(void)
{
	static const struct {
		const char *hex;
		HybStatus want;
		gint64 value;
	} cases[] = {
	    {"1b7fffffffffffffff", HYB_OK, G_MAXINT64},
	    {"1b8000000000000000", HYB_ERR_MALFORMED, 0},
	    {"3b7fffffffffffffff", HYB_OK, G_MININT64},
	    {"3b8000000000000000", HYB_ERR_MALFORMED, 0},
	    {"20", HYB_OK, -1},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) cbor = hyb_test_unhex(cases[i].hex);
		HybCborReader reader;
		gint64 value = 0;

		g_assert_cmpint(hyb_cbor_parse(cbor->data, cbor->len, &reader), ==, HYB_OK);
		g_assert_cmpint(hyb_cbor_read_int(&reader, &value), ==, cases[i].want);
		g_assert_cmpint(value, ==, cases[i].value);
		g_assert_cmpuint(reader.len, ==, cases[i].want == HYB_OK ? 0 : cbor->len);
	}
}

static void
write_everything(HybCborWriter *writer)
{
	static const guint8 two[] = {1, 2}, seven[] = {7};

	hyb_cbor_write_map(writer, 5);
	hyb_cbor_write_uint(writer, 0);
	hyb_cbor_write_int(writer, -500);
	hyb_cbor_write_int(writer, 1);
	hyb_cbor_write_uint(writer, 1000000);
	hyb_cbor_write_int(writer, -1);
	hyb_cbor_write_bytes(writer, (HybBytes){two, 2});
	hyb_cbor_write_bytes(writer, (HybBytes){seven, 1});
	hyb_cbor_write_text_bytes(writer, (HybBytes){(const uint8_t *)"text", 4});
	hyb_cbor_write_text(writer, "id");
	hyb_cbor_write_array(writer, 3);
	hyb_cbor_write_bool(writer, true);
	hyb_cbor_write_raw(writer, (HybBytes){(const uint8_t *)"\xf6", 1});
	hyb_cbor_write_map(writer, 1);
	hyb_cbor_write_text(writer, "n");
	hyb_cbor_write_map(writer, 0);
}

static void
test_write(void)
{
	g_autoptr(GByteArray) want = hyb_test_diag(everything);

	for (gsize cap = 3; cap <= want->len + 3; cap++) {
		g_autofree guint8 *store = g_malloc(cap);
		HybBuf out = {store, 3, cap};
		HybCborWriter writer = hyb_cbor_writer(&out);
		gboolean fits = cap == want->len + 3;

		write_everything(&writer);
		g_assert_cmpint(
		    hyb_cbor_writer_finish(&writer), ==, fits ? HYB_OK : HYB_ERR_NO_SPACE);
		g_assert_cmpuint(out.len, ==, fits ? cap : 3);
		if (fits)
			g_assert_cmpmem(store + 3, cap - 3, want->data, want->len);
	}
}

/* Each pair of keys in the wrong order, a wrong count, bad text: nothing is let out. */
static void
test_write_own_mistakes(void)
{
	static const struct {
		gsize count;
		const char *first;
		const char *second;
	} cases[] = {
	    {2, "type", "alg"},
	    {2, "alg", "alg"},
	    {1, "alg", "type"},
	    {3, "alg", "type"},
	    {2, "alg", "\xff"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		guint8 store[64];
		HybBuf out = {store, 0, sizeof(store)};
		HybCborWriter writer = hyb_cbor_writer(&out);

		hyb_cbor_write_map(&writer, cases[i].count);
		hyb_cbor_write_text(&writer, cases[i].first);
		hyb_cbor_write_int(&writer, 1);
		hyb_cbor_write_text(&writer, cases[i].second);
		hyb_cbor_write_int(&writer, 2);
		g_assert_cmpint(hyb_cbor_writer_finish(&writer), ==, HYB_ERR_STATE);
		g_assert_cmpuint(out.len, ==, 0);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(parse_cases); i++) {
		g_autofree char *path =
		    g_strconcat("/proto/cbor/parse/", parse_cases[i].name, NULL);

		g_test_add_data_func(path, &parse_cases[i], test_parse);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(order_cases); i++) {
		g_autofree char *path =
		    g_strconcat("/proto/cbor/order/", order_cases[i].name, NULL);

		g_test_add_data_func(path, &order_cases[i], test_order);
	}
	g_test_add_func("/proto/cbor/nests-16-deep", test_depth);
	g_test_add_func("/proto/cbor/truncated-at-each-byte", test_truncated);
	g_test_add_func("/proto/cbor/prefix-before-padding", test_prefix);
	g_test_add_func("/proto/cbor/reads-members", test_read_members);
	g_test_add_func("/proto/cbor/finds-only-what-is-there", test_find_absent);
	g_test_add_func("/proto/cbor/integer-range", test_integer_range);
	g_test_add_func("/proto/cbor/writes-in-every-room", test_write);
	g_test_add_func("/proto/cbor/refuses-own-mistakes", test_write_own_mistakes);
	return g_test_run();
}
