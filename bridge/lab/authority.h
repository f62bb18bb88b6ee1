/* SPDX-License-Identifier: BSD-2-Clause */
/* A certificate authority for one lab: it signs the relay's certificate, and its key is never
 * written anywhere. */
#pragma once

#include "bridge/lab/place.h"

/* Names in the lab's folder. */
#define LAB_AUTHORITY_CA "ca.pem"
#define LAB_AUTHORITY_CERT "relay.pem"
#define LAB_AUTHORITY_KEY "relay.key"

/**
 * lab_authority_make:
 * @hosts: names the relay is reached by, NULL-terminated
 *
 * Writes the three files, good for a week.
 *
 * Returns: FALSE with HYB_ERROR_STORAGE or HYB_ERROR_INTERNAL
 */
gboolean lab_authority_make(const LabPlace *place, const char *const *hosts, GError **error);
