/* SPDX-License-Identifier: BSD-2-Clause */
/* A Chromium that belongs to the lab: it trusts the relay, finds it under the tunnel services'
 * names, and keeps the person's own profile out of it. */
#pragma once

#include "bridge/lab/place.h"

/* Its name in the lab's folder: a program that takes Chromium's arguments. */
#define LAB_BROWSER "bin/chromium"

/**
 * LabBrowserOptions: what is special about it
 * @program: (nullable): the browser to run; NULL looks for Chromium and Chrome
 * @resolve: (nullable): "HOST:PORT:ADDR[:PORT]", more names that it finds, NULL-terminated
 * @cacert: (nullable): files with certificates that it trusts besides the lab's, NULL-terminated
 */
typedef struct {
	char *program;
	char **resolve;
	char **cacert;
} LabBrowserOptions;

/**
 * lab_browser_make:
 * @hosts: the relay's names, NULL-terminated
 * @port: where it listens on 127.0.0.1
 * @missing: (out) (transfer none) (nullable): the Debian package that is not installed
 *
 * Certificate checks stay on: the lab's authority goes into an NSS database of the browser's own.
 *
 * Returns: FALSE with HYB_ERROR_USAGE for options that make no sense or name what is not there, or
 *   when writing fails. TRUE with *@missing set when there is no browser and none was asked for
 */
gboolean lab_browser_make(const LabPlace *place, const LabBrowserOptions *options,
    const char *const *hosts, guint16 port, const char **missing, GError **error);
