/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/doctor/lookup.h"

#include <netdb.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge/common/error.h"

/* getaddrinfo() knows no deadline, so it has a thread, which may outlive the wait for it. */
typedef struct {
	char *host;
	GPtrArray *addresses;
	int problem; /* EAI_… */
	int done;    /* eventfd */
} Lookup;

static void
lookup_clear(gpointer data)
{
	Lookup *self = data;

	g_free(self->host);
	g_ptr_array_unref(self->addresses);
	if (self->done >= 0)
		close(self->done);
}

static void
lookup_unref(Lookup *self)
{
	g_atomic_rc_box_release_full(self, lookup_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lookup, lookup_unref)

static void
take(Lookup *self, const struct addrinfo *found)
{
	for (; found != NULL && self->addresses->len < DOCTOR_LOOKUP_MAX; found = found->ai_next) {
		char text[NI_MAXHOST];

		if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof(text), NULL, 0,
			NI_NUMERICHOST) != 0)
			continue;
		if (!g_ptr_array_find_with_equal_func(self->addresses, text, g_str_equal, NULL))
			g_ptr_array_add(self->addresses, g_strdup(text));
	}
}

static gpointer
look_up(gpointer data)
{
	g_autoptr(Lookup) self = data;
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;

	self->problem = getaddrinfo(self->host, NULL, &hints, &found);
	if (self->problem == 0) {
		take(self, found);
		freeaddrinfo(found);
	}
	eventfd_write(self->done, 1);
	return NULL;
}

static void
fail(int problem, const char *host, GError **error)
{
	if (problem == EAI_AGAIN)
		hyb_error_fail(error, HYB_ERROR_RELAY_UNREACHABLE,
		    "the name servers do not answer; see whether this machine can ask DNS at all");
	else if (problem == EAI_NONAME || problem == EAI_NODATA || problem == 0)
		hyb_error_fail(error, HYB_ERROR_RELAY_UNREACHABLE,
		    "%s has no address; check its spelling and its A and AAAA records, or say "
		    "--resolve",
		    host);
	else
		hyb_error_fail(error, HYB_ERROR_RELAY_UNREACHABLE, "%s cannot be looked up: %s",
		    host, gai_strerror(problem));
}

GPtrArray *
doctor_lookup(const char *host, DoctorWait *wait, GError **error)
{
	g_autoptr(Lookup) self = g_atomic_rc_box_new0(Lookup);
	GThread *thread;
	g_autoptr(GError) problem = NULL;
	struct pollfd done;

	self->host = g_strdup(host);
	self->addresses = g_ptr_array_new_with_free_func(g_free);
	self->done = eventfd(0, EFD_CLOEXEC);
	if (self->done < 0) {
		hyb_error_set(error, HYB_ERROR_INTERNAL);
		return NULL;
	}
	thread = g_thread_try_new("lookup", look_up, g_atomic_rc_box_acquire(self), error);
	if (thread == NULL) {
		lookup_unref(self);
		return NULL;
	}
	g_thread_unref(thread);
	done = (struct pollfd){.fd = self->done, .events = POLLIN};
	if (!doctor_wait_poll(wait, &done, 1, &problem)) {
		if (g_error_matches(problem, HYB_ERROR, HYB_ERROR_CANCELLED))
			g_propagate_error(error, g_steal_pointer(&problem));
		else
			fail(EAI_AGAIN, host, error);
		return NULL;
	}
	if (self->addresses->len == 0)
		fail(self->problem, host, error);
	return self->addresses->len == 0 ? NULL : g_ptr_array_ref(self->addresses);
}
