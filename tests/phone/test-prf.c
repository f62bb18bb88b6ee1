/* SPDX-License-Identifier: BSD-2-Clause */
/* prf: the same salt gives the same secret, and nothing else does. */
#include "phone-test.h"

#include <string.h>

static const guint8 salts[3][32] = {{1}, {2}, {3}};

static HybBytes
salt(guint i)
{
	return (HybBytes){salts[i], sizeof(salts[i])};
}

/* The results of one getAssertion: 32 bytes, or 64 with a second salt, 0 without any. */
typedef struct {
	guint8 bytes[64];
	gsize len;
} Results;

static void
take(const HybCtapPrfOutput *prf, Results *out)
{
	out->len = 0;
	if (prf->results.first.data == NULL)
		return;
	g_assert_cmpuint(prf->results.first.len, ==, 32);
	memcpy(out->bytes, prf->results.first.data, 32);
	out->len = 32;
	if (prf->results.second.data == NULL)
		return;
	g_assert_cmpuint(prf->results.second.len, ==, 32);
	memcpy(out->bytes + 32, prf->results.second.data, 32);
	out->len = 64;
}

static void
sign_in(TestPhone *phone, HybCtapGetAssertion *request, Results *out)
{
	HybCtapGetAssertionResponse response;
	HybAuthdata data;

	g_assert_cmphex(test_get(phone, request, HYB_ANSWER_YES, 0), ==, HYB_CTAP_OK);
	test_got(phone, &response, &data);
	take(&response.prf, out);
	/* Secrets never stand in what is signed and sent on to the site as it is. */
	g_assert_cmpuint(data.extensions.len, ==, 0);
}

static void
ask(HybCtapGetAssertion *request, guint first, int second)
{
	test_get_request(request, "example.com");
	request->extensions.prf.present = true;
	request->extensions.prf.eval.first = salt(first);
	if (second >= 0)
		request->extensions.prf.eval.second = salt((guint)second);
}

static void
make(TestPhone *phone, const char *user, gboolean eval, guint8 id[static 32], Results *out)
{
	g_autofree HybCtapMakeCredential *request = g_new0(HybCtapMakeCredential, 1);
	HybCtapMakeCredentialResponse response;
	HybAuthdata data;

	test_make_request(request, "example.com", user);
	request->extensions.prf.present = true;
	if (eval)
		request->extensions.prf.eval = (HybCtapPrfValues){salt(0), salt(1)};
	g_assert_cmphex(test_make(phone, request, HYB_ANSWER_YES), ==, HYB_CTAP_OK);
	test_made(phone, &response, &data);
	g_assert_true(response.prf.present);
	g_assert_cmpint(response.prf.enabled, ==, HYB_CTAP_OPTION_TRUE);
	memcpy(id, data.credential_id.data, 32);
	take(&response.prf, out);
}

static void
test_deterministic(void)
{
	g_autofree HybCtapGetAssertion *request = g_new0(HybCtapGetAssertion, 1);
	Results created, again, swapped, other;
	guint8 id[32];
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	make(&phone, "alice", TRUE, id, &created);
	g_assert_cmpuint(created.len, ==, 64);
	g_assert_cmpint(memcmp(created.bytes, created.bytes + 32, 32), !=, 0);
	test_phone_reopen(&phone, TRUE);
	ask(request, 0, 1);
	sign_in(&phone, request, &again);
	g_assert_cmpmem(created.bytes, created.len, again.bytes, again.len);
	ask(request, 1, 0);
	sign_in(&phone, request, &swapped);
	g_assert_cmpmem(swapped.bytes, 32, created.bytes + 32, 32);
	g_assert_cmpmem(swapped.bytes + 32, 32, created.bytes, 32);
	ask(request, 2, -1);
	sign_in(&phone, request, &other);
	g_assert_cmpuint(other.len, ==, 32);
	g_assert_cmpint(memcmp(other.bytes, created.bytes, 32), !=, 0);
	test_phone_clear(&phone);
}

static void
test_per_passkey(void)
{
	Results alice, bob;
	guint8 id[32];
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	make(&phone, "alice", TRUE, id, &alice);
	make(&phone, "bob", TRUE, id, &bob);
	g_assert_cmpint(memcmp(alice.bytes, bob.bytes, 32), !=, 0);
	test_phone_clear(&phone);
}

