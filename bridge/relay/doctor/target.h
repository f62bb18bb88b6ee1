/* SPDX-License-Identifier: BSD-2-Clause */
/* What is examined: the relay's name and port, and whether it speaks TLS. */
#pragma once

#include <glib.h>

/**
 * DoctorTarget:
 * @url: as people read it, "wss://relay.example", with the port where it is not the usual one
 * @host: a name in ASCII, or an address without brackets
 * @authority: for the Host header
 */
typedef struct {
	char *url;
	char *host;
	char *authority;
	guint16 port;
	gboolean tls;
} DoctorTarget;

/**
 * doctor_target_parse:
 * @text: wss://HOST[:PORT], ws://, https:// or http://, or HOST[:PORT], which is wss://
 *
 * Returns: (transfer full): NULL with HYB_ERROR_USAGE
 */
DoctorTarget *doctor_target_parse(const char *text, GError **error);
void doctor_target_free(DoctorTarget *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DoctorTarget, doctor_target_free)
