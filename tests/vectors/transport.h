/* SPDX-License-Identifier: BSD-2-Clause */
/* One sealed message, sent and received. */
#pragma once

#include "proto/channel.h"
#include "tests/vectors/case.h"

/* A channel whose two directions both use @key at @sequence. */
HybChannel transport_channel(Case *c, HybHandshakeRole role, HybBytes key, guint64 sequence);

/* @entry: sequence, plaintext, ciphertext, perhaps padded and nonce. @sender seals it, the other
 * role opens it. */
void transport_check_message(Case *c, JsonObject *entry, HybBytes key, HybHandshakeRole sender);
