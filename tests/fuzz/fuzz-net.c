/* SPDX-License-Identifier: BSD-2-Clause */
/* One --resolve value, as the command line gives it: an entry that leads somewhere, or refused. */
#include "bridge/common/error.h"
#include "bridge/common/net.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	g_autofree char *value = g_strndup(len > 0 ? (const char *)data : "", len);
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(HybNet) net = hyb_net_new();
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) args = g_new0(char *, 4);
	g_auto(GStrv) parts = g_strsplit(value, ":", 3);
	const char *address;
	guint16 port;

	args[0] = g_strdup("fuzz");
	args[1] = g_strdup("--resolve");
	args[2] = g_strdup(value);
	hyb_net_add_options(net, context);
	if (!g_option_context_parse_strv(context, &args, &error)) {
		FUZZ_CHECK(hyb_error_cause(error) == HYB_ERROR_USAGE);
		return 0;
	}
	FUZZ_CHECK(g_strv_length(parts) == 3);
	FUZZ_CHECK(hyb_net_resolve(
	    net, parts[0], (guint16)g_ascii_strtoull(parts[1], NULL, 10), &address, &port));
	FUZZ_CHECK(port != 0 && g_hostname_is_ip_address(address));
	return 0;
}
