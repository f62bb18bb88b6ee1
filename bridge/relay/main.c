/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge-relay: pairs a phone and a computer and passes on what it cannot read. */
#include <locale.h>

#include "bridge/common/error.h"
#include "bridge/common/harden.h"
#include "bridge/relay/doctor/doctor.h"
#include "bridge/relay/log.h"
#include "bridge/relay/options.h"
#include "bridge/relay/supervisor.h"

int
main(int argc, char **argv)
{
	g_autoptr(RelayOptions) options = NULL;
	g_autoptr(GError) error = NULL;

	hyb_harden(); /* the certificate's key */
	setlocale(LC_ALL, "");
	g_log_writer_default_set_use_stderr(TRUE);
	g_log_set_writer_func(relay_log_write, NULL, NULL);
	g_set_prgname("hybridge-relay");
	options = relay_options_parse(argv, &error);
	if (options != NULL && options->doctor != NULL)
		return relay_doctor_run(options);
	if (options != NULL && !options->check_config)
		return relay_supervisor_run(argv, options);
	if (options != NULL && relay_supervisor_check(options, &error)) {
		g_print("The configuration is usable.\n");
		return 0;
	}
	return hyb_error_report("hybridge-relay", error);
}
