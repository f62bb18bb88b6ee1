/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge-phone init: makes the passkey store. */
#include "bridge/phone/subcommand.h"

#include <stdio.h>
#include <string.h>

#include "bridge/common/error.h"
#include "bridge/phone/passphrase.h"

static const char examples[] =
    "Examples:\n"
    "  hybridge-phone init\n"
    "  hybridge-phone init --test --store /tmp/phone\n"
    "  hybridge-phone init --domain 300 --name 'my phone' --passphrase-fd 3 3<passphrase\n";

/* The machine's name, if it can be one. */
static char *
default_name(void)
{
	const char *host = g_get_host_name();

	return g_strdup(
	    strlen(host) <= HYB_STORE_NAME_MAX && g_utf8_validate(host, -1, NULL) ? host : "phone");
}

static gboolean
make(const char *path, const HybStoreSettings *settings, int fd, GError **error)
{
	HYB_CLEANUP(hyb_passphrase_clear) HybPassphrase passphrase = {0};

	if (settings->test)
		return hyb_store_create(path, settings, NULL, 0, error);
	if (g_file_test(path, G_FILE_TEST_EXISTS)) {
		/* Said before a passphrase is asked for. */
		g_set_error(error, HYB_ERROR, HYB_ERROR_STORAGE,
		    "There is a passkey store at %s already; it was not touched", path);
		return FALSE;
	}
	return hyb_passphrase_choose(fd, &passphrase, error) &&
	       hyb_store_create(path, settings, passphrase.text, passphrase.len, error);
}

static int
init_store(const HybPhoneOptions *options, gboolean test, int domain, const char *name)
{
	g_autofree char *path = hyb_phone_options_path(options);
	HybStoreSettings settings = {.test = test, .domain = (guint16)domain, .name = name};
	GError *error = NULL;

	if (!make(path, &settings, options->passphrase_fd, &error))
		return hyb_phone_fail(error);
	if (test)
		fputs(
		    "hybridge-phone: This is a test store: no passphrase protects its passkeys.\n",
		    stderr);
	printf("Made the passkey store %s\n", path);
	return 0;
}

int
hyb_phone_init(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = hyb_phone_context_new(
	    "", "Makes the store in which this phone keeps passkeys.", examples);
	HybPhoneOptions options = HYB_PHONE_OPTIONS_INIT;
	g_autofree char *name = NULL;
	gboolean test = FALSE;
	int domain = 0, status;
	GError *error = NULL;
	const GOptionEntry entries[] = {
	    {"test", 0, 0, G_OPTION_ARG_NONE, &test, "No passphrase: for tests alone", NULL},
	    {"domain", 0, 0, G_OPTION_ARG_INT, &domain,
		"Tunnel service identifier to use, 0…65535 (default: 0)", "ID"},
	    {"name", 0, 0, G_OPTION_ARG_STRING, &name, "The phone's name (default: the host's)",
		"NAME"},
	    {0}};

	g_option_context_add_main_entries(context, entries, NULL);
	hyb_phone_options_add(&options, FALSE, context);
	if (!g_option_context_parse(context, &argc, &argv, &error))
		status = hyb_phone_fail(error);
	else if (argc > 1)
		status = hyb_phone_fail_usage("init takes no arguments besides its options");
	else if (domain < 0 || domain > G_MAXUINT16 || (domain > 1 && domain < 256))
		status = hyb_phone_fail_usage("--domain takes 0, 1 or a number from 256 to 65535");
	else if (name != NULL && (*name == '\0' || strlen(name) > HYB_STORE_NAME_MAX))
		status = hyb_phone_fail_usage("--name takes 1 to 128 bytes");
	else {
		if (name == NULL)
			name = default_name();
		status = init_store(&options, test, domain, name);
	}
	hyb_phone_options_clear(&options);
	return status;
}
