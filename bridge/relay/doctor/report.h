/* SPDX-License-Identifier: BSD-2-Clause */
/* What the doctor found: a line for each step, or all of it as one JSON object. */
#pragma once

#include <json-glib/json-glib.h>

typedef struct DoctorReport DoctorReport;

/* @json: nothing is printed before doctor_report_end(). */
DoctorReport *doctor_report_new(const char *url, gboolean json);

/* A step begins, and its clock. @name is "tls"; the step's end tells the rest. */
void doctor_report_begin(DoctorReport *self, const char *name);

/* What came before was not the step itself: its clock starts again. */
void doctor_report_restart(DoctorReport *self);

/* (transfer none): the running step's JSON, for what programs want to know of it. */
JsonObject *doctor_report_values(DoctorReport *self);

/* The step's end: all is as it should be, or people would not notice. */
void doctor_report_ok(DoctorReport *self, const char *format, ...) G_GNUC_PRINTF(2, 3);
void doctor_report_warn(DoctorReport *self, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* @error: (transfer full): what failed and what to do about it. The first one is the report's
 * cause, but HYB_ERROR_CANCELLED, which ends the report, goes before all others. */
void doctor_report_fail(DoctorReport *self, GError *error);

/* An early or the last end: prints the sum. Returns: the exit status */
int doctor_report_end(DoctorReport *self);

void doctor_report_free(DoctorReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DoctorReport, doctor_report_free)
