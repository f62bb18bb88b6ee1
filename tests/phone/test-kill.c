/* SPDX-License-Identifier: BSD-2-Clause */
/* Killed at any instant: what was answered is on disk, and the store opens. */
#include "phone-test.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#define ROUNDS 60
#define LIFE_MAX_US 40000 /* of one child; long enough for several passkeys */

/* What the child answered: a passkey, and the counter of the last signature with it. */
typedef struct {
	guint8 id[32];
	guint32 sign_count;
} Answered;

static void
tell(int fd, const guint8 *id, guint32 sign_count)
{
	Answered answered = {.sign_count = sign_count};

	memcpy(answered.id, id, sizeof(answered.id));
	if (write(fd, &answered, sizeof(answered)) != sizeof(answered))
		_exit(1);
}

/* Registers and signs in for ever, telling of each answer as the session would send it. */
static void
answer_for_ever(const char *path, guint round, int fd)
{
	g_autofree HybCtapGetAssertion *get = g_new0(HybCtapGetAssertion, 1);
	TestPhone phone = {.path = g_strdup(path)};

	test_phone_reopen(&phone, TRUE);
	for (guint i = 0;; i++) {
		g_autofree char *user = g_strdup_printf("user %u of round %u", i, round);
		HybCtapGetAssertionResponse response;
		HybAuthdata data;
		guint8 id[32];

		test_add(&phone, "example.com", user, id);
		tell(fd, id, 0);
		test_get_request(get, "example.com");
		get->allow.id[get->allow.count++] = (HybBytes){id, 32};
		g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 0), ==, HYB_CTAP_OK);
		test_got(&phone, &response, &data);
		tell(fd, id, data.sign_count);
	}
}

static void
assert_kept(const GPtrArray *list, const Answered *answered)
{
	for (guint i = 0; i < list->len; i++) {
		const HybCredential *credential = g_ptr_array_index(list, i);

		if (memcmp(credential->id, answered->id, sizeof(answered->id)) != 0)
			continue;
		g_assert_cmpuint(credential->sign_count, >=, answered->sign_count);
		return;
	}
	g_error("a passkey that was answered for is lost");
}

static guint
run_round(TestPhone *phone, guint round)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list = NULL;
	Answered answered;
	int fds[2], status;
	guint n = 0;
	pid_t pid;

	g_assert_cmpint(pipe(fds), ==, 0);
	pid = fork();
	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		close(fds[0]);
		answer_for_ever(phone->path, round, fds[1]);
	}
	close(fds[1]);
	if (round % 2 == 0) /* at any instant after an answer; else at any instant at all */
		g_assert_cmpint(
		    poll(&(struct pollfd){.fd = fds[0], .events = POLLIN}, 1, -1), ==, 1);
	g_usleep((gulong)g_random_int_range(0, LIFE_MAX_US));
	g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	test_phone_reopen(phone, TRUE);
	list = hyb_record_list(phone->store, NULL, &error);
	g_assert_no_error(error);
	while (read(fds[0], &answered, sizeof(answered)) == sizeof(answered)) {
		assert_kept(list, &answered);
		n++;
	}
	for (guint i = 0; i < list->len; i++)
		g_assert_true(hyb_record_unlock(phone->store, g_ptr_array_index(list, i), &error));
	close(fds[0]);
	g_clear_pointer(&phone->command, hyb_command_free);
	g_clear_pointer(&phone->store, hyb_store_free);
	return n;
}

static void
test_killed(void)
{
	guint n = 0;
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	g_clear_pointer(&phone.command, hyb_command_free);
	g_clear_pointer(&phone.store, hyb_store_free);
	for (guint round = 0; round < ROUNDS; round++)
		n += run_round(&phone, round);
	g_test_message("%u answers in %u rounds", n, ROUNDS);
	g_assert_cmpuint(n, >=, ROUNDS / 2);
	test_phone_reopen(&phone, TRUE);
	test_phone_clear(&phone);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/phone/kill/answered-is-kept", test_killed);
	return g_test_run();
}
