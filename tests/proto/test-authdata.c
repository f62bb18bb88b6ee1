/* SPDX-License-Identifier: BSD-2-Clause */
/* Authenticator data of every shape, cut and overlong. */
#include "proto/authdata.h"

#include "tests/proto/diag.h"

#include <string.h>

#define HASH "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
#define AAGUID "000102030405060708090a0b0c0d0e0f"

typedef struct {
	const char *name;
	const char *hex;
	HybStatus want;
} AuthdataCase;

/* a1 03 26 is {3: -7}, which is key enough here: proto/cose.h reads keys. */
static const AuthdataCase cases[] = {
    {"least", HASH "0100000007", HYB_OK},
    {"unknown-flags", HASH "2300000000", HYB_OK},
    {"backed-up-but-not-eligible", HASH "1100000000", HYB_OK},
    {"byte-after", HASH "010000000700", HYB_ERR_MALFORMED},
    {"extensions", HASH "8100000000a16b6372656450726f7465637402", HYB_OK},
    {"extensions-empty-map", HASH "8100000000a0", HYB_OK},
    {"extensions-missing", HASH "8100000000", HYB_ERR_MALFORMED},
    {"extensions-array", HASH "810000000080", HYB_ERR_MALFORMED},
    {"extensions-unsorted", HASH "8100000000a202000100", HYB_ERR_MALFORMED},
    {"extensions-not-announced", HASH "0100000000a0", HYB_ERR_MALFORMED},
    {"extensions-and-a-byte", HASH "8100000000a000", HYB_ERR_MALFORMED},
    {"credential",
	HASH "4100000000" AAGUID "0002abcd"
	     "a10326",
	HYB_OK},
    {"credential-not-announced",
	HASH "0100000000" AAGUID "0002abcd"
	     "a10326",
	HYB_ERR_MALFORMED},
    {"credential-missing", HASH "4100000000", HYB_ERR_MALFORMED},
    {"credential-id-0",
	HASH "4100000000" AAGUID "0000"
	     "a10326",
	HYB_ERR_MALFORMED},
    {"credential-id-longer-than-all",
	HASH "4100000000" AAGUID "0100abcd"
	     "a10326",
	HYB_ERR_MALFORMED},
    {"credential-key-missing", HASH "4100000000" AAGUID "0002abcd", HYB_ERR_MALFORMED},
    {"credential-key-bytes",
	HASH "4100000000" AAGUID "0002abcd"
	     "4100",
	HYB_ERR_MALFORMED},
    {"both",
	HASH "c100000000" AAGUID "0002abcd"
	     "a10326"
	     "a16b6372656450726f7465637403",
	HYB_OK},
    {"both-but-extensions-missing",
	HASH "c100000000" AAGUID "0002abcd"
	     "a10326",
	HYB_ERR_MALFORMED},
};

static void
test_case(gconstpointer data)
{
	const AuthdataCase *c = data;
	g_autoptr(GByteArray) bytes = hyb_test_unhex(c->hex);
	g_autofree guint8 *copy = g_memdup2(bytes->data, bytes->len);
	HybAuthdata read = {.sign_count = 99};
	guint8 store[256];
	HybBuf out = {store, 0, sizeof(store)};

	g_assert_cmpint(hyb_authdata_parse(copy, bytes->len, &read), ==, c->want);
	if (c->want != HYB_OK) {
		g_assert_cmpuint(read.sign_count, ==, 99);
		return;
	}
	g_assert_cmpint(hyb_authdata_build(&read, &out), ==, HYB_OK);
	g_assert_cmpmem(out.data, out.len, bytes->data, bytes->len);
	for (gsize len = 0; len < bytes->len; len++) {
		out = (HybBuf){store, 0, len};
		g_assert_cmpint(hyb_authdata_build(&read, &out), ==, HYB_ERR_NO_SPACE);
		g_assert_cmpuint(out.len, ==, 0);
		g_assert_cmpint(hyb_authdata_parse(copy, len, &read), ==, HYB_ERR_MALFORMED);
	}
}

static void
test_members(void)
{
	g_autoptr(GByteArray) bytes = hyb_test_unhex(HASH "dd01020304" AAGUID "0002abcd"
							  "a10326"
							  "a16b6372656450726f7465637403");
	HybAuthdata read;

	g_assert_cmpint(hyb_authdata_parse(bytes->data, bytes->len, &read), ==, HYB_OK);
	g_assert_cmpint(read.rp_id_hash[31], ==, 0x5a);
	g_assert_cmpint(read.flags, ==, 0xdd);
	g_assert_cmpuint(read.sign_count, ==, 0x01020304);
	g_assert_cmpint(read.aaguid[15], ==, 0x0f);
	g_assert_cmpmem(read.credential_id.data, read.credential_id.len, "\xab\xcd", 2);
	g_assert_cmpmem(read.public_key.data, read.public_key.len, "\xa1\x03\x26", 3);
	g_assert_cmpuint(hyb_authdata_cred_protect(&read), ==, 3);
	read.extensions = (HybBytes){NULL, 0};
	g_assert_cmpuint(hyb_authdata_cred_protect(&read), ==, 0);
}

static void
test_credential_id_sizes(void)
{
	static const guint8 id[1024], key[] = {0xa0};
	guint8 store[2048];

	for (gsize len = 1022; len <= 1024; len++) {
		HybAuthdata authdata = {.credential_id = {id, len}, .public_key = {key, 1}}, read;
		HybBuf out = {store, 0, sizeof(store)};
		HybStatus want = len <= 1023 ? HYB_OK : HYB_ERR_STATE;

		g_assert_cmpint(hyb_authdata_build(&authdata, &out), ==, want);
		if (want != HYB_OK)
			continue;
		g_assert_cmpint(hyb_authdata_parse(out.data, out.len, &read), ==, HYB_OK);
		g_assert_cmpuint(read.credential_id.len, ==, len);
		g_assert_cmpint(read.flags, ==, HYB_AUTHDATA_AT);
	}
	/* 1024 on the wire */
	memset(store, 0, sizeof(store));
	store[32] = HYB_AUTHDATA_AT;
	store[53] = 0x04;
	store[55 + 1024] = 0xa0;
	g_assert_cmpint(
	    hyb_authdata_parse(store, 55 + 1024 + 1, &(HybAuthdata){0}), ==, HYB_ERR_MALFORMED);
}

static void
test_build_mistakes(void)
{
	static const guint8 id[4], map[] = {0xa0}, array[] = {0x80}, cut[] = {0xa1, 0x01};
	const HybAuthdata bad[] = {
	    {.credential_id = {id, 0}, .public_key = {map, 1}},
	    {.credential_id = {id, 4}},
	    {.credential_id = {id, 4}, .public_key = {array, 1}},
	    {.credential_id = {id, 4}, .public_key = {cut, 2}},
	    {.extensions = {array, 1}},
	    {.extensions = {cut, 2}},
	};
	guint8 store[256];

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		HybBuf out = {store, 0, sizeof(store)};

		g_assert_cmpint(hyb_authdata_build(&bad[i], &out), ==, HYB_ERR_STATE);
		g_assert_cmpuint(out.len, ==, 0);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/proto/authdata/", cases[i].name, NULL);

		g_test_add_data_func(path, &cases[i], test_case);
	}
	g_test_add_func("/proto/authdata/members", test_members);
	g_test_add_func("/proto/authdata/credential-id-sizes", test_credential_id_sizes);
	g_test_add_func("/proto/authdata/refuses-own-mistakes", test_build_mistakes);
	return g_test_run();
}
