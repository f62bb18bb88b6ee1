/* SPDX-License-Identifier: BSD-2-Clause */
/* vectors-check: every group of a vectors file, in both roles. Schema: hybrid.md §16. */
#include <string.h>

#include "proto/bytes.h"
#include "tests/vectors/checks.h"

enum { EXIT_PASSED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, CHECKS_MAX = 3 };

/* A group, or a kind within "repository": each entry goes through each check. */
typedef struct {
	const char *name;
	CaseCheck checks[CHECKS_MAX];
} Entries;

static const Entries lists[] = {
    {"base10", {check_base10_encode, check_base10_decode}},
    {"base10_invalid", {check_base10_invalid}},
    {"qr", {check_qr_client, check_qr_authenticator}},
    {"qr_invalid", {check_qr_invalid}},
    {"kdf", {check_kdf}},
    {"ec_seed", {check_ec_seed}},
    {"ecdh", {check_ecdh}},
    {"p256_invalid", {check_p256_invalid}},
    {"domains", {check_domain}},
    {"adverts", {check_advert_client, check_advert_authenticator}},
    {"adverts_invalid", {check_advert_invalid}},
    {"advert_suffix", {check_advert_suffix}},
    {"urls", {check_urls_build, check_urls_parse}},
    {"client_payload", {check_client_payload_client, check_client_payload_authenticator}},
    {"noise", {check_noise_initiator, check_noise_responder}},
    {"noise_invalid", {check_noise_invalid}},
    {"post_handshake", {check_post_handshake_client, check_post_handshake_authenticator}},
    {"linking", {check_linking_client, check_linking_authenticator}},
    {"linking_invalid", {check_linking_invalid}},
    {"l2cap", {check_l2cap_receiver, check_l2cap_sender}},
};

/* Groups that are one entry. */
static const Entries objects[] = {
    {"transaction_qr", {check_transaction_qr_client, check_transaction_qr_authenticator}},
    {"transaction_linked",
	{check_transaction_linked_client, check_transaction_linked_authenticator}},
};

static const Entries kinds[] = {
    {"kdf", {check_kdf}},
    {"base10", {check_base10_encode, check_base10_decode}},
    {"base10_invalid", {check_base10_invalid}},
    {"advert_suffix", {check_advert_suffix}},
    {"advert_suffix_invalid", {check_advert_suffix_invalid}},
    {"unpad", {check_unpad}},
    {"unpad_invalid", {check_unpad_invalid}},
    {"l2cap_crlf_split", {check_l2cap_split}},
    {"redirect", {check_redirect}},
    {"domain", {check_domain}},
    {"p256_compressed", {check_p256_compressed}},
    {"p256_compressed_invalid", {check_p256_compressed_invalid}},
    {"qr_parse", {check_qr_parse}},
    {"qr_parse_invalid", {check_qr_invalid}},
    {"eid_plaintext", {check_eid_plaintext}},
    {"url", {check_url}},
    {"advert", {check_advert_session}},
    {"transport", {check_transport_single}},
    {"post_handshake", {check_post_handshake_cbor}},
    {"frame", {check_frame}},
    {"relay_path", {check_relay_path}},
    {"relay_path_invalid", {check_relay_path_invalid}},
    {"session", {check_captured_session}},
};

/* The lists within "transport". */
static const struct {
	const char *name;
	void (*check)(Case *c, JsonObject *entry, HybBytes key);
} transports[] = {
    {"messages", check_transport_message},
    {"old_construction", check_transport_old},
    {"invalid", check_transport_invalid},
    {"lenient", check_transport_lenient},
    {"nonces", check_transport_nonce},
};

/* @passed, @failed: of the group at hand and of all */
typedef struct {
	HybCrypto *crypto;
	JsonObject *root;
	const char *group;
	guint passed;
	guint failed;
	guint all_passed;
	guint all_failed;
} Run;

static Case
begin_case(Run *run)
{
	return (Case){.crypto = run->crypto, .root = run->root};
}

/* @label: which entry, or NULL */
static void
end_case(Run *run, Case *c, const char *label)
{
	if (c->why == NULL) {
		run->passed++;
		return;
	}
	run->failed++;
	g_print("  FAILED %s%s%s: %s\n", run->group, label != NULL ? " " : "",
	    label != NULL ? label : "", c->why);
	g_clear_pointer(&c->why, g_free);
}

static void
fail_group(Run *run, const char *label, const char *why)
{
	Case c = begin_case(run);

	case_fail(&c, "%s", why);
	end_case(run, &c, label);
}

