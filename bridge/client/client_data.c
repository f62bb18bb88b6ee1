/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/client_data.h"

#include <openssl/sha.h>

#include "bridge/client/base64url.h"

/* WebAuthn §5.8.1.1: the "limited" serialisation escapes as little as JSON allows. */
void
hyb_client_data_quote(GString *out, const char *text)
{
	g_string_append_c(out, '"');
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_printf(out, "\\%c", *c);
		else if ((guchar)*c < 0x20)
			g_string_append_printf(out, "\\u%04x", (guint)*c);
		else
			g_string_append_c(out, *c);
	}
	g_string_append_c(out, '"');
}

GBytes *
hyb_client_data_build(HybClientDataType type, GBytes *challenge, const char *origin)
{
	g_autofree char *challenge_text = hyb_base64url_encode_bytes(challenge);
	GString *json = g_string_new("{\"type\":");

	hyb_client_data_quote(
	    json, type == HYB_CLIENT_DATA_CREATE ? "webauthn.create" : "webauthn.get");
	g_string_append(json, ",\"challenge\":");
	hyb_client_data_quote(json, challenge_text);
	g_string_append(json, ",\"origin\":");
	hyb_client_data_quote(json, origin);
	g_string_append(json, ",\"crossOrigin\":false}");
	return g_string_free_to_bytes(json);
}

void
hyb_client_data_hash(GBytes *client_data, guint8 hash[static HYB_CLIENT_DATA_HASH_LEN])
{
	gsize len;
	const guint8 *data = g_bytes_get_data(client_data, &len);

	SHA256(data, len, hash);
}