/* As hmac-secret has it: what a verified owner gets is not given to anybody else. */
static void
test_per_verification(void)
{
	g_autofree HybCtapGetAssertion *request = g_new0(HybCtapGetAssertion, 1);
	Results verified, unverified, silent;
	guint8 id[32];
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	make(&phone, "alice", TRUE, id, &verified);
	ask(request, 0, 1);
	request->options.uv = HYB_CTAP_OPTION_ABSENT;
	request->options.up = HYB_CTAP_OPTION_FALSE;
	sign_in(&phone, request, &silent);
	test_phone_reopen(&phone, FALSE);
	request->options.up = HYB_CTAP_OPTION_ABSENT;
	sign_in(&phone, request, &unverified);
	g_assert_cmpmem(silent.bytes, silent.len, unverified.bytes, unverified.len);
	g_assert_cmpint(memcmp(verified.bytes, unverified.bytes, 32), !=, 0);
	test_phone_clear(&phone);
}

static void
test_by_credential(void)
{
	static const guint8 foreign[32] = {9};
	g_autofree HybCtapGetAssertion *request = g_new0(HybCtapGetAssertion, 1);
	HybCtapPrf *prf = &request->extensions.prf;
	Results created, got;
	guint8 id[32];
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	make(&phone, "alice", TRUE, id, &created);
	ask(request, 2, -1);
	request->allow.id[request->allow.count++] = (HybBytes){id, 32};
	prf->by_credential[prf->by_credential_count++] =
	    (HybCtapPrfEntry){{id, 32}, {salt(0), salt(1)}};
	sign_in(&phone, request, &got);
	g_assert_cmpmem(created.bytes, created.len, got.bytes, got.len);
	/* Salts for another passkey alone: eval is what is left. */
	prf->by_credential[0].credential_id = (HybBytes){foreign, 32};
	sign_in(&phone, request, &got);
	g_assert_cmpuint(got.len, ==, 32);
	g_assert_cmpint(memcmp(got.bytes, created.bytes, 32), !=, 0);
	prf->eval = (HybCtapPrfValues){{NULL, 0}, {NULL, 0}};
	sign_in(&phone, request, &got);
	g_assert_cmpuint(got.len, ==, 0);
	test_phone_clear(&phone);
}

static void
test_without_salts(void)
{
	g_autofree HybCtapGetAssertion *request = g_new0(HybCtapGetAssertion, 1);
	HybCtapGetAssertionResponse response;
	HybAuthdata data;
	Results none;
	guint8 id[32];
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	make(&phone, "alice", FALSE, id, &none);
	g_assert_cmpuint(none.len, ==, 0);
	test_get_request(request, "example.com");
	g_assert_cmphex(test_get(&phone, request, HYB_ANSWER_YES, 0), ==, HYB_CTAP_OK);
	test_got(&phone, &response, &data);
	g_assert_false(response.prf.present);
	test_phone_clear(&phone);
}

/* {1: rp, 2: hash, 4: {"prf": {"eval": {"first": 31 bytes}}}} */
static void
test_short_salt(void)
{
	guint8 request[] = "\x02\xa3\x01\x6b"
			   "example.com\x02\x58\x20"
			   "................................"
			   "\x04\xa1\x63prf\xa1\x64"
			   "eval\xa1\x65"
			   "first\x58\x1f"
			   "...............................";
	guint8 id[32];
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	test_add(&phone, "example.com", "alice", id);
	g_assert_cmphex(test_raw(&phone, request, sizeof(request) - 1, HYB_ANSWER_YES), ==,
	    HYB_CTAP_INVALID_LENGTH);
	test_phone_clear(&phone);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/phone/prf/is-deterministic", test_deterministic);
	g_test_add_func("/phone/prf/differs-per-passkey", test_per_passkey);
	g_test_add_func("/phone/prf/differs-per-verification", test_per_verification);
	g_test_add_func("/phone/prf/takes-salts-by-credential", test_by_credential);
	g_test_add_func("/phone/prf/without-salts-gives-nothing", test_without_salts);
	g_test_add_func("/phone/prf/refuses-a-short-salt", test_short_salt);
	return g_test_run();
}
