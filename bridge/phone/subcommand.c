/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/phone/subcommand.h"

#include "bridge/common/error.h"
#include "bridge/common/event.h"
#include "bridge/phone/store.h"

void
hyb_phone_options_add(HybPhoneOptions *options, gboolean json, GOptionContext *context)
{
	const GOptionEntry common[] = {
	    {"store", 0, 0, G_OPTION_ARG_FILENAME, &options->store,
		"Folder of the passkey store (default: $XDG_DATA_HOME/hybridge/phone)", "DIR"},
	    {"passphrase-fd", 0, 0, G_OPTION_ARG_INT, &options->passphrase_fd,
		"Read the passphrase from this file descriptor, one line", "N"},
	    {0}};
	const GOptionEntry machine[] = {
	    {"json", 0, 0, G_OPTION_ARG_NONE, &options->json, "Print the result as JSON", NULL},
	    {0}};

	g_option_context_add_main_entries(context, common, NULL);
	if (json)
		g_option_context_add_main_entries(context, machine, NULL);
}

char *
hyb_phone_options_path(const HybPhoneOptions *options)
{
	g_autofree char *dir =
	    options->store != NULL ? g_strdup(options->store) : hyb_store_default_dir();

	return g_build_filename(dir, HYB_STORE_FILE, NULL);
}

void
hyb_phone_options_clear(HybPhoneOptions *options)
{
	g_clear_pointer(&options->store, g_free);
}

GOptionContext *
hyb_phone_context_new(const char *usage, const char *summary, const char *examples)
{
	GOptionContext *context = g_option_context_new(usage);

	g_option_context_set_summary(context, summary);
	g_option_context_set_description(context, examples);
	return context;
}

int
hyb_phone_fail(GError *error)
{
	int status = hyb_error_report("hybridge-phone", error);

	hyb_event_failed(error);
	g_error_free(error);
	return status;
}

int
hyb_phone_fail_usage(const char *message)
{
	return hyb_phone_fail(g_error_new_literal(HYB_ERROR, HYB_ERROR_USAGE, message));
}
