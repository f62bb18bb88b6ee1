/* SPDX-License-Identifier: BSD-2-Clause */
/* The checks, by the part of the protocol they belong to; main.c says which group each one is
 * for. */
#pragma once

#include "tests/vectors/case.h"

/* check-qr.c: digits, QR codes */
void check_base10_encode(Case *c, JsonObject *entry);
void check_base10_decode(Case *c, JsonObject *entry);
void check_base10_invalid(Case *c, JsonObject *entry);
void check_qr_client(Case *c, JsonObject *entry);
void check_qr_authenticator(Case *c, JsonObject *entry);
void check_qr_parse(Case *c, JsonObject *entry);
void check_qr_invalid(Case *c, JsonObject *entry);

/* check-key.c: derivation, P-256 */
void check_kdf(Case *c, JsonObject *entry);
void check_ec_seed(Case *c, JsonObject *entry);
void check_ecdh(Case *c, JsonObject *entry);
void check_p256_invalid(Case *c, JsonObject *entry);
void check_p256_compressed(Case *c, JsonObject *entry);
void check_p256_compressed_invalid(Case *c, JsonObject *entry);

/* check-advert.c: adverts, suffixes, domains */
void check_domain(Case *c, JsonObject *entry);
void check_advert_client(Case *c, JsonObject *entry);
void check_advert_authenticator(Case *c, JsonObject *entry);
void check_advert_invalid(Case *c, JsonObject *entry);
void check_advert_suffix(Case *c, JsonObject *entry);
void check_advert_suffix_invalid(Case *c, JsonObject *entry);
void check_advert_session(Case *c, JsonObject *entry);
void check_eid_plaintext(Case *c, JsonObject *entry);

/* check-url.c: what the tunnel service sees */
void check_urls_build(Case *c, JsonObject *entry);
void check_urls_parse(Case *c, JsonObject *entry);
void check_url(Case *c, JsonObject *entry);
void check_redirect(Case *c, JsonObject *entry);
void check_relay_path(Case *c, JsonObject *entry);
void check_relay_path_invalid(Case *c, JsonObject *entry);
void check_client_payload_client(Case *c, JsonObject *entry);
void check_client_payload_authenticator(Case *c, JsonObject *entry);

/* check-noise.c */
void check_noise_initiator(Case *c, JsonObject *entry);
void check_noise_responder(Case *c, JsonObject *entry);
void check_noise_invalid(Case *c, JsonObject *entry);

/* check-transport.c: @entry is the whole group, and holds the keys, where it says "group" */
void check_transport_message(Case *c, JsonObject *entry, HybBytes key);
void check_transport_old(Case *c, JsonObject *entry, HybBytes key);
void check_transport_invalid(Case *c, JsonObject *entry, HybBytes key);
void check_transport_lenient(Case *c, JsonObject *entry, HybBytes key);
void check_transport_nonce(Case *c, JsonObject *entry, HybBytes key);
void check_transport_single(Case *c, JsonObject *entry);
void check_json_frame(Case *c, JsonObject *entry, JsonObject *group);
void check_unpad(Case *c, JsonObject *entry);
void check_unpad_invalid(Case *c, JsonObject *entry);
void check_frame(Case *c, JsonObject *entry);

/* check-l2cap.c */
void check_l2cap_receiver(Case *c, JsonObject *entry);
void check_l2cap_sender(Case *c, JsonObject *entry);
void check_l2cap_split(Case *c, JsonObject *entry);

/* check-link.c: post-handshake and linking */
void check_post_handshake_client(Case *c, JsonObject *entry);
void check_post_handshake_authenticator(Case *c, JsonObject *entry);
void check_post_handshake_cbor(Case *c, JsonObject *entry);
void check_linking_client(Case *c, JsonObject *entry);
void check_linking_authenticator(Case *c, JsonObject *entry);
void check_linking_invalid(Case *c, JsonObject *entry);

/* check-session.c: whole transactions through the session machines */
void check_transaction_qr_client(Case *c, JsonObject *entry);
void check_transaction_qr_authenticator(Case *c, JsonObject *entry);
void check_transaction_linked_client(Case *c, JsonObject *entry);
void check_transaction_linked_authenticator(Case *c, JsonObject *entry);
void check_captured_session(Case *c, JsonObject *entry);
