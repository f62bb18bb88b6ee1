/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge decode: explains a FIDO:/ code. */
#include <json-glib/json-glib.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "bridge/cli/command.h"
#include "bridge/cli/image.h"
#include "bridge/client/json.h"
#include "bridge/common/error.h"
#include "proto/domain.h"
#include "proto/hex.h"
#include "proto/kdf.h"
#include "proto/p256.h"
#include "proto/qr.h"

#define INPUT_MAX 4096	    /* bytes of a code from standard input, blanks with it */
#define STALE_S (10 * 60)   /* hybrid.md §2.3: older ones deserve a question */
#define TRANSPORT_TUNNEL 1u /* bits of HybQr.transports */
#define TRANSPORT_BLE 2u

typedef struct {
	char *image;
	gboolean json;
	gboolean secrets;
	char **rest;
} Decode;

/* The code's fields as text; @secret and @tunnel_id only for --secrets. */
typedef struct {
	char public_key[2 * HYB_P256_COMPRESSED_LEN + 1];
	char secret[2 * HYB_QR_SECRET_LEN + 1];
	char tunnel_id[2 * HYB_TUNNEL_ID_LEN + 1];
	char domains[HYB_DOMAIN_ASSIGNED][HYB_DOMAIN_NAME_MAX];
	guint n_domains;
	gint64 age_s;
} Fields;

static gboolean
fill(const HybQr *qr, Fields *fields)
{
	HYB_CLEANUP(hyb_crypto_cleanup) HybCrypto *crypto = NULL;
	guint8 compressed[HYB_P256_COMPRESSED_LEN], tunnel_id[HYB_TUNNEL_ID_LEN];

	if (hyb_crypto_new(&crypto) != HYB_OK ||
	    hyb_kdf_derive(crypto, HYB_KDF_TUNNEL_ID, (HybBytes){qr->secret, sizeof(qr->secret)},
		(HybBytes){0}, tunnel_id, sizeof(tunnel_id)) != HYB_OK)
		return FALSE;
	for (guint16 id = 0; id < HYB_DOMAIN_ASSIGNED && id < qr->num_known_domains; id++)
		if (hyb_domain_name(crypto, id, fields->domains[fields->n_domains]) == HYB_OK)
			fields->n_domains++;
	hyb_p256_compress(qr->public_key, compressed);
	hyb_hex_encode(compressed, sizeof(compressed), HYB_HEX_LOWER, fields->public_key);
	hyb_hex_encode(qr->secret, sizeof(qr->secret), HYB_HEX_LOWER, fields->secret);
	hyb_hex_encode(tunnel_id, sizeof(tunnel_id), HYB_HEX_LOWER, fields->tunnel_id);
	OPENSSL_cleanse(tunnel_id, sizeof(tunnel_id));
	fields->age_s = g_get_real_time() / G_USEC_PER_SEC - (gint64)qr->timestamp;
	return TRUE;
}

static const char *
request_text(HybQrHint hint)
{
	switch (hint) {
	case HYB_QR_HINT_GET_ASSERTION:
		return "sign in";
	case HYB_QR_HINT_MAKE_CREDENTIAL:
		return "make a passkey";
	case HYB_QR_HINT_CREDENTIAL_PRESENTATION:
		return "present a digital credential";
	case HYB_QR_HINT_CREDENTIAL_ISSUANCE:
		return "receive a digital credential";
	}
	return "";
}

/* "3 minutes ago", "12 seconds ahead of this computer's clock" */
static char *
age_text(gint64 age_s)
{
	gint64 size = ABS(age_s), number = size;
	const char *unit = "second";

	if (size >= 2 * 24 * 3600) {
		number = size / (24 * 3600);
		unit = "day";
	} else if (size >= 2 * 3600) {
		number = size / 3600;
		unit = "hour";
	} else if (size >= 120) {
		number = size / 60;
		unit = "minute";
	}
	return g_strdup_printf("%" G_GINT64_FORMAT " %s%s %s", number, unit, number == 1 ? "" : "s",
	    age_s >= 0 ? "ago" : "ahead of this computer's clock");
}

