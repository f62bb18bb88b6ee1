/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge-read-image: prints the FIDO code in a picture, for hybridge decode --image. */
#include <stdio.h>
#include <string.h>

#include "bridge/common/error.h"
#include "bridge/common/harden.h"
#include "bridge/picture/code.h"
#include "bridge/picture/image.h"

int
main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	char *text;

	hyb_harden();
	if (argc != 3 || strcmp(argv[1], "--") != 0) {
		fputs("Usage: hybridge-read-image -- FILE\n", stderr);
		return HYB_ERROR_USAGE;
	}
	text = hyb_image_read_qr(argv[2], &error);
	if (text == NULL) {
		fprintf(stderr, "%s\n", hyb_error_message(error));
		return (int)hyb_error_cause(error);
	}
	fputs(text, stdout);
	hyb_code_free(text);
	return fflush(stdout) == 0 ? 0 : HYB_ERROR_STORAGE;
}
