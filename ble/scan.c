/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/scan.h"

#include "ble/bluez.h"
#include "ble/error.h"
#include "ble/heard.h"
#include "ble/uuid.h"

#define ADAPTER_INTERFACE "org.bluez.Adapter1"

#define TICK_S 1
#define RETRY_US (1 * G_USEC_PER_SEC) /* at least this long between two attempts */
/* The kernel ends a scan after 10.24 s; BlueZ starts it anew at once, or 10 s later if that fails.
 * Longer silence can be a stuck controller, and starting anew costs nothing in a quiet place. */
#define SILENCE_US (25 * G_USEC_PER_SEC)
/* A bluetoothd that was killed leaves its scan to the kernel, which starts none for the next one
 * until that has run out. */
#define BUSY_US (15 * G_USEC_PER_SEC)

typedef enum {
	LISTENER_IDLE,	   /* switched off, or waiting for the next attempt */
	LISTENER_STOPPING, /* the scan that stalled */
	LISTENER_FILTERING,
	LISTENER_STARTING,
	LISTENER_SCANNING,
} ListenerState;

/* The method whose answer a state waits for, and the state after it. */
static const struct {
	const char *method;
	ListenerState next;
} moves[] = {
    [LISTENER_IDLE] = {NULL, LISTENER_STOPPING},
    [LISTENER_STOPPING] = {"StopDiscovery", LISTENER_FILTERING},
    [LISTENER_FILTERING] = {"SetDiscoveryFilter", LISTENER_STARTING},
    [LISTENER_STARTING] = {"StartDiscovery", LISTENER_SCANNING},
    [LISTENER_SCANNING] = {NULL, LISTENER_STOPPING},
};

/* Discovery on one adapter. */
typedef struct {
	HybScan *scan; /* not owned */
	char *path;
	ListenerState state;
	gboolean was_discovering; /* BlueZ said so since the last start */
	gint64 since_us;	  /* first attempt since the adapter is on, or 0 */
	gint64 tried_us;	  /* last attempt */
	gint64 heard_us;	  /* last word about any device */
	GError *trouble;	  /* why the last attempt failed */
	GCancellable *cancellable;
} Listener;

/* Reference counted, since an event may free the scan that is in the middle of sending it. */
struct HybScan {
	HybBluez *bluez;
	guint16 *uuids;
	gsize n_uuids;
	HybScanEvents events;
	gpointer user_data;
	gboolean freed;
	GPtrArray *listeners;
	GSource *tick;
	HybHeard heard;
	gboolean ready;	 /* the last thing told */
	GError *trouble; /* the last thing told, or NULL */
};

static void listener_enter(Listener *listener, ListenerState state);
static void scan_review(HybScan *self);
static void scan_unref(HybScan *self);

static void
listener_free(gpointer data)
{
	Listener *listener = data;

	g_cancellable_cancel(listener->cancellable);
	g_clear_object(&listener->cancellable);
	g_clear_error(&listener->trouble);
	g_free(listener->path);
	g_free(listener);
}

static void
listener_reset(Listener *listener)
{
	g_cancellable_cancel(listener->cancellable);
	g_clear_object(&listener->cancellable);
	listener->cancellable = g_cancellable_new();
	g_clear_error(&listener->trouble);
	listener->state = LISTENER_IDLE;
}

/* InProgress is BlueZ's answer to every start that failed, most of which mend themselves. */
static void
listener_fail(Listener *listener, GError *error, const char *name)
{
	gboolean busy = g_strcmp0(name, "org.bluez.Error.InProgress") == 0;

	g_debug("%s: %s", listener->path, error->message);
	listener->state = LISTENER_IDLE;
	g_clear_error(&listener->trouble);
	if (busy && g_get_monotonic_time() - listener->since_us < BUSY_US)
		g_error_free(error);
	else
		listener->trouble = error;
}

static void
on_answer(GObject *bus, GAsyncResult *result, gpointer data)
{
	Listener *listener = data;
	g_autofree char *name = NULL;
	g_autoptr(GError) error = NULL;
	HybScan *scan;

	hyb_bluez_call_finish(bus, result, "start the scan", &name, &error);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	scan = g_rc_box_acquire(listener->scan);
	/* What cannot be stopped is not running. */
	if (error == NULL || listener->state == LISTENER_STOPPING)
		listener_enter(listener, moves[listener->state].next);
	else
		listener_fail(listener, g_steal_pointer(&error), name);
	scan_review(scan);
	scan_unref(scan);
}

