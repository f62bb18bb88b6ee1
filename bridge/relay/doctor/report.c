/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/doctor/report.h"

#include <stdio.h>

#include "bridge/common/error.h"

/**
 * DoctorReport:
 * @step: the JSON of the step that runs
 * @begun_us: when it began
 * @cause: the exit status so far
 * @first: what failed first, "tls: …"
 */
struct DoctorReport {
	char *url;
	gboolean json;
	JsonArray *steps;
	JsonObject *step;
	gint64 begun_us;
	guint warnings;
	guint failures;
	HybError cause;
	char *first;
};

DoctorReport *
doctor_report_new(const char *url, gboolean json)
{
	DoctorReport *self = g_new0(DoctorReport, 1);

	self->url = g_strdup(url);
	self->json = json;
	self->steps = json_array_new();
	return self;
}

void
doctor_report_begin(DoctorReport *self, const char *name)
{
	self->step = json_object_new();
	json_array_add_object_element(self->steps, self->step);
	json_object_set_string_member(self->step, "step", name);
	self->begun_us = g_get_monotonic_time();
}

void
doctor_report_restart(DoctorReport *self)
{
	self->begun_us = g_get_monotonic_time();
}

JsonObject *
doctor_report_values(DoctorReport *self)
{
	return self->step;
}

/* What a relay sends may be in there: nothing that commands a terminal gets through. */
static char *
plain(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *out = g_string_new(NULL);

	for (const char *c = valid; *c != '\0'; c = g_utf8_next_char(c)) {
		gunichar letter = g_utf8_get_char(c);

		g_string_append_unichar(out, g_unichar_isprint(letter) ? letter : 0xfffd);
	}
	return g_string_free(out, FALSE);
}

static void
end_step(DoctorReport *self, const char *status, const char *detail)
{
	gdouble ms = (gdouble)(g_get_monotonic_time() - self->begun_us) / 1000;
	g_autofree char *text = plain(detail);

	json_object_set_string_member(self->step, "status", status);
	json_object_set_double_member(self->step, "ms", ms);
	json_object_set_string_member(self->step, "detail", text);
	if (self->json)
		return;
	printf("%-7s %8.1f ms  %s: %s\n", status, ms,
	    json_object_get_string_member(self->step, "step"), text);
	fflush(stdout);
}

void
doctor_report_ok(DoctorReport *self, const char *format, ...)
{
	g_autofree char *detail = NULL;
	va_list args;

	va_start(args, format);
	detail = g_strdup_vprintf(format, args);
	va_end(args);
	end_step(self, "ok", detail);
}

void
doctor_report_warn(DoctorReport *self, const char *format, ...)
{
	g_autofree char *detail = NULL;
	va_list args;

	va_start(args, format);
	detail = g_strdup_vprintf(format, args);
	va_end(args);
	self->warnings++;
	end_step(self, "warning", detail);
}

void
doctor_report_fail(DoctorReport *self, GError *error)
{
	g_autoptr(GError) owned = error;
	HybError cause = hyb_error_cause(owned);
	const char *message = hyb_error_message(owned);

	json_object_set_string_member(self->step, "cause", hyb_error_name(cause));
	self->failures++;
	if (self->first == NULL || cause == HYB_ERROR_CANCELLED) {
		g_free(self->first);
		self->first = g_strdup_printf(
		    "%s: %s", json_object_get_string_member(self->step, "step"), message);
		self->cause = cause;
	}
	end_step(self, "failed", message);
}

static void
print_json(const DoctorReport *self)
{
	g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
	JsonObject *all = json_object_new();
	g_autofree char *text = NULL;

	json_object_set_string_member(all, "url", self->url);
	json_object_set_boolean_member(all, "ok", self->failures == 0);
	json_object_set_int_member(all, "exit", self->failures == 0 ? 0 : (gint64)self->cause);
	if (self->failures > 0)
		json_object_set_string_member(all, "cause", hyb_error_name(self->cause));
	json_object_set_int_member(all, "warnings", self->warnings);
	json_object_set_array_member(all, "steps", json_array_ref(self->steps));
	json_node_take_object(root, all);
	text = json_to_string(root, FALSE);
	puts(text);
}

int
doctor_report_end(DoctorReport *self)
{
	g_autofree char *first = self->first != NULL ? plain(self->first) : NULL;

	if (self->json)
		print_json(self);
	else if (self->failures == 0)
		printf("%s is well: %u steps, %u %s.\n", self->url,
		    json_array_get_length(self->steps), self->warnings,
		    self->warnings == 1 ? "warning" : "warnings");
	if (fflush(stdout) != 0 || ferror(stdout)) {
		g_autoptr(GError) error = NULL;

		hyb_error_fail(&error, HYB_ERROR_STORAGE, "Standard output cannot be written");
		return hyb_error_report("hybridge-relay", error);
	}
	if (self->failures == 0)
		return 0;
	if (self->cause == HYB_ERROR_CANCELLED)
		fprintf(stderr, "hybridge-relay: Cancelled.\nThe relay was left as it was.\n");
	else
		fprintf(stderr,
		    "hybridge-relay: %u of %u steps failed, first %s.\n"
		    "Each line says what to do; hybridge-relay(8) says what each step is for.\n",
		    self->failures, json_array_get_length(self->steps), first);
	return (int)self->cause;
}

void
doctor_report_free(DoctorReport *self)
{
	if (self == NULL)
		return;
	g_free(self->url);
	g_free(self->first);
	json_array_unref(self->steps);
	g_free(self);
}
