/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/script.h"

#include <string.h>

#include "ble/air/error.h"

typedef struct {
	HybAirScript *script;
	guint line;
	const char *event; /* of hyb_air_events; NULL: the start */
	guint delay_ms;
	HybAirCommand *command;
	guint id;
} Step;

struct HybAirScript {
	char *name;
	GPtrArray *steps;
	HybAir *air; /* NULL: not started */
};

static void
step_free(gpointer data)
{
	Step *s = data;

	g_clear_handle_id(&s->id, g_source_remove);
	hyb_air_command_free(s->command);
	g_free(s);
}

/* "2.5" to milliseconds; digits and one point, nothing else. */
static gboolean
parse_seconds(const char *text, guint *ms)
{
	char *end;
	double seconds;

	if (*text == '\0' || strspn(text, "0123456789.") != strlen(text))
		return FALSE;
	seconds = g_ascii_strtod(text, &end);
	if (*end != '\0' || seconds > HYB_AIR_SCRIPT_SECONDS_MAX)
		return FALSE;
	*ms = (guint)(seconds * 1000);
	return TRUE;
}

static gboolean
parse_event(const char *word, Step *s)
{
	g_auto(GStrv) parts = g_strsplit(word, "+", 2);

	for (gsize i = 0; parts[0] != NULL && hyb_air_events[i] != NULL; i++) {
		if (g_str_equal(parts[0], hyb_air_events[i]))
			s->event = hyb_air_events[i];
	}
	return s->event != NULL && (parts[1] == NULL || parse_seconds(parts[1], &s->delay_ms));
}

/* Cuts the first word off @rest, which moves behind it and the blanks that follow. */
static char *
take_word(const char **rest)
{
	gsize len = strcspn(*rest, " \t");
	char *word = g_strndup(*rest, len);

	*rest += len;
	*rest += strspn(*rest, " \t");
	return word;
}

static gboolean
parse_when(Step *s, const char **rest, GError **error)
{
	g_autofree char *first = take_word(rest);
	g_autofree char *event = NULL;

	if (!g_str_equal(first, "on")) {
		if (parse_seconds(first, &s->delay_ms))
			return TRUE;
		g_set_error(error, HYB_AIR_ERROR, HYB_AIR_ERROR_COMMAND,
		    "'%s' is no time: seconds (0 to %d) or 'on EVENT' come first", first,
		    HYB_AIR_SCRIPT_SECONDS_MAX);
		return FALSE;
	}
	event = take_word(rest);
	if (parse_event(event, s))
		return TRUE;
	g_set_error(error, HYB_AIR_ERROR, HYB_AIR_ERROR_COMMAND,
	    "'%s' is no event: there are " HYB_AIR_EVENT_ADVERT ", " HYB_AIR_EVENT_DISCOVERY
	    " and " HYB_AIR_EVENT_HEARD ", each with +SECONDS or without",
	    event);
	return FALSE;
}

static gboolean
parse_line(HybAirScript *self, const char *text, guint line, GError **error)
{
	const char *rest = text + strspn(text, " \t");
	Step *s;

	if (*rest == '\0' || *rest == '#')
		return TRUE;
	s = g_new0(Step, 1);
	s->script = self;
	s->line = line;
	g_ptr_array_add(self->steps, s);
	if (!parse_when(s, &rest, error))
		return FALSE;
	s->command = hyb_air_command_parse(rest, error);
	return s->command != NULL;
}

HybAirScript *
hyb_air_script_parse(const char *name, const char *text, GError **error)
{
	g_autoptr(HybAirScript) self = g_new0(HybAirScript, 1);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	self->name = g_strdup(name);
	self->steps = g_ptr_array_new_with_free_func(step_free);
	for (guint i = 0; lines[i] != NULL; i++) {
		if (i >= HYB_AIR_SCRIPT_LINES_MAX) {
			g_set_error(error, HYB_AIR_ERROR, HYB_AIR_ERROR_COMMAND,
			    "%s: more than %d lines", name, HYB_AIR_SCRIPT_LINES_MAX);
			return NULL;
		}
		if (!g_utf8_validate(lines[i], -1, NULL)) {
			g_set_error(error, HYB_AIR_ERROR, HYB_AIR_ERROR_COMMAND,
			    "%s:%u: this is not UTF-8 text", name, i + 1);
			return NULL;
		}
		if (!parse_line(self, lines[i], i + 1, error)) {
			g_prefix_error(error, "%s:%u: ", name, i + 1);
			return NULL;
		}
	}
	return g_steal_pointer(&self);
}

void
hyb_air_script_free(HybAirScript *self)
{
	if (self == NULL)
		return;
	g_ptr_array_unref(self->steps);
	g_free(self->name);
	g_free(self);
}

static gboolean
on_due(gpointer data)
{
	Step *s = data;
	g_autoptr(GError) error = NULL;

	s->id = 0;
	if (!hyb_air_command_run(s->command, s->script->air, &error))
		g_warning(
		    "%s:%u: %s; the script goes on", s->script->name, s->line, error->message);
	return G_SOURCE_REMOVE;
}

static void
schedule(HybAirScript *self, const char *event)
{
	for (guint i = 0; i < self->steps->len; i++) {
		Step *s = g_ptr_array_index(self->steps, i);

		if (g_strcmp0(s->event, event) == 0 && s->id == 0)
			s->id = g_timeout_add(s->delay_ms, on_due, s);
	}
}

void
hyb_air_script_start(HybAirScript *self, HybAir *air)
{
	self->air = air;
	schedule(self, NULL);
}

void
hyb_air_script_event(HybAirScript *self, const char *event)
{
	if (self->air != NULL)
		schedule(self, event);
}
