/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/phone/question.h"

void
hyb_question_clear(HybQuestion *question)
{
	g_free(question->rp_id);
	g_free(question->account);
	g_clear_pointer(&question->choices, g_ptr_array_unref);
	*question = (HybQuestion){0};
}

static gboolean
is_safe(gunichar c)
{
	switch (g_unichar_type(c)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_UNASSIGNED:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
		return FALSE;
	default:
		return TRUE;
	}
}

char *
hyb_question_printable(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *out = g_string_new(NULL);

	for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		g_string_append_unichar(out, is_safe(c) ? c : 0xfffd);
	}
	return g_string_free(out, FALSE);
}

static char *
connect_text(HybQrHint hint)
{
	switch (hint) {
	case HYB_QR_HINT_MAKE_CREDENTIAL:
		return g_strdup("Connect to the computer that shows this code, to make a passkey?");
	case HYB_QR_HINT_GET_ASSERTION:
		return g_strdup("Connect to the computer that shows this code, to sign in there?");
	case HYB_QR_HINT_CREDENTIAL_PRESENTATION:
	case HYB_QR_HINT_CREDENTIAL_ISSUANCE:
		break;
	}
	return g_strdup("Connect to the computer that shows this code? It says that it wants a "
			"digital credential, which this phone does not have.");
}

static char *
sign_in_text(const HybQuestion *question, const char *rp_id)
{
	const HybCredential *first = g_ptr_array_index(question->choices, 0);
	g_autofree char *title = hyb_question_printable(hyb_credential_title(first));

	if (question->choices->len > 1)
		return g_strdup_printf("Sign in to %s? Choose the account.", rp_id);
	return g_strdup_printf("Sign in to %s as %s?", rp_id, title);
}

char *
hyb_question_text(const HybQuestion *question)
{
	g_autofree char *rp_id =
	    hyb_question_printable(question->rp_id != NULL ? question->rp_id : "");
	g_autofree char *account =
	    hyb_question_printable(question->account != NULL ? question->account : "(no name)");

	switch (question->kind) {
	case HYB_QUESTION_CONNECT:
		return connect_text(question->hint);
	case HYB_QUESTION_OLD_CODE:
		return g_strdup_printf("The code is %" G_GINT64_FORMAT " minutes %s. It may be a "
				       "picture of somebody else's. Use it all the same?",
		    ABS(question->age_s) / 60, question->age_s < 0 ? "ahead of this phone" : "old");
	case HYB_QUESTION_REGISTER:
		return g_strdup_printf("Make a passkey for %s at %s?%s", account, rp_id,
		    question->replaces ? " It replaces the one this phone has for that account."
				       : "");
	case HYB_QUESTION_SIGN_IN:
		return sign_in_text(question, rp_id);
	case HYB_QUESTION_EXCLUDED:
		return g_strdup_printf(
		    "%s has a passkey on this phone already, so none is made.", rp_id);
	}
	return g_strdup("");
}
