/* SPDX-License-Identifier: BSD-2-Clause */
/* The two handshakes, every state of both roles. */
#include <string.h>

#include "proto/bytes.h"
#include "tests/vectors/checks.h"
#include "tests/vectors/noise.h"

/* "mix_hash(e_i)", "encrypt_and_hash_result" and "decrypt_and_hash_input" name our operations; the
 * two last are one operation seen from two sides. */
static gboolean
is_operation(const char *vector, const char *ours)
{
	gsize len = strcspn(vector, "(");

	if (g_str_has_suffix(ours, "crypt_and_hash"))
		return g_str_equal(vector, "encrypt_and_hash_result") ||
		       g_str_equal(vector, "decrypt_and_hash_input");
	return strlen(ours) == len && strncmp(vector, ours, len) == 0;
}

static void
on_operation(const HybNoise *noise, const char *operation, HybBytes input, void *user_data)
{
	NoiseVector *v = user_data;
	Case *c = v->c;
	g_autofree char *what = g_strdup_printf("step %u, %s", v->step, operation);
	g_autoptr(GBytes) want_input = NULL;
	g_autoptr(GBytes) h = NULL;
	g_autoptr(GBytes) ck = NULL;
	JsonObject *step = case_get_element(c, v->steps, v->step++);

	if (step == NULL)
		return;
	if (!is_operation(case_get_text(c, step, "op"), operation))
		case_fail(c, "%s: the vector has %s", what, case_get_text(c, step, "op"));
	want_input = case_get_hex(c, step, "input");
	h = case_get_hex(c, step, "h");
	ck = case_get_hex(c, step, "ck");
	case_bytes(c, what, input, want_input);
	case_bytes(c, what, hyb_bytes(noise->h, sizeof(noise->h)), h);
	case_bytes(c, what, hyb_bytes(noise->ck, sizeof(noise->ck)), ck);
	case_uint(c, what, noise->has_key, case_has(step, "k"));
	if (case_has(step, "k")) {
		g_autoptr(GBytes) k = case_get_hex(c, step, "k");

		case_bytes(c, what, hyb_bytes(noise->k, sizeof(noise->k)), k);
	}
}

/* They are ours by the pattern; the vectors name them all the same. */
static void
check_name_and_prologue(Case *c, JsonObject *entry, const char *pattern, gboolean kn)
{
	g_autofree char *name = g_strdup_printf("Noise_%s_P256_AESGCM_SHA256", pattern);
	const uint8_t prologue = kn ? 1 : 0;

	if (case_has(entry, "protocol_name"))
		case_text(c, "protocol name", name, case_get_text(c, entry, "protocol_name"));
	if (case_has(entry, "prologue")) {
		g_autoptr(GBytes) want = case_get_hex(c, entry, "prologue");

		case_bytes(c, "prologue", hyb_bytes(&prologue, 1), want);
	}
}

gboolean
noise_vector_start(NoiseVector *v, Case *c, JsonObject *entry, HybHandshakeRole role)
{
	const char *pattern = case_get_text(c, entry, "pattern");
	gboolean kn = g_str_equal(pattern, "KNpsk0");
	const char *owner = kn ? "initiator_static" : "responder_static";
	g_autofree char *private_name = g_strconcat(owner, "_private", NULL);
	g_autofree char *public_name = g_strconcat(owner, "_public", NULL);
	g_autoptr(GBytes) psk = case_get_fixed(c, entry, "psk", HYB_PSK_LEN);
	g_autoptr(GBytes) private_key = case_get_fixed(c, entry, private_name, HYB_P256_SCALAR_LEN);
	g_autoptr(GBytes) public_key = case_get_fixed(c, entry, public_name, HYB_P256_POINT_LEN);
	gboolean owns = kn == (role == HYB_HANDSHAKE_INITIATOR);
	const HybHandshakeConfig config = {
	    .pattern = kn ? HYB_HANDSHAKE_KNPSK0 : HYB_HANDSHAKE_NKPSK0,
	    .role = role,
	    .static_private = owns ? case_data_of(private_key) : NULL,
	    .static_public = case_data_of(public_key),
	    .psk = case_data_of(psk),
	    .observer = case_has(entry, "steps") ? on_operation : NULL,
	    .user_data = v,
	};

	*v = (NoiseVector){.c = c, .entry = entry, .role = role};
	check_name_and_prologue(c, entry, pattern, kn);
	if (!kn && !g_str_equal(pattern, "NKpsk0"))
		return case_fail(c, "unknown pattern \"%s\"", pattern);
	if (case_has(entry, "steps"))
		v->steps = case_get_array(c, entry, "steps");
	return c->why == NULL &&
	       case_ok(c, "start", hyb_handshake_start(&v->handshake, c->crypto, &config));
}

