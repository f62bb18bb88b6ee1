/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/lab/xauthority.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "bridge/common/error.h"

#define METHOD "MIT-MAGIC-COOKIE-1"
#define COOKIE_LEN 16
#define FAMILY_WILD 0xffff /* any host, and with an empty number any screen */

/* 16 bits of length, the higher ones first, then the data. */
static void
add_counted(GByteArray *entry, const void *data, guint16 len)
{
	const guint8 count[] = {(guint8)(len >> 8), (guint8)len};

	g_byte_array_append(entry, count, sizeof(count));
	g_byte_array_append(entry, data, len);
}

gboolean
lab_xauthority_write(const LabPlace *place, GError **error)
{
	static const guint8 family[] = {FAMILY_WILD >> 8, FAMILY_WILD & 0xff};
	g_autoptr(GByteArray) entry = g_byte_array_new();
	g_autofree char *path = lab_place_path(place, LAB_XAUTHORITY);
	g_autoptr(GError) cause = NULL;
	guint8 cookie[COOKIE_LEN];
	gboolean written;

	if (RAND_priv_bytes(cookie, sizeof(cookie)) != 1)
		return hyb_error_set(error, HYB_ERROR_INTERNAL);
	g_byte_array_append(entry, family, sizeof(family));
	add_counted(entry, "", 0); /* host */
	add_counted(entry, "", 0); /* number of the screen */
	add_counted(entry, METHOD, strlen(METHOD));
	add_counted(entry, cookie, sizeof(cookie));
	written = g_file_set_contents_full(path, (const char *)entry->data, entry->len,
	    G_FILE_SET_CONTENTS_CONSISTENT, 0600, &cause);
	OPENSSL_cleanse(cookie, sizeof(cookie));
	OPENSSL_cleanse(entry->data, entry->len);
	return written || hyb_error_fail(error, HYB_ERROR_STORAGE,
			      "The screen's key cannot be written: %s", cause->message);
}
