/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/lab/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bridge/common/error.h"

#define START_MS 20000 /* what a busy machine may need for something that takes milliseconds */
#define STOP_MS 5000   /* from the polite signal to the other one */
#define POLL_MS 10
#define LAST_WORDS_MAX 300 /* characters of a log that an error repeats */

/**
 * LabChild:
 * @place: (nullable): NULL for the person's own command
 * @reported: lab_child_lost() told of it
 */
struct LabChild {
	const LabPlace *place;
	char *name;
	GPid pid;
	gboolean running;
	gboolean reported;
	int status; /* as waitpid() has it */
};

static GPtrArray *children;
static int signals = -1;
static sigset_t old_mask;

static void
child_free(gpointer data)
{
	LabChild *self = data;

	g_free(self->name);
	g_free(self);
}

void
lab_child_init(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGQUIT);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, &old_mask);
	signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	children = g_ptr_array_new_with_free_func(child_free);
}

int
lab_child_next_signal(int wait_ms, gboolean *terminal)
{
	struct pollfd wanted = {.fd = signals, .events = POLLIN};
	struct signalfd_siginfo info;

	poll(&wanted, 1, wait_ms);
	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		if (terminal != NULL)
			*terminal = info.ssi_code == SI_KERNEL;
		return (int)info.ssi_signo;
	}
	return 0;
}

/* In the child. The lab's own end, however it comes, is the child's, too. */
static void
set_up(gpointer own_group)
{
	sigprocmask(SIG_SETMASK, &old_mask, NULL);
	if (GPOINTER_TO_INT(own_group))
		setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static LabChild *
spawn(const char *name, const char *const *argv, char **env, GSpawnFlags flags, int out, int err,
    GError **error)
{
	gboolean own_group = (flags & G_SPAWN_CHILD_INHERITS_STDIN) == 0;
	g_autoptr(GError) cause = NULL;
	LabChild *self;
	GPid pid;

	if (!g_spawn_async_with_pipes_and_fds(NULL, argv, (const char *const *)env,
		flags | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, set_up,
		GINT_TO_POINTER(own_group), -1, out, err, NULL, NULL, 0, &pid, NULL, NULL, NULL,
		&cause)) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE, "%s cannot be started: %s", argv[0],
		    cause->message);
		return NULL;
	}
	self = g_new0(LabChild, 1);
	self->name = g_strdup(name);
	self->pid = pid;
	self->running = TRUE;
	g_ptr_array_add(children, self);
	return self;
}