/* Our message, equal to the vector's. */
static gboolean
write_ours(NoiseVector *v)
{
	gboolean initiator = v->role == HYB_HANDSHAKE_INITIATOR;
	const char *side = initiator ? "initiator" : "responder";
	g_autofree char *private_name = g_strconcat(side, "_ephemeral_private", NULL);
	g_autofree char *public_name = g_strconcat(side, "_ephemeral_public", NULL);
	const char *message_name = initiator ? "message1" : "message2";
	g_autoptr(GBytes) e = case_get_fixed(v->c, v->entry, private_name, HYB_P256_SCALAR_LEN);
	g_autoptr(GBytes) point = case_get_hex(v->c, v->entry, public_name);
	g_autoptr(GBytes) want = case_get_hex(v->c, v->entry, message_name);
	uint8_t message[HYB_HANDSHAKE_MESSAGE_LEN];

	if (!case_ok(
		v->c, message_name, hyb_handshake_write(&v->handshake, case_data_of(e), message)))
		return FALSE;
	case_bytes(v->c, "ephemeral key", hyb_bytes(message, HYB_P256_POINT_LEN), point);
	return case_bytes(v->c, message_name, hyb_bytes(message, sizeof(message)), want);
}

static gboolean
read_theirs(NoiseVector *v)
{
	const char *name = v->role == HYB_HANDSHAKE_INITIATOR ? "message2" : "message1";
	g_autoptr(GBytes) message = case_get_hex(v->c, v->entry, name);

	return case_ok(v->c, name,
	    hyb_handshake_read(&v->handshake, case_data_of(message), g_bytes_get_size(message)));
}

gboolean
noise_vector_write(NoiseVector *v)
{
	if (v->role == HYB_HANDSHAKE_RESPONDER && !read_theirs(v))
		return FALSE;
	return write_ours(v);
}

/* Keys and hash after both messages. */
static void
check_result(NoiseVector *v)
{
	g_autoptr(GBytes) hash = case_get_hex(v->c, v->entry, "handshake_hash");
	g_autoptr(GBytes) ck = case_get_hex(v->c, v->entry, "final_chaining_key");
	g_autoptr(GBytes) k1 = case_get_hex(v->c, v->entry, "key_initiator_to_responder");
	g_autoptr(GBytes) k2 = case_get_hex(v->c, v->entry, "key_responder_to_initiator");
	HybHandshakeResult result;

	case_bytes(v->c, "final chaining key",
	    hyb_bytes(v->handshake.noise.ck, sizeof(v->handshake.noise.ck)), ck);
	if (!case_ok(v->c, "split", hyb_handshake_split(&v->handshake, &result)))
		return;
	case_bytes(v->c, "handshake hash", hyb_bytes(result.hash, sizeof(result.hash)), hash);
	case_bytes(
	    v->c, "initiator's key", hyb_bytes(result.client_key, sizeof(result.client_key)), k1);
	case_bytes(v->c, "responder's key",
	    hyb_bytes(result.authenticator_key, sizeof(result.authenticator_key)), k2);
}