static GVariant *
discovery_filter(void)
{
	GVariantBuilder filter;

	g_variant_builder_init(&filter, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&filter, "{sv}", "Transport", g_variant_new_string("le"));
	g_variant_builder_add(&filter, "{sv}", "DuplicateData", g_variant_new_boolean(TRUE));
	return g_variant_new("(a{sv})", &filter);
}

static void
listener_enter(Listener *listener, ListenerState state)
{
	listener->state = state;
	if (state == LISTENER_STARTING)
		listener->was_discovering = FALSE;
	if (state == LISTENER_SCANNING) {
		listener->heard_us = g_get_monotonic_time();
		g_clear_error(&listener->trouble);
		g_message("scanning on %s", listener->path);
	}
	if (moves[state].method == NULL)
		return;
	hyb_bluez_call(listener->scan->bluez, listener->path, ADAPTER_INTERFACE,
	    moves[state].method, state == LISTENER_FILTERING ? discovery_filter() : NULL,
	    listener->cancellable, on_answer, listener);
}

/* The first attempt has nothing to stop. */
static void
listener_try(Listener *listener)
{
	gboolean first = listener->since_us == 0;

	listener->tried_us = g_get_monotonic_time();
	if (first)
		listener->since_us = listener->tried_us;
	listener_enter(listener, first ? LISTENER_FILTERING : LISTENER_STOPPING);
}

/* For good: BlueZ is told, and no answer is waited for. */
static void
listener_stop(Listener *listener)
{
	if (listener->state == LISTENER_STARTING || listener->state == LISTENER_SCANNING)
		hyb_bluez_post(listener->scan->bluez, listener->path, ADAPTER_INTERFACE,
		    "StopDiscovery", NULL);
	g_cancellable_cancel(listener->cancellable);
}

/* Brings one listener in line with its adapter and the clock. */
static void
listener_update(Listener *listener, const HybBluezAdapter *adapter)
{
	gint64 now = g_get_monotonic_time();

	if (!adapter->powered) {
		if (listener->state != LISTENER_IDLE)
			listener_reset(listener);
		listener->since_us = 0;
		return;
	}
	if (listener->state == LISTENER_SCANNING) {
		if (listener->was_discovering && !adapter->discovering) {
			g_message("the scan on %s ended by itself", listener->path);
			listener_reset(listener);
		} else if (now - listener->heard_us >= SILENCE_US) {
			g_debug("nothing heard on %s", listener->path);
			listener_enter(listener, LISTENER_STOPPING);
		}
	}
	listener->was_discovering = adapter->discovering;
	if (listener->state == LISTENER_IDLE &&
	    (listener->since_us == 0 || now - listener->tried_us >= RETRY_US))
		listener_try(listener);
}

static Listener *
listener_find(HybScan *self, const char *path)
{
	for (guint i = 0; i < self->listeners->len; i++) {
		Listener *listener = g_ptr_array_index(self->listeners, i);

		if (g_str_equal(listener->path, path))
			return listener;
	}
	return NULL;
}

static Listener *
listener_add(HybScan *self, const char *path)
{
	Listener *listener = g_new0(Listener, 1);

	listener->scan = self;
	listener->path = g_strdup(path);
	listener->cancellable = g_cancellable_new();
	g_ptr_array_add(self->listeners, listener);
	return listener;
}

static gboolean
adapters_have(const GPtrArray *adapters, const char *path)
{
	for (guint i = 0; i < adapters->len; i++) {
		const HybBluezAdapter *adapter = g_ptr_array_index(adapters, i);

		if (g_str_equal(adapter->path, path))
			return TRUE;
	}
	return FALSE;
}

static void
tell_ready(HybScan *self)
{
	g_clear_error(&self->trouble);
	if (self->ready)
		return;
	self->ready = TRUE;
	self->events.on_ready(self->user_data);
}

static void
tell_trouble(HybScan *self, const GError *trouble)
{
	if (self->trouble != NULL && g_str_equal(self->trouble->message, trouble->message))
		return;
	self->ready = FALSE;
	g_clear_error(&self->trouble);
	self->trouble = g_error_copy(trouble);
	self->events.on_trouble(trouble, self->user_data);
}

/* Tells what all listeners together amount to, if it is news. While an attempt is under way it is
 * not known yet. */
static void
scan_review(HybScan *self)
{
	g_autoptr(GError) trouble = NULL;

	if (self->freed || !hyb_bluez_is_settled(self->bluez))
		return;
	trouble = hyb_bluez_trouble(self->bluez);
	if (trouble != NULL) {
		tell_trouble(self, trouble);
		return;
	}
	for (guint i = 0; i < self->listeners->len; i++) {
		Listener *listener = g_ptr_array_index(self->listeners, i);

		if (listener->state == LISTENER_SCANNING) {
			tell_ready(self);
			return;
		}
		if (trouble == NULL && listener->trouble != NULL)
			trouble = g_error_copy(listener->trouble);
	}
	if (trouble != NULL)
		tell_trouble(self, trouble);
}

