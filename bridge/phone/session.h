/* SPDX-License-Identifier: BSD-2-Clause */
/* One ceremony from a scanned QR code to its end: tunnel, advert, protocol, owner. */
#pragma once

#include <glib.h>

#include "bridge/common/net.h"
#include "bridge/phone/approve.h"
#include "bridge/phone/command.h"
#include "proto/qr.h"

/**
 * HybSessionSetup: borrowed while the session runs
 * @adapter: (nullable): "hciN" to advertise with
 * @domain: tunnel service identifier
 */
typedef struct {
	HybNet *net;
	const char *adapter;
	guint16 domain;
	HybApprove *approve;
	HybCommand *command;
} HybSessionSetup;

/**
 * hyb_session_run:
 * @qr: what was scanned
 *
 * Asks the owner whether to connect, connects, advertises until the computer is heard, answers
 * its requests, sees the last answer delivered. Runs the default main context until then; SIGINT
 * and SIGTERM end it cleanly. Nothing stays on the air.
 *
 * Returns: TRUE when a request was answered: hyb_command_outcome() tells which and how. FALSE
 *   with HYB_ERROR_CANCELLED (the owner did not want to connect, a signal, or the computer took
 *   its request back), HYB_ERROR_PHONE_LEFT (the tunnel ended before the answer),
 *   HYB_ERROR_TIMED_OUT (no computer came), HYB_ERROR_HANDSHAKE_FAILED, HYB_ERROR_PROTOCOL,
 *   HYB_ERROR_USAGE (the computer does not know @domain), or an error of the relay or of Bluetooth
 */
gboolean hyb_session_run(const HybQr *qr, const HybSessionSetup *setup, GError **error);
