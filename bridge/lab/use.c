/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/lab/use.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gio/gio.h>

#include "bridge/common/error.h"
#include "bridge/common/harden.h"
#include "bridge/lab/code.h"
#include "bridge/lab/place.h"
#include "bridge/lab/program.h"
#include "bridge/picture/code.h"
#include "bridge/picture/screen.h"

#define WAIT_MAX_S 3600

/* Which phone a command is for, how long it waits for a code, and what follows that. */
typedef struct {
	guint number;
	guint wait_s;
	char *store;
	char **rest;
} Phone;

static void
phone_clear(Phone *self)
{
	g_free(self->store);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Phone, phone_clear)

static int
report(GError *error)
{
	int status = hyb_error_report("hybridge-lab", error);

	g_error_free(error);
	return status;
}

static gboolean
find_phone(Phone *phone, GError **error)
{
	g_autoptr(LabPlace) place = lab_place_find(error);

	if (place == NULL)
		return FALSE;
	phone->store = lab_place_phone_store(place, phone->number);
	return g_file_test(phone->store, G_FILE_TEST_IS_DIR) ||
	       hyb_error_fail(error, HYB_ERROR_USAGE,
		   "This lab has fewer phones; \"up --phones N\" makes more");
}

/* Takes "--NAME N" or "--NAME=N" out of @words, wherever it is. */
static gboolean
take_number(char **words, const char *name, guint least, guint most, guint *number, GError **error)
{
	g_autofree char *option = g_strconcat("--", name, NULL);
	gsize len = strlen(option);
	const char *text;
	guint64 value;
	guint used = 1;

	while (*words != NULL && (strncmp(*words, option, len) != 0 ||
				     ((*words)[len] != '\0' && (*words)[len] != '=')))
		words++;
	if (*words == NULL)
		return TRUE;
	text = (*words)[len] == '=' ? *words + len + 1 : words[used++];
	if (text == NULL || !g_ascii_string_to_unsigned(text, 10, least, most, &value, NULL))
		return hyb_error_fail(
		    error, HYB_ERROR_USAGE, "%s takes a number from %u to %u", option, least, most);
	*number = (guint)value;
	do
		words[0] = words[used];
	while (*words++ != NULL);
	return TRUE;
}

/* The lab's own options; the rest is another program's. */
static gboolean
parse_phone(char **argv, Phone *phone, GError **error)
{
	phone->number = 1;
	phone->wait_s = HYB_SCREEN_WAIT_S;
	phone->rest = argv + 1;
	return take_number(phone->rest, "phone", 1, LAB_PHONES_MAX, &phone->number, error) &&
	       take_number(phone->rest, "wait", 0, WAIT_MAX_S, &phone->wait_s, error) &&
	       find_phone(phone, error);
}

/* Becomes @name with @words, then @rest. */
static int
become(const char *name, const char *const *words, char **rest)
{
	g_autofree char *program = lab_program_path(name);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	GError *error = NULL;

	g_ptr_array_add(argv, program);
	for (; *words != NULL; words++)
		g_ptr_array_add(argv, (gpointer)*words);
	for (; *rest != NULL; rest++)
		g_ptr_array_add(argv, *rest);
	g_ptr_array_add(argv, NULL);
	execvp(program, (char **)argv->pdata);
	g_set_error(&error, HYB_ERROR, HYB_ERROR_USAGE, "%s cannot be started: %s", name,
	    g_strerror(errno));
	return report(error);
}

static gboolean
names_a_code(char **words)
{
	for (; *words != NULL; words++)
		if (g_str_equal(*words, "-") || g_str_has_prefix(*words, "--image") ||
		    g_ascii_strncasecmp(*words, "FIDO:/", 6) == 0)
			return TRUE;
	return FALSE;
}

/* The code on the screen becomes the first line of our standard input: no other process sees it. */
static gboolean
put_code_on_stdin(guint wait_s, GError **error)
{
	g_autoptr(LabPlace) place = lab_place_find(error);
	char *text = place != NULL ? lab_code_wait(place, wait_s, NULL, error) : NULL;
	int fd = text != NULL ? memfd_create("code", MFD_CLOEXEC) : -1;
	gboolean put = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) &&
		       lseek(fd, 0, SEEK_SET) == 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO;

	if (text != NULL && !put)
		hyb_error_set(error, HYB_ERROR_INTERNAL);
	if (fd >= 0)
		close(fd);
	hyb_code_free(text);
	return put;
}

