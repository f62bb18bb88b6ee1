/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/phone/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "bridge/common/error.h"

#define TRIES 3

static volatile sig_atomic_t interrupted;

static void
on_signal(int number)
{
	interrupted = 1;
}

static gboolean
fail(GError **error, HybError cause, const char *message)
{
	g_set_error_literal(error, HYB_ERROR, (int)cause, message);
	return FALSE;
}

/* Byte by byte, so that what follows the line stays for the next reader of @fd. @mask, if any, are
 * the signals to block while waiting; the others come in then and at no other time. */
static gboolean
read_line(int fd, const sigset_t *mask, HybPassphrase *out, GError **error)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	gsize len = 0;
	char c;

	for (;;) {
		ssize_t n = ppoll(&ready, 1, NULL, mask);

		if (interrupted)
			return fail(error, HYB_ERROR_CANCELLED, "Cancelled");
		if (n > 0)
			n = read(fd, &c, 1);
		else
			n = -1;
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return fail(error, HYB_ERROR_USAGE, "The passphrase cannot be read");
		if (n == 0 && len == 0)
			return fail(error, HYB_ERROR_USAGE, "No passphrase was given");
		if (n == 0 || c == '\n')
			break;
		if (len == sizeof(out->text))
			return fail(error, HYB_ERROR_USAGE, "The passphrase is too long");
		out->text[len++] = c;
	}
	out->len = len;
	return TRUE;
}

/* Echo goes off before the prompt comes, or a quick typist is seen. Ctrl-C must not leave it off.
 */
static gboolean
read_quietly(int tty, const char *prompt, HybPassphrase *out, GError **error)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction old[G_N_ELEMENTS(signals)], action = {.sa_handler = on_signal};
	struct termios before, quiet;
	sigset_t ours, mask;
	gboolean ok;

	if (tcgetattr(tty, &before) != 0)
		return fail(error, HYB_ERROR_USAGE, "There is no terminal to type a passphrase on");
	sigemptyset(&ours);
	for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
		sigaddset(&ours, signals[i]);
	sigprocmask(SIG_BLOCK, &ours, &mask);
	for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
		sigaction(signals[i], &action, &old[i]);
	quiet = before;
	quiet.c_lflag &= (tcflag_t) ~(ECHO | ECHOE | ECHOK | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;
	tcsetattr(tty, TCSAFLUSH, &quiet);
	dprintf(tty, "%s", prompt);
	ok = read_line(tty, &mask, out, error);
	dprintf(tty, "\n");
	tcsetattr(tty, TCSAFLUSH, &before);
	interrupted = 0;
	sigprocmask(SIG_SETMASK, &mask, NULL); /* one that came late is taken as one in time */
	if (ok && interrupted)
		ok = fail(error, HYB_ERROR_CANCELLED, "Cancelled");
	interrupted = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
		sigaction(signals[i], &old[i], NULL);
	return ok;
}

gboolean
hyb_passphrase_read(int fd, const char *prompt, HybPassphrase *out, GError **error)
{
	gboolean ok;
	int tty;

	if (fd >= 0)
		return read_line(fd, NULL, out, error);
	tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty < 0)
		return fail(error, HYB_ERROR_USAGE,
		    "There is no terminal to type a passphrase on; give it with --passphrase-fd");
	ok = read_quietly(tty, prompt, out, error);
	close(tty);
	return ok;
}

/* @may_retry: whether the owner is there to try again */
static gboolean
choose_once(int fd, HybPassphrase *out, gboolean *may_retry, GError **error)
{
	HYB_CLEANUP(hyb_passphrase_clear) HybPassphrase again = {0};

	*may_retry = FALSE;
	if (!hyb_passphrase_read(
		fd, "New passphrase for the passkey store, at least 8 characters: ", out, error))
		return FALSE;
	*may_retry = fd < 0;
	if (out->len < HYB_STORE_PASSPHRASE_MIN)
		return fail(error, HYB_ERROR_USAGE, "A passphrase has at least 8 characters");
	if (fd >= 0)
		return TRUE;
	*may_retry = FALSE;
	if (!hyb_passphrase_read(fd, "The same again: ", &again, error))
		return FALSE;
	*may_retry = TRUE;
	if (again.len != out->len || CRYPTO_memcmp(again.text, out->text, out->len) != 0)
		return fail(error, HYB_ERROR_USAGE, "The two passphrases differ");
	return TRUE;
}

gboolean
hyb_passphrase_choose(int fd, HybPassphrase *out, GError **error)
{
	for (int i = 1;; i++) {
		g_autoptr(GError) wrong = NULL;
		gboolean may_retry;

		if (choose_once(fd, out, &may_retry, &wrong))
			return TRUE;
		if (!may_retry || i == TRIES) {
			g_propagate_error(error, g_steal_pointer(&wrong));
			return FALSE;
		}
		fprintf(stderr, "%s; try again.\n", wrong->message);
	}
}

static gboolean
unlock(HybStore *store, int fd, const char *prompt, HybPassphrase *kept, GError **error)
{
	for (int i = 1;; i++) {
		HYB_CLEANUP(hyb_passphrase_clear) HybPassphrase passphrase = {0};
		g_autoptr(GError) wrong = NULL;

		if (!hyb_passphrase_read(fd, prompt, &passphrase, error))
			return FALSE;
		if (hyb_store_unlock(store, passphrase.text, passphrase.len, &wrong)) {
			if (kept != NULL)
				*kept = passphrase;
			return TRUE;
		}
		if (fd >= 0 || i == TRIES || !hyb_store_may_retry(store)) {
			g_propagate_error(error, g_steal_pointer(&wrong));
			return FALSE;
		}
		fprintf(stderr, "%s; try again.\n", wrong->message);
	}
}

void
hyb_passphrase_warn_test(const HybStore *store)
{
	if (hyb_store_is_test(store))
		fputs(
		    "hybridge-phone: This is a test store: no passphrase protects its passkeys.\n",
		    stderr);
}

HybStore *
hyb_passphrase_open_store(const char *path, HybStoreUse use, int fd, const char *prompt,
    HybPassphrase *kept, GError **error)
{
	g_autoptr(HybStore) store = hyb_store_open(path, use, error);
	gboolean ok;

	if (store == NULL)
		return NULL;
	hyb_passphrase_warn_test(store);
	ok = hyb_store_is_test(store) ? hyb_store_unlock(store, NULL, 0, error)
				      : unlock(store, fd, prompt, kept, error);
	return ok ? g_steal_pointer(&store) : NULL;
}

void
hyb_passphrase_clear(HybPassphrase *passphrase)
{
	OPENSSL_cleanse(passphrase, sizeof(*passphrase));
}