static const char *
text_member(JsonObject *entry, const char *name)
{
	JsonNode *node = json_object_get_member(entry, name);

	if (node == NULL || !JSON_NODE_HOLDS_VALUE(node) ||
	    json_node_get_value_type(node) != G_TYPE_STRING)
		return NULL;
	return json_node_get_string(node);
}

static char *
label_of(JsonObject *entry, guint index)
{
	const char *text = text_member(entry, "id");

	if (text == NULL)
		text = text_member(entry, "description");
	return text != NULL ? g_strdup_printf("%u (%s)", index, text)
			    : g_strdup_printf("%u", index);
}

static void
check_entry(Run *run, const Entries *kind, JsonObject *entry, const char *label)
{
	for (gsize i = 0; i < CHECKS_MAX && kind->checks[i] != NULL; i++) {
		Case c = begin_case(run);

		kind->checks[i](&c, entry);
		end_case(run, &c, label);
	}
}

/* Element @index as an object; a failure is counted otherwise. */
static JsonObject *
entry_at(Run *run, JsonArray *array, guint index)
{
	JsonNode *node = json_array_get_element(array, index);
	g_autofree char *label = g_strdup_printf("%u", index);

	if (JSON_NODE_HOLDS_OBJECT(node))
		return json_node_get_object(node);
	fail_group(run, label, "not an object");
	return NULL;
}

static void
check_list(Run *run, const Entries *kind, JsonArray *array)
{
	for (guint i = 0; i < json_array_get_length(array); i++) {
		JsonObject *entry = entry_at(run, array, i);
		g_autofree char *label = entry != NULL ? label_of(entry, i) : NULL;

		if (entry != NULL)
			check_entry(run, kind, entry, label);
	}
}