int
lab_use_scan(int argc, char **argv)
{
	g_auto(Phone) phone = {0};
	GError *error = NULL;
	g_autofree char *adapter = NULL;
	gboolean given;

	hyb_harden(); /* the code */
	if (!parse_phone(argv, &phone, &error))
		return report(error);
	given = names_a_code(phone.rest);
	if (!given && !put_code_on_stdin(phone.wait_s, &error))
		return report(error);
	adapter = lab_place_phone_adapter(phone.number);
	const char *const words[] = {"scan", "--store", phone.store, "--adapter", adapter,
	    "--approve", "auto", given ? NULL : "-", NULL};

	return become("hybridge-phone", words, phone.rest);
}

int
lab_use_phone(int argc, char **argv)
{
	g_auto(Phone) phone = {0};
	GError *error = NULL;
	g_autoptr(GPtrArray) words = g_ptr_array_new();

	if (!parse_phone(argv, &phone, &error))
		return report(error);
	if (*phone.rest == NULL || **phone.rest == '-') {
		hyb_error_fail(&error, HYB_ERROR_USAGE,
		    "A command of hybridge-phone is needed, like passkeys list");
		return report(error);
	}
	/* The options come behind the command, which may have two words. */
	while (*phone.rest != NULL && **phone.rest != '-')
		g_ptr_array_add(words, *phone.rest++);
	g_ptr_array_add(words, (gpointer) "--store");
	g_ptr_array_add(words, phone.store);
	g_ptr_array_add(words, NULL);
	return become("hybridge-phone", (const char *const *)words->pdata, phone.rest);
}

int
lab_use_air(int argc, char **argv)
{
	static const char *const words[] = {"call", NULL};
	GError *error = NULL;
	g_autoptr(LabPlace) place = lab_place_find(&error);

	return place != NULL ? become("hybridge-air", words, argv + 1) : report(error);
}

static gboolean
save(GdkPixbuf *pixbuf, const char *path, GError **error)
{
	g_autofree char *data = NULL;
	g_autoptr(GError) cause = NULL;
	gsize len;

	if (gdk_pixbuf_save_to_buffer(pixbuf, &data, &len, "png", &cause, NULL) &&
	    g_file_set_contents_full(
		path, data, (gssize)len, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &cause))
		return TRUE;
	g_set_error(error, HYB_ERROR, HYB_ERROR_STORAGE, "The picture cannot be written: %s",
	    cause->message);
	return FALSE;
}

static GdkPixbuf *
picture_of_code(guint wait_s, GError **error)
{
	g_autoptr(LabPlace) place = lab_place_find(error);
	GdkPixbuf *pixbuf = NULL;

	if (place != NULL)
		hyb_code_free(lab_code_wait(place, wait_s, &pixbuf, error));
	return pixbuf;
}

int
lab_use_picture(int argc, char **argv)
{
	gboolean code = argc > 1 && g_str_equal(argv[1], "--code");
	char **rest = argv + (code ? 2 : 1);
	guint wait_s = HYB_SCREEN_WAIT_S;
	GError *error = NULL;
	GdkPixbuf *pixbuf = NULL;
	gboolean saved = FALSE;

	hyb_harden(); /* a code on the screen */
	if (code && !take_number(rest, "wait", 0, WAIT_MAX_S, &wait_s, &error))
		return report(error);
	if (rest[0] == NULL || rest[0][0] == '-' || rest[1] != NULL)
		hyb_error_fail(
		    &error, HYB_ERROR_USAGE, "picture takes one FILE, and --code before it");
	else
		pixbuf = code ? picture_of_code(wait_s, &error) : hyb_screen_picture(&error);
	if (pixbuf != NULL)
		saved = save(pixbuf, rest[0], &error);
	hyb_code_free_picture(pixbuf);
	return saved ? 0 : report(error);
}
