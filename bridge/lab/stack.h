/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of a lab, from the bus to the site, and what a command needs to find them. */
#pragma once

#include "bridge/lab/browser.h"
#include "bridge/lab/place.h"

typedef enum {
	LAB_SCREEN_AUTO, /* $DISPLAY, or a new one where that is not set */
	LAB_SCREEN_NEW,
	LAB_SCREEN_NONE,
} LabScreen;

/**
 * LabStack: what to start, and what came of it
 * @phones: how many, 1…LAB_PHONES_MAX
 * @domain: tunnel service identifier that the phones announce
 * @size: "1280x900", of a new screen
 * @browser: what is special about it; borrows what it points to
 * @site: start hybridge-site, too
 * @environment: name=value, what the command gets besides our own
 * @notes: what is missing on this machine, a sentence each
 */
typedef struct {
	LabPlace *place;
	guint phones;
	guint16 domain;
	LabScreen screen;
	const char *size;
	LabBrowserOptions browser;
	gboolean site;
	GPtrArray *environment;
	GPtrArray *notes;
} LabStack;

/* Empty lists and defaults; borrows what it points to. */
void lab_stack_init(LabStack *self, LabPlace *place);
void lab_stack_clear(LabStack *self);

/* Starts all parts; lab_child_end_all() ends them, also after a failure. */
gboolean lab_stack_start(LabStack *self, GError **error);

/* (transfer full): our environment with the lab's in it. */
char **lab_stack_environment(const LabStack *self);