/* The file NAME.END in the lab. */
static int
open_output(const LabPlace *place, const char *name, const char *end)
{
	g_autofree char *file = g_strconcat(name, end, NULL);
	g_autofree char *path = lab_place_path(place, file);

	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

LabChild *
lab_child_start(
    const LabPlace *place, const char *name, const char *const *argv, char **env, GError **error)
{
	int out = open_output(place, name, ".out");
	int err = open_output(place, name, ".log");
	LabChild *self = NULL;

	if (out < 0 || err < 0)
		g_set_error(error, HYB_ERROR, HYB_ERROR_STORAGE, "Nothing can be written to %s: %s",
		    place->folder, g_strerror(errno));
	else
		self = spawn(name, argv, env, G_SPAWN_STDIN_FROM_DEV_NULL, out, err, error);
	if (out >= 0)
		close(out);
	if (err >= 0)
		close(err);
	if (self != NULL)
		self->place = place;
	return self;
}

LabChild *
lab_child_start_command(const char *const *argv, char **env, GError **error)
{
	return spawn(argv[0], argv, env,
	    G_SPAWN_CHILD_INHERITS_STDIN | G_SPAWN_LEAVE_DESCRIPTORS_OPEN, -1, -1, error);
}

/* What it wrote to NAME.END so far. */
static char *
read_output(const LabChild *self, const char *end)
{
	g_autofree char *file = g_strconcat(self->name, end, NULL);
	g_autofree char *path = lab_place_path(self->place, file);
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

static gboolean
fail_with_last_words(const LabChild *self, const char *what, GError **error)
{
	g_autofree char *text = read_output(self, ".log");
	const char *words = text != NULL ? g_strstrip(text) : "";
	gsize len = strlen(words);

	if (len > LAST_WORDS_MAX)
		words += len - LAST_WORDS_MAX;
	g_set_error(error, HYB_ERROR, HYB_ERROR_INTERNAL, "%s %s%s%s", self->name, what,
	    *words != '\0' ? ": " : "", words);
	return FALSE;
}

/* TRUE when somebody wants us to stop. */
static gboolean
stopped(int wait_ms, GError **error)
{
	return lab_child_next_signal(wait_ms, NULL) != 0 &&
	       !hyb_error_set(error, HYB_ERROR_CANCELLED);
}

/* The same, or when no time is left. */
static gboolean
give_up(const LabChild *self, gint64 end_us, GError **error)
{
	if (stopped(POLL_MS, error))
		return TRUE;
	if (g_get_monotonic_time() < end_us)
		return FALSE;
	return !fail_with_last_words(self, "takes too long to start", error);
}

/* It has ended too soon: by itself, or because the Ctrl-C that we got reached it before it had a
 * group of its own. */
static gboolean
fail_ended(LabChild *self, const char *what, GError **error)
{
	self->reported = TRUE;
	if (!stopped(0, error))
		fail_with_last_words(self, what, error);
	return FALSE;
}

char *
lab_child_first_line(LabChild *self, GError **error)
{
	gint64 end_us = g_get_monotonic_time() + START_MS * 1000;

	for (;;) {
		gboolean running = lab_child_running(self);
		g_autofree char *text = read_output(self, ".out");
		char *end = text != NULL ? strchr(text, '\n') : NULL;

		if (end != NULL)
			return g_strndup(text, (gsize)(end - text));
		if (!running) {
			fail_ended(self, "does not start", error);
			return NULL;
		}
		if (give_up(self, end_us, error))
			return NULL;
	}
}

gboolean
lab_child_succeeds(LabChild *self, GError **error)
{
	gint64 end_us = g_get_monotonic_time() + START_MS * 1000;

	while (lab_child_running(self))
		if (give_up(self, end_us, error))
			return FALSE;
	self->reported = TRUE;
	return lab_child_status(self) == 0 || fail_ended(self, "fails", error);
}

/* Also those that others left behind. */
static void
reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (guint i = 0; i < children->len; i++) {
			LabChild *child = children->pdata[i];

			if (child->pid == pid) {
				child->running = FALSE;
				child->status = status;
			}
		}
}

gboolean
lab_child_running(LabChild *self)
{
	reap();
	return self->running;
}

int
lab_child_status(const LabChild *self)
{
	return WIFSIGNALED(self->status) ? 128 + WTERMSIG(self->status) : WEXITSTATUS(self->status);
}

void
lab_child_signal(LabChild *self, int number)
{
	if (self->running)
		kill(self->pid, number);
}

char *
lab_child_lost(void)
{
	reap();
	for (guint i = 0; i < children->len; i++) {
		LabChild *child = children->pdata[i];

		if (child->running || child->reported || child->place == NULL)
			continue;
		child->reported = TRUE;
		return g_strdup(child->name);
	}
	return NULL;
}

static gboolean
is_part(pid_t pid)
{
	for (guint i = 0; i < children->len; i++) {
		const LabChild *child = children->pdata[i];

		if (child->pid == pid && child->running)
			return TRUE;
	}
	return FALSE;
}

/* Sends @number to every process that is our child now: what the command left behind, and with
 * @parts those of the lab. Returns: how many there are */
static guint
signal_all(int number, gboolean parts)
{
	g_autofree char *path = g_strdup_printf("/proc/self/task/%d/children", (int)getpid());
	g_autofree char *list = NULL;
	g_auto(GStrv) pids = NULL;
	guint count = 0;

	if (!g_file_get_contents(path, &list, NULL, NULL))
		return 0;
	pids = g_strsplit(g_strstrip(list), " ", -1);
	for (char **pid = pids; *pid != NULL; pid++) {
		pid_t value = (pid_t)g_ascii_strtoll(*pid, NULL, 10);

		if (value > 0 && (parts || !is_part(value)) && kill(value, number) == 0)
			count++;
	}
	return count;
}

/* The end of one generation shows the next, so it takes rounds. */
static void
end_processes(gboolean parts)
{
	gint64 polite_us = g_get_monotonic_time() + STOP_MS * 1000;
	gint64 end_us = polite_us + STOP_MS * 1000;
	gint64 now_us = 0;

	while (now_us < end_us && signal_all(now_us < polite_us ? SIGTERM : SIGKILL, parts) > 0) {
		lab_child_next_signal(POLL_MS, NULL);
		reap();
		now_us = g_get_monotonic_time();
	}
}

void
lab_child_end_all(void)
{
	gint64 end_us = g_get_monotonic_time() + STOP_MS * 1000;

	reap();
	end_processes(FALSE);
	/* In the reverse order: what uses the bus ends before the bus does. */
	for (guint i = children->len; i-- > 0;) {
		LabChild *child = children->pdata[i];

		lab_child_signal(child, SIGTERM);
		while (lab_child_running(child) && g_get_monotonic_time() < end_us)
			lab_child_next_signal(POLL_MS, NULL);
	}
	end_processes(TRUE);
	g_clear_pointer(&children, g_ptr_array_unref);
}