static char *
time_text(const HybQr *qr, gint64 age_s)
{
	g_autoptr(GDateTime) when = NULL;
	g_autofree char *date = NULL;
	g_autofree char *age = age_text(age_s);

	if (!qr->has_timestamp)
		return g_strdup("it does not say");
	if (qr->timestamp <= G_MAXINT64)
		when = g_date_time_new_from_unix_utc((gint64)qr->timestamp);
	if (when == NULL)
		return g_strdup("a time that no clock shows");
	date = g_date_time_format(when, "%Y-%m-%d %H:%M:%S UTC");
	return g_strdup_printf("%s, %s%s", date, age,
	    ABS(age_s) > STALE_S ? " (more than 10 minutes off: an old picture?)" : "");
}

static char *
domains_text(const HybQr *qr, const Fields *fields)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "%" G_GUINT64_FORMAT, qr->num_known_domains);
	for (guint i = 0; i < fields->n_domains; i++)
		g_string_append_printf(text, "%s%s", i == 0 ? ": " : ", ", fields->domains[i]);
	if (qr->num_known_domains > fields->n_domains)
		g_string_append(text, ", and some that this program does not know");
	return g_string_free(text, FALSE);
}

static gboolean
print_text(const HybQr *qr, const Fields *fields, gboolean secrets, GError **error)
{
	g_autofree char *made = time_text(qr, fields->age_s);
	g_autofree char *domains = domains_text(qr, fields);
	GString *text = g_string_new("FIDO hybrid code\n");
	gboolean done;

	g_string_append_printf(
	    text, "  Asks to      %s (%s)\n", request_text(qr->hint), hyb_qr_hint_text(qr->hint));
	g_string_append_printf(text, "  Made         %s\n", made);
	g_string_append_printf(text, "  Tunnels      assigned ones known: %s\n", domains);
	g_string_append_printf(text, "  Linking      %s\n",
	    !qr->has_supports_linking ? "it does not say"
	    : qr->supports_linking    ? "the computer can remember the phone"
				      : "the computer will not remember the phone");
	g_string_append_printf(text, "  Channels     %s%s%s\n",
	    qr->transports & TRANSPORT_TUNNEL ? "tunnel" : "",
	    (qr->transports & (TRANSPORT_TUNNEL | TRANSPORT_BLE)) ==
		    (TRANSPORT_TUNNEL | TRANSPORT_BLE)
		? ", "
		: "",
	    qr->transports & TRANSPORT_BLE ? "Bluetooth" : "");
	g_string_append_printf(text, "  Public key   %s\n", fields->public_key);
	if (secrets)
		g_string_append_printf(text, "  Secret       %s\n  Tunnel ID    %s", fields->secret,
		    fields->tunnel_id);
	else
		g_string_append(text, "  Secret       not shown; --secrets shows it");
	done = hyb_command_print(text->str, error);
	OPENSSL_cleanse(text->str, text->allocated_len);
	g_string_free(text, TRUE);
	return done;
}

static void
add_text(JsonBuilder *json, const char *name, const char *value)
{
	json_builder_set_member_name(json, name);
	json_builder_add_string_value(json, value);
}

static void
add_integer(JsonBuilder *json, const char *name, guint64 value)
{
	json_builder_set_member_name(json, name);
	json_builder_add_int_value(json, (gint64)MIN(value, (guint64)G_MAXINT64));
}

static gboolean
print_json(const HybQr *qr, const Fields *fields, gboolean secrets, GError **error)
{
	g_autoptr(JsonBuilder) json = json_builder_new();
	g_autofree char *text = NULL;
	gboolean done;

	json_builder_begin_object(json);
	add_text(json, "hint", hyb_qr_hint_text(qr->hint));
	if (qr->has_timestamp) {
		add_integer(json, "time", qr->timestamp);
		json_builder_set_member_name(json, "age");
		json_builder_add_int_value(json, fields->age_s);
	}
	add_integer(json, "knownDomains", qr->num_known_domains);
	json_builder_set_member_name(json, "domains");
	json_builder_begin_array(json);
	for (guint i = 0; i < fields->n_domains; i++)
		json_builder_add_string_value(json, fields->domains[i]);
	json_builder_end_array(json);
	if (qr->has_supports_linking) {
		json_builder_set_member_name(json, "linking");
		json_builder_add_boolean_value(json, qr->supports_linking);
	}
	json_builder_set_member_name(json, "channels");
	json_builder_begin_array(json);
	for (guint i = 0; i < 32; i++)
		if (qr->transports >> i & 1)
			json_builder_add_int_value(json, i);
	json_builder_end_array(json);
	add_text(json, "publicKey", fields->public_key);
	if (secrets) {
		add_text(json, "secret", fields->secret);
		add_text(json, "tunnelId", fields->tunnel_id);
	}
	json_builder_end_object(json);
	text = hyb_json_to_text(json);
	done = hyb_command_print(text, error);
	OPENSSL_cleanse(text, strlen(text));
	return done;
}

