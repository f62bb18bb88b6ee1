/* SPDX-License-Identifier: BSD-2-Clause */
/* One ceremony with a phone, start to end: QR text, Bluetooth, tunnel, one CTAP request, its
 * answer. Prints nothing and knows nothing of WebAuthn. */
#pragma once

#include "bridge/common/net.h"
#include "proto/client.h"
#include "proto/ctap_info.h"

#define HYB_CEREMONY_LIFETIME_MS (5 * 60 * 1000) /* of a QR code, at most; hybrid.md §1.4 */
#define HYB_CEREMONY_BLUETOOTH_WAIT_MS 3000	 /* until scanning has to work */

typedef struct HybCeremony HybCeremony;

/**
 * HybCeremonyOptions:
 * @hint: what the request will be
 * @adapter: (nullable): "hciN", to listen with that one alone
 * @lifetime_ms: how long to wait for a phone, and then again for its owner's answer;
 *   1…HYB_CEREMONY_LIFETIME_MS
 * @bound_ms: for all of it; 0 for none. A relying party's "timeout".
 * @bluetooth_wait_ms: how long the scan may fail at the start
 */
typedef struct {
	HybQrHint hint;
	const char *adapter;
	guint lifetime_ms;
	guint bound_ms;
	guint bluetooth_wait_ms;
} HybCeremonyOptions;

/**
 * HybCeremonyEvents: called from the default main context; on_state also from within
 *   hyb_ceremony_start() and hyb_ceremony_cancel()
 * @on_state: a new state. @error (borrowed, HYB_ERROR or HYB_BLE_ERROR) is set with failed alone,
 *   and is its one cause.
 * @on_bluetooth: why no adapter listens at present (borrowed), or NULL: one listens (again). The
 *   wait goes on.
 * @on_ready: the phone is there; to return the request, command byte and CBOR (transfer full), or
 *   NULL with @error, which fails the ceremony. @info lives until the ceremony is freed.
 * @on_answer: the phone's answer, status byte and CBOR, borrowed; may be a refusal. To return FALSE
 *   with @error where that fails the ceremony, TRUE to make it done.
 * @on_end: last, once, after done or failed: everything is closed; the ceremony may be freed
 */
typedef struct {
	void (*on_state)(HybClientState state, const GError *error, gpointer user_data);
	void (*on_bluetooth)(const GError *trouble, gpointer user_data);
	GBytes *(*on_ready)(const HybCtapInfo *info, GError **error, gpointer user_data);
	gboolean (*on_answer)(HybBytes ctap, GError **error, gpointer user_data);
	void (*on_end)(gpointer user_data);
} HybCeremonyEvents;

/**
 * hyb_ceremony_new:
 * @net: kept by reference
 * @options, @events: copied
 *
 * Draws the keys and makes the QR text; starts nothing yet, so that the code can be shown first.
 *
 * Returns: (transfer full): free with hyb_ceremony_free(); NULL with HYB_ERROR_INTERNAL
 */
HybCeremony *hyb_ceremony_new(HybNet *net, const HybCeremonyOptions *options,
    const HybCeremonyEvents *events, gpointer user_data, GError **error);

/* What the QR code says. Secret; wiped with the ceremony. */
const char *hyb_ceremony_qr_text(const HybCeremony *self);

/* Begins to listen; from now on the code counts as shown. */
void hyb_ceremony_start(HybCeremony *self);

/* Fails with "cancelled" unless done or failed; the phone is told as far as it was reached. */
void hyb_ceremony_cancel(HybCeremony *self);

/* Stops everything at once, wipes and frees; no event follows. Not within an event but on_end.
 * NULL is fine. */
void hyb_ceremony_free(HybCeremony *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybCeremony, hyb_ceremony_free)
