/* SPDX-License-Identifier: BSD-2-Clause */
/* State changes as JSON lines. */
#include "bridge/common/event.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

#include "bridge/common/error.h"

static gboolean enabled;

void
hyb_event_enable(void)
{
	enabled = TRUE;
}

gboolean
hyb_event_enabled(void)
{
	return enabled;
}

static JsonBuilder *
begin(const char *state)
{
	JsonBuilder *line = json_builder_new();

	json_builder_begin_object(line);
	json_builder_set_member_name(line, "time");
	json_builder_add_double_value(line, (double)g_get_real_time() / G_USEC_PER_SEC);
	json_builder_set_member_name(line, "state");
	json_builder_add_string_value(line, state);
	return line;
}

static void
add(JsonBuilder *line, const char *key, const char *value)
{
	json_builder_set_member_name(line, key);
	json_builder_add_string_value(line, value);
}

/* One write a line, so that lines of two processes on one pipe do not mix. */
static void
end(JsonBuilder *line)
{
	g_autoptr(JsonNode) root = NULL;
	g_autofree char *json = NULL;
	g_autofree char *text = NULL;

	json_builder_end_object(line);
	root = json_builder_get_root(line);
	json = json_to_string(root, FALSE);
	text = g_strconcat(json, "\n", NULL);
	fputs(text, stderr);
}

void
hyb_event_state(const char *state, ...)
{
	g_autoptr(JsonBuilder) line = NULL;
	const char *key;
	va_list args;

	if (!enabled)
		return;
	line = begin(state);
	va_start(args, state);
	while ((key = va_arg(args, const char *)) != NULL)
		add(line, key, va_arg(args, const char *));
	va_end(args);
	end(line);
}

void
hyb_event_failed(const GError *error)
{
	g_autoptr(JsonBuilder) line = NULL;
	HybError cause = hyb_error_cause(error);

	if (!enabled)
		return;
	line = begin("failed");
	add(line, "cause", hyb_error_name(cause));
	json_builder_set_member_name(line, "exit");
	json_builder_add_int_value(line, (gint64)cause);
	add(line, "message", hyb_error_message(error));
	add(line, "advice", hyb_error_advice(cause));
	end(line);
}