static void
scan_update(HybScan *self)
{
	const GPtrArray *adapters = hyb_bluez_adapters(self->bluez);

	for (guint i = self->listeners->len; i > 0; i--) {
		Listener *listener = g_ptr_array_index(self->listeners, i - 1);

		if (!adapters_have(adapters, listener->path))
			g_ptr_array_remove_index(self->listeners, i - 1);
	}
	for (guint i = 0; i < adapters->len; i++) {
		const HybBluezAdapter *adapter = g_ptr_array_index(adapters, i);
		Listener *listener = listener_find(self, adapter->path);

		if (listener == NULL)
			listener = listener_add(self, adapter->path);
		listener_update(listener, adapter);
	}
	scan_review(self);
}

static void
on_changed(gpointer data)
{
	HybScan *self = g_rc_box_acquire(data);

	scan_update(self);
	scan_unref(self);
}

static gboolean
on_tick(gpointer data)
{
	HybScan *self = g_rc_box_acquire(data);

	if (hyb_bluez_is_settled(self->bluez))
		scan_update(self);
	scan_unref(self);
	return G_SOURCE_CONTINUE;
}

static void
tell_advert(HybScan *self, const HybBluezAdapter *adapter, guint16 uuid, GVariant *value)
{
	HybScanAdvert advert = {.adapter = adapter->name, .uuid = uuid};

	if (!g_variant_is_of_type(value, G_VARIANT_TYPE_BYTESTRING))
		return;
	advert.data = g_variant_get_fixed_array(value, &advert.len, 1);
	if (hyb_heard_is_news(&self->heard, uuid, advert.data, advert.len, g_get_monotonic_time()))
		self->events.on_advert(&advert, self->user_data);
}

static gboolean
scan_wants(HybScan *self, guint16 uuid)
{
	for (gsize i = 0; i < self->n_uuids; i++) {
		if (self->uuids[i] == uuid)
			return TRUE;
	}
	return FALSE;
}

static void
on_device(const HybBluezAdapter *adapter, GVariant *service_data, gpointer data)
{
	HybScan *self = g_rc_box_acquire(data);
	Listener *listener = listener_find(self, adapter->path);
	gsize n = service_data != NULL ? g_variant_n_children(service_data) : 0;

	if (listener != NULL)
		listener->heard_us = g_get_monotonic_time();
	for (gsize i = 0; i < n && !self->freed; i++) {
		g_autoptr(GVariant) value = NULL;
		const char *text;
		guint16 uuid;

		g_variant_get_child(service_data, i, "{&sv}", &text, &value);
		if (hyb_uuid_parse16(text, &uuid) && scan_wants(self, uuid))
			tell_advert(self, adapter, uuid, value);
	}
	scan_unref(self);
}

HybScan *
hyb_scan_start(const char *adapter, const guint16 *uuids, gsize n_uuids,
    const HybScanEvents *events, gpointer user_data)
{
	HybScan *self = g_rc_box_new0(HybScan);
	const HybBluezEvents bluez_events = {on_changed, on_device};

	self->uuids = g_memdup2(uuids, n_uuids * sizeof(*uuids));
	self->n_uuids = n_uuids;
	self->events = *events;
	self->user_data = user_data;
	self->listeners = g_ptr_array_new_with_free_func(listener_free);
	self->bluez = hyb_bluez_open(adapter, &bluez_events, self);
	self->tick = g_timeout_source_new_seconds(TICK_S);
	g_source_set_callback(self->tick, on_tick, self, NULL);
	g_source_attach(self->tick, g_main_context_get_thread_default());
	return self;
}

static void
scan_clear(gpointer data)
{
	HybScan *self = data;

	g_ptr_array_unref(self->listeners);
	g_clear_error(&self->trouble);
	g_free(self->uuids);
}

static void
scan_unref(HybScan *self)
{
	g_rc_box_release_full(self, scan_clear);
}

void
hyb_scan_free(HybScan *self)
{
	if (self == NULL)
		return;
	self->freed = TRUE;
	g_source_destroy(self->tick);
	g_source_unref(self->tick);
	for (guint i = 0; i < self->listeners->len; i++) {
		Listener *listener = g_ptr_array_index(self->listeners, i);

		listener_stop(listener);
	}
	hyb_bluez_close(self->bluez);
	scan_unref(self);
}
