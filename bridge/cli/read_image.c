/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge-read-image: prints the FIDO code in a picture, for hybridge decode --image. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "bridge/common/error.h"
#include "bridge/phone/image.h"

int
main(int argc, char **argv)
{
	static const struct rlimit none = {0, 0};
	g_autoptr(GError) error = NULL;
	char *text;

	setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__
	prctl(PR_SET_DUMPABLE, 0);
#endif
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
	OPENSSL_cleanse(text, strlen(text));
	g_free(text);
	return fflush(stdout) == 0 ? 0 : HYB_ERROR_STORAGE;
}
