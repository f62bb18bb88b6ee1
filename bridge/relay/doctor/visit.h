/* SPDX-License-Identifier: BSD-2-Clause */
/* One examination: its relay, its ways to it and its report; the steps that it is made of. */
#pragma once

#include "bridge/relay/doctor/end.h"
#include "bridge/relay/doctor/report.h"
#include "bridge/relay/doctor/target.h"
#include "bridge/relay/doctor/wait.h"

/**
 * DoctorVisit:
 * @trust: NULL for a plain relay
 * @trusted: whose certificates: a file's name, or "the system"
 * @addresses: (element-type utf8): of the relay's name
 * @port: of these
 * @places: (element-type DoctorPlace): of those that answer properly, from doctor_visit_address()
 * @cancelled: no further step
 */
typedef struct {
	DoctorTarget *target;
	DoctorReport *report;
	DoctorWait wait;
	SSL_CTX *trust;
	const char *trusted;
	GPtrArray *addresses;
	guint16 port;
	GPtrArray *places;
	gboolean cancelled;
} DoctorVisit;

/* A step begins, with its clock and its deadline. */
void doctor_visit_begin(DoctorVisit *self, const char *step);

/* The same step, from here: clock and deadline start again. */
void doctor_visit_restart(DoctorVisit *self);

/* The step failed; takes *@error. Returns: FALSE */
gboolean doctor_visit_fail(DoctorVisit *self, GError **error);

/* Steps tcp, tls and certificate, of the address at @index. */
void doctor_visit_address(DoctorVisit *self, guint index);

/* A sign-in in single steps. Returns: FALSE when there is no point in more */
gboolean doctor_visit_sign_in(DoctorVisit *self);

/* What else a relay has to do, and has to refuse. */
void doctor_visit_rules(DoctorVisit *self);

/* Frees what the members own. */
void doctor_visit_clear(DoctorVisit *self);
