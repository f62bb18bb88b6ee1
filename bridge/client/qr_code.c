/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/qr_code.h"

#include <openssl/crypto.h>
#include <qrencode.h>
#include <string.h>

#include "bridge/common/error.h"

#define PREFIX "FIDO:/"

struct HybQrCode {
	int size;
	gboolean dark[]; /* size × size, row by row */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QRinput, QRinput_free)

static void
wipe_symbol(QRcode *symbol)
{
	OPENSSL_cleanse(symbol->data, (size_t)symbol->width * (size_t)symbol->width);
	QRcode_free(symbol);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QRcode, wipe_symbol)

static gboolean
append(QRinput *input, QRencodeMode mode, const char *text, gsize len)
{
	return QRinput_append(input, mode, (int)len, (const unsigned char *)text) == 0;
}

static QRcode *
encode(const char *text, HybQrCodeLevel level)
{
	/* Version 0: the smallest that holds the text. */
	g_autoptr(QRinput) input =
	    QRinput_new2(0, level == HYB_QR_CODE_MEDIUM ? QR_ECLEVEL_M : QR_ECLEVEL_L);
	const char *digits = text + strlen(PREFIX);

	if (input == NULL || !append(input, QR_MODE_AN, PREFIX, strlen(PREFIX)) ||
	    !append(input, QR_MODE_NUM, digits, strlen(digits)))
		return NULL;
	return QRcode_encodeInput(input);
}

HybQrCode *
hyb_qr_code_new(const char *text, HybQrCodeLevel level, GError **error)
{
	g_autoptr(QRcode) symbol = NULL;
	HybQrCode *code;

	if (g_str_has_prefix(text, PREFIX))
		symbol = encode(text, level);
	if (symbol == NULL) {
		g_set_error_literal(
		    error, HYB_ERROR, HYB_ERROR_INTERNAL, "The QR code cannot be made");
		return NULL;
	}
	code = g_malloc(
	    sizeof(*code) + (gsize)symbol->width * (gsize)symbol->width * sizeof(code->dark[0]));
	code->size = symbol->width;
	for (int i = 0; i < symbol->width * symbol->width; i++)
		code->dark[i] = symbol->data[i] & 1;
	return code;
}

int
hyb_qr_code_size(const HybQrCode *code)
{
	return code->size;
}

gboolean
hyb_qr_code_is_dark(const HybQrCode *code, int row, int column)
{
	if (row < 0 || column < 0 || row >= code->size || column >= code->size)
		return FALSE;
	return code->dark[row * code->size + column];
}

void
hyb_qr_code_free(HybQrCode *code)
{
	if (code == NULL)
		return;
	OPENSSL_cleanse(code->dark, (gsize)(code->size * code->size) * sizeof(code->dark[0]));
	g_free(code);
}