/* Says which rule a code breaks, as far as that can be told without showing it. */
static gboolean
fail_parse(const char *text, gsize len, HybStatus status, GError **error)
{
	if (len < 6 || g_ascii_strncasecmp(text, "FIDO:/", 6) != 0)
		return hyb_command_usage(
		    error, "This is no FIDO code: it does not begin with FIDO:/");
	for (gsize i = 6; i < len; i++)
		if (!g_ascii_isdigit(text[i]))
			return hyb_command_usage(error,
			    "This FIDO code is damaged: something else than digits follows FIDO:/");
	if (status == HYB_ERR_POINT)
		return hyb_command_usage(
		    error, "This FIDO code is not valid: its public key is no point of P-256");
	return hyb_command_usage(
	    error, "This FIDO code is damaged: its digits are not what the format allows");
}

static gboolean
explain(const Decode *self, const char *text, gsize len, GError **error)
{
	HYB_CLEANUP(hyb_qr_clear) HybQr qr = {0};
	Fields fields = {0};
	HybStatus status;
	gboolean done;

	while (len > 0 && g_ascii_isspace(text[len - 1]))
		len--;
	while (len > 0 && g_ascii_isspace(*text)) {
		text++;
		len--;
	}
	status = hyb_qr_parse(text, len, &qr);
	if (status != HYB_OK)
		return fail_parse(text, len, status, error);
	if (!fill(&qr, &fields))
		return hyb_error_set_status(error, HYB_ERR_CRYPTO, NULL);
	done = self->json ? print_json(&qr, &fields, self->secrets, error)
			  : print_text(&qr, &fields, self->secrets, error);
	OPENSSL_cleanse(&fields, sizeof(fields));
	return done;
}

static gboolean
run(const Decode *self, GError **error)
{
	g_autoptr(GBytes) input = NULL;
	guint given = self->rest != NULL ? g_strv_length(self->rest) : 0;
	gsize len;
	const char *text;

	if (given + (self->image != NULL ? 1 : 0) != 1)
		return hyb_command_usage(error, "One code is needed: its text, - or --image FILE");
	if (given == 1 && strcmp(self->rest[0], "-") != 0)
		return explain(self, self->rest[0], strlen(self->rest[0]), error);
	input = self->image != NULL ? hyb_image_read(self->image, error)
				    : hyb_command_read("-", INPUT_MAX, error);
	if (input == NULL)
		return FALSE;
	text = g_bytes_get_data(input, &len);
	return explain(self, text != NULL ? text : "", len, error);
}

int
hyb_command_decode(int argc, char **argv)
{
	g_autoptr(GOptionContext) context =
	    g_option_context_new("URI | - | --image FILE - explain a FIDO:/ QR code");
	g_autoptr(GError) error = NULL;
	Decode self = {0};
	const GOptionEntry entries[] = {
	    {"image", 0, 0, G_OPTION_ARG_FILENAME, &self.image, "Read the code in this picture",
		"FILE"},
	    {"json", 0, 0, G_OPTION_ARG_NONE, &self.json, "Print as JSON", NULL},
	    {"secrets", 0, 0, G_OPTION_ARG_NONE, &self.secrets,
		"Print the QR secret and the tunnel ID, too", NULL},
	    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self.rest, NULL, NULL},
	    G_OPTION_ENTRY_NULL,
	};
	gboolean done;

	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_description(context,
	    "A code on the command line can be read by others on this computer; - takes it from\n"
	    "standard input.\n\nExamples:\n"
	    "  hybridge decode --image screenshot.png\n"
	    "  wl-paste | hybridge decode - --json\n");
	done = hyb_command_parse(context, argc, argv, &error) && run(&self, &error);
	g_free(self.image);
	g_strfreev(self.rest);
	return done ? 0 : hyb_command_fail(g_steal_pointer(&error));
}