/* @name: the product of the two keys whose owners follow; null where the pattern has none. */
static void
check_product(NoiseVector *v, const char *name, const char *private_name, const char *public_name)
{
	g_autoptr(GBytes) want = NULL;
	g_autoptr(GBytes) private_key = NULL;
	g_autoptr(GBytes) public_key = NULL;
	uint8_t shared[HYB_P256_SHARED_LEN];

	if (!case_has(v->entry, name))
		return;
	want = case_get_hex(v->c, v->entry, name);
	private_key = case_get_fixed(v->c, v->entry, private_name, HYB_P256_SCALAR_LEN);
	public_key = case_get_fixed(v->c, v->entry, public_name, HYB_P256_POINT_LEN);
	if (case_ok(v->c, name,
		hyb_p256_ecdh(
		    v->c->crypto, case_data_of(private_key), case_data_of(public_key), shared)))
		case_bytes(v->c, name, hyb_bytes(shared, sizeof(shared)), want);
}

static void
check_products(NoiseVector *v)
{
	gboolean initiator = v->role == HYB_HANDSHAKE_INITIATOR;

	if (initiator) {
		check_product(v, "ee", "initiator_ephemeral_private", "responder_ephemeral_public");
		check_product(v, "se", "initiator_static_private", "responder_ephemeral_public");
		check_product(v, "es", "initiator_ephemeral_private", "responder_static_public");
	} else {
		check_product(v, "ee", "responder_ephemeral_private", "initiator_ephemeral_public");
		check_product(v, "se", "responder_ephemeral_private", "initiator_static_public");
		check_product(v, "es", "responder_static_private", "initiator_ephemeral_public");
	}
}

void
noise_vector_run(NoiseVector *v)
{
	if (!noise_vector_write(v))
		return;
	if (v->role == HYB_HANDSHAKE_INITIATOR && !read_theirs(v))
		return;
	check_products(v);
	check_result(v);
	if (v->steps != NULL)
		case_uint(v->c, "operations", v->step, json_array_get_length(v->steps));
}

static void
check_noise(Case *c, JsonObject *entry, HybHandshakeRole role)
{
	NoiseVector v;

	if (noise_vector_start(&v, c, entry, role))
		noise_vector_run(&v);
}

void
check_noise_initiator(Case *c, JsonObject *entry)
{
	check_noise(c, entry, HYB_HANDSHAKE_INITIATOR);
}

void
check_noise_responder(Case *c, JsonObject *entry)
{
	check_noise(c, entry, HYB_HANDSHAKE_RESPONDER);
}

void
check_noise_invalid(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) message = case_get_hex(c, entry, "message");
	const char *side = case_get_text(c, entry, "reject_at");
	gboolean initiator = g_str_equal(side, "initiator");
	JsonArray *noise = case_get_array(c, c->root, "noise");
	JsonObject *base;
	NoiseVector v;

	if (!initiator && !g_str_equal(side, "responder")) {
		case_fail(c, "unknown side \"%s\"", side);
		return;
	}
	if (noise == NULL)
		return;
	base = case_get_element(c, noise, (guint)case_get_uint(c, entry, "base"));
	if (base == NULL)
		return;
	case_text(
	    c, "pattern", case_get_text(c, base, "pattern"), case_get_text(c, entry, "pattern"));
	if (!noise_vector_start(
		&v, c, base, initiator ? HYB_HANDSHAKE_INITIATOR : HYB_HANDSHAKE_RESPONDER))
		return;
	if (initiator && !noise_vector_write(&v))
		return;
	v.handshake.noise.observer = NULL;
	case_refused(c, "read",
	    hyb_handshake_read(&v.handshake, case_data_of(message), g_bytes_get_size(message)));
	case_uint(c, "state", v.handshake.state, HYB_HANDSHAKE_FAILED);
}
