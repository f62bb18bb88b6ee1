/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/phone/approve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <glib-unix.h>

#include "bridge/common/error.h"

#define LINE_MAX_LEN 64 /* bytes of an answer; "y", "yes" or a number */

struct HybApprove {
	HybApproveMode mode;
	guint timeout_s;
	char *account;
	int tty;
	const HybQuestion *question;
	HybApproveDone done;
	gpointer user_data;
	guint input_source;
	guint timer_source;
	guint answer_source;
	HybAnswer answer;
	guint choice;
};

gboolean
hyb_approve_parse(const char *text, HybApproveMode *mode)
{
	static const char *const names[] = {"ask", "auto", "deny", "timeout", "none"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			*mode = (HybApproveMode)i;
			return TRUE;
		}
	}
	return FALSE;
}

HybApprove *
hyb_approve_new(HybApproveMode mode, guint timeout_s, const char *account, GError **error)
{
	HybApprove *self;
	int tty = -1;

	if (mode == HYB_APPROVE_ASK) {
		tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (tty < 0) {
			g_set_error_literal(error, HYB_ERROR, HYB_ERROR_USAGE,
			    "There is no terminal to ask the owner on");
			return NULL;
		}
	}
	self = g_new0(HybApprove, 1);
	self->mode = mode;
	self->timeout_s = timeout_s;
	self->account = g_strdup(account);
	self->tty = tty;
	return self;
}

static void
close_question(HybApprove *self)
{
	g_clear_handle_id(&self->input_source, g_source_remove);
	g_clear_handle_id(&self->timer_source, g_source_remove);
	g_clear_handle_id(&self->answer_source, g_source_remove);
	self->question = NULL;
}

static void
settle(HybApprove *self, HybAnswer answer, guint choice)
{
	close_question(self);
	self->done(answer, choice, self->user_data);
}

static gboolean
on_timeout(gpointer data)
{
	HybApprove *self = data;

	self->timer_source = 0;
	hyb_approve_tell(self, "\nNo answer in time.");
	settle(self, HYB_ANSWER_TIMED_OUT, 0);
	return G_SOURCE_REMOVE;
}

static gboolean
on_answer(gpointer data)
{
	HybApprove *self = data;

	self->answer_source = 0;
	settle(self, self->answer, self->choice);
	return G_SOURCE_REMOVE;
}

/* "y", "yes" and, with several accounts, a number; everything else is a no. */
static HybAnswer
read_answer(const HybQuestion *question, const char *line, guint *choice)
{
	guint64 number;

	if (question->kind == HYB_QUESTION_EXCLUDED)
		return HYB_ANSWER_YES;
	if (question->choices != NULL && question->choices->len > 1) {
		if (!g_ascii_string_to_unsigned(line, 10, 1, question->choices->len, &number, NULL))
			return HYB_ANSWER_NO;
		*choice = (guint)number - 1;
		return HYB_ANSWER_YES;
	}
	if (g_ascii_strcasecmp(line, "y") == 0 || g_ascii_strcasecmp(line, "yes") == 0)
		return HYB_ANSWER_YES;
	return HYB_ANSWER_NO;
}

static gboolean
on_input(gint fd, GIOCondition condition, gpointer data)
{
	HybApprove *self = data;
	char line[LINE_MAX_LEN + 1];
	guint choice = 0;
	ssize_t n = read(fd, line, LINE_MAX_LEN);
	HybAnswer answer;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return G_SOURCE_CONTINUE;
	line[MAX(n, 0)] = '\0';
	answer = n > 0 ? read_answer(self->question, g_strstrip(line), &choice) : HYB_ANSWER_NO;
	self->input_source = 0;
	settle(self, answer, choice);
	return G_SOURCE_REMOVE;
}

static void
show_choices(HybApprove *self, const GPtrArray *choices)
{
	for (guint i = 0; i < choices->len; i++) {
		const HybCredential *credential = g_ptr_array_index(choices, i);
		g_autofree char *title = hyb_question_printable(hyb_credential_title(credential));
		g_autofree char *name = hyb_question_printable(credential->display_name);
		gboolean more = *name != '\0' && strcmp(name, title) != 0;

		dprintf(self->tty, "  %u  %s%s%s%s\n", i + 1, title, more ? " (" : "",
		    more ? name : "", more ? ")" : "");
	}
}

static void
show(HybApprove *self, const HybQuestion *question)
{
	g_autofree char *text = hyb_question_text(question);
	gboolean several = question->choices != NULL && question->choices->len > 1;
	const char *keys = "[y/N] ";

	if (several)
		keys = "Number, or Enter for no: ";
	else if (question->kind == HYB_QUESTION_EXCLUDED)
		keys = "Press Enter to tell the computer. ";
	dprintf(self->tty, "%s\n", text);
	if (question->derives)
		dprintf(self->tty,
		    "The site also gets an encryption key that belongs to the passkey.\n");
	if (several)
		show_choices(self, question->choices);
	dprintf(self->tty, "%s", keys);
}

/* The first account is the last used; a named one is for tests. */
static HybAnswer
choose(const HybApprove *self, const HybQuestion *question, guint *choice)
{
	if (self->account == NULL || question->choices == NULL)
		return HYB_ANSWER_YES;
	for (guint i = 0; i < question->choices->len; i++) {
		const HybCredential *credential = g_ptr_array_index(question->choices, i);

		if (strcmp(credential->user_name, self->account) == 0 ||
		    g_strcmp0(credential->label, self->account) == 0) {
			*choice = i;
			return HYB_ANSWER_YES;
		}
	}
	return HYB_ANSWER_NO;
}

static void
answer_soon(HybApprove *self, HybAnswer answer)
{
	self->answer = answer;
	self->answer_source = g_idle_add(on_answer, self);
}

void
hyb_approve_ask(
    HybApprove *self, const HybQuestion *question, HybApproveDone done, gpointer user_data)
{
	gboolean ours =
	    question->kind == HYB_QUESTION_CONNECT || question->kind == HYB_QUESTION_OLD_CODE;

	g_return_if_fail(self->question == NULL);
	self->question = question;
	self->done = done;
	self->user_data = user_data;
	self->choice = 0;
	if (self->mode == HYB_APPROVE_ASK) {
		tcflush(self->tty, TCIFLUSH);
		show(self, question);
		self->input_source =
		    g_unix_fd_add(self->tty, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, self);
		self->timer_source = g_timeout_add_seconds(self->timeout_s, on_timeout, self);
	} else if (self->mode == HYB_APPROVE_AUTO || ours) {
		answer_soon(self, choose(self, question, &self->choice));
	} else if (self->mode == HYB_APPROVE_DENY) {
		answer_soon(self, HYB_ANSWER_NO);
	} else if (self->mode == HYB_APPROVE_TIMEOUT) {
		self->timer_source = g_timeout_add_seconds(self->timeout_s, on_timeout, self);
	}
}

void
hyb_approve_withdraw(HybApprove *self, const char *why)
{
	g_autofree char *line = NULL;

	if (self->question == NULL)
		return;
	close_question(self);
	line = g_strconcat("\n", why, NULL);
	hyb_approve_tell(self, line);
}

gboolean
hyb_approve_is_idle(const HybApprove *self)
{
	return self->question == NULL;
}

void
hyb_approve_tell(HybApprove *self, const char *text)
{
	if (self->tty >= 0)
		dprintf(self->tty, "%s\n", text);
}

void
hyb_approve_free(HybApprove *self)
{
	if (self == NULL)
		return;
	close_question(self);
	if (self->tty >= 0)
		close(self->tty);
	g_free(self->account);
	g_free(self);
}