static const Entries *
find(const Entries *table, gsize count, const char *name)
{
	for (gsize i = 0; i < count; i++)
		if (g_strcmp0(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

static void
check_repository(Run *run, JsonArray *array)
{
	for (guint i = 0; i < json_array_get_length(array); i++) {
		JsonObject *entry = entry_at(run, array, i);
		const Entries *kind;
		g_autofree char *label = NULL;

		if (entry == NULL)
			continue;
		label = label_of(entry, i);
		kind = find(kinds, G_N_ELEMENTS(kinds), text_member(entry, "kind"));
		if (kind != NULL)
			check_entry(run, kind, entry, label);
		else
			fail_group(run, label, "unknown kind");
	}
}

static gboolean
is_structure(JsonNode *node)
{
	return JSON_NODE_HOLDS_ARRAY(node) || JSON_NODE_HOLDS_OBJECT(node);
}

static void
check_transport_list(Run *run, JsonObject *group, const char *name, JsonArray *array)
{
	gsize kind = 0;

	while (kind < G_N_ELEMENTS(transports) && !g_str_equal(transports[kind].name, name))
		kind++;
	if (kind == G_N_ELEMENTS(transports)) {
		fail_group(run, name, "unknown list");
		return;
	}
	for (guint i = 0; i < json_array_get_length(array); i++) {
		JsonObject *entry = entry_at(run, array, i);
		g_autofree char *label = NULL;
		g_autofree char *where = NULL;
		g_autoptr(GBytes) key = NULL;
		Case c = begin_case(run);

		if (entry == NULL)
			continue;
		where = label_of(entry, i);
		label = g_strdup_printf("%s %s", name, where);
		key = case_get_fixed(&c, group, "key", HYB_AEAD_KEY_LEN);
		transports[kind].check(&c, entry, case_bytes_of(key));
		end_case(run, &c, label);
	}
}

static void
check_transport(Run *run, JsonObject *group)
{
	g_autoptr(GList) names = json_object_get_members(group);

	for (GList *l = names; l != NULL; l = l->next) {
		JsonNode *node = json_object_get_member(group, l->data);

		if (JSON_NODE_HOLDS_ARRAY(node))
			check_transport_list(run, group, l->data, json_node_get_array(node));
		else if (is_structure(node))
			fail_group(run, l->data, "unknown structure");
	}
}

static void
check_json_frames(Run *run, JsonObject *group)
{
	g_autoptr(GList) names = json_object_get_members(group);

	for (GList *l = names; l != NULL; l = l->next) {
		JsonNode *node = json_object_get_member(group, l->data);
		JsonArray *frames;

		if (!is_structure(node))
			continue;
		if (!g_str_equal(l->data, "frames") || !JSON_NODE_HOLDS_ARRAY(node)) {
			fail_group(run, l->data, "unknown structure");
			continue;
		}
		frames = json_node_get_array(node);
		for (guint i = 0; i < json_array_get_length(frames); i++) {
			JsonObject *entry = entry_at(run, frames, i);
			Case c = begin_case(run);

			if (entry == NULL)
				continue;
			check_json_frame(&c, entry, group);
			end_case(run, &c, "frame");
		}
	}
}

/* By name and shape; what is not known fails. */
static void
check_group(Run *run, const char *name, JsonNode *node)
{
	JsonArray *array = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
	JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
	const Entries *list = find(lists, G_N_ELEMENTS(lists), name);
	const Entries *single = find(objects, G_N_ELEMENTS(objects), name);

	run->group = name;
	run->passed = 0;
	run->failed = 0;
	if (list != NULL && array != NULL)
		check_list(run, list, array);
	else if (single != NULL && object != NULL)
		check_entry(run, single, object, NULL);
	else if (g_str_equal(name, "repository") && array != NULL)
		check_repository(run, array);
	else if (g_str_equal(name, "transport") && object != NULL)
		check_transport(run, object);
	else if (g_str_equal(name, "json_frames") && object != NULL)
		check_json_frames(run, object);
	else
		fail_group(run, NULL, "unknown group or structure");
	g_print("%s: %u passed, %u failed\n", name, run->passed, run->failed);
	run->all_passed += run->passed;
	run->all_failed += run->failed;
}

/* FALSE, with the reason on stderr, if @file is no vectors file. */
static gboolean
check_file(Run *run, const char *file)
{
	g_autoptr(JsonParser) parser = json_parser_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(GList) names = NULL;
	JsonNode *root;
	guint groups = 0;

	if (!json_parser_load_from_file(parser, file, &error)) {
		g_printerr("vectors-check: %s: %s\n", file, error->message);
		return FALSE;
	}
	root = json_parser_get_root(parser);
	if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root)) {
		g_printerr("vectors-check: %s: not a JSON object of groups\n", file);
		return FALSE;
	}
	run->root = json_node_get_object(root);
	names = json_object_get_members(run->root);
	for (GList *l = names; l != NULL; l = l->next) {
		JsonNode *node = json_object_get_member(run->root, l->data);

		/* Single values are about the file. */
		if (!is_structure(node))
			continue;
		check_group(run, l->data, node);
		groups++;
	}
	if (groups == 0)
		g_printerr("vectors-check: %s: no groups in it\n", file);
	return groups > 0;
}

static void
print_help(void)
{
	g_print(
	    "Usage: vectors-check FILE...\n"
	    "\n"
	    "Checks every group of each vectors file against the protocol core, in both roles.\n"
	    "Prints a line a group, then the totals.\n"
	    "\n"
	    "  -h, --help     print this\n"
	    "      --version  print the version\n"
	    "\n"
	    "Exit status: 0 all passed; 1 something failed, or a group, kind or structure is\n"
	    "unknown; 2 bad arguments, or a file that cannot be read.\n");
}

/* The exit status if the arguments end the program, -1 if there are files to check. */
static int
handle_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (g_str_equal(argv[i], "--help") || g_str_equal(argv[i], "-h")) {
			print_help();
			return EXIT_PASSED;
		}
		if (g_str_equal(argv[i], "--version")) {
			g_print("vectors-check %s\n", HYB_VERSION);
			return EXIT_PASSED;
		}
		if (argv[i][0] == '-') {
			g_printerr("vectors-check: unknown option %s; see --help\n", argv[i]);
			return EXIT_USAGE;
		}
	}
	if (argc < 2) {
		g_printerr("vectors-check: no file given; see --help\n");
		return EXIT_USAGE;
	}
	return -1;
}

int
main(int argc, char **argv)
{
	gboolean readable = TRUE;
	int status = handle_options(argc, argv);
	Run run = {0};

	if (status >= 0)
		return status;
	if (hyb_crypto_new(&run.crypto) != HYB_OK) {
		g_printerr("vectors-check: libcrypto has none of the algorithms\n");
		return EXIT_USAGE;
	}
	for (int i = 1; i < argc; i++) {
		if (argc > 2)
			g_print("%s\n", argv[i]);
		readable = check_file(&run, argv[i]) && readable;
	}
	hyb_crypto_free(run.crypto);
	g_print("%u passed, %u failed\n", run.all_passed, run.all_failed);
	if (!readable)
		return EXIT_USAGE;
	return run.all_failed == 0 ? EXIT_PASSED : EXIT_FAILED;
}
