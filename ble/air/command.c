/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/command.h"

#include <string.h>

#include "ble/air/error.h"

#define ARGUMENTS_MAX 3
#define DELAY_MAX_MS 60000
#define COPIES_MAX 16
#define REPLAYS_MAX 1000

typedef enum {
	KIND_NONE,
	KIND_NUMBER, /* min…max */
	KIND_SWITCH, /* on | off; number is 1 or 0 */
	KIND_ADAPTER,
	KIND_UUID,
	KIND_HEX,
	KIND_WHICH,  /* first | last | a number from 1 on; number is 1, 0, or itself */
	KIND_DAEMON, /* on | off | crash; number is 1, 0, 2 */
} Kind;

typedef struct {
	gint64 number;
	HybAirUuid uuid;
	guint8 bytes[HYB_AIR_FAULT_SUFFIX_MAX];
	gsize len;
} Value;

typedef struct {
	Kind kind;
	gint64 min;
	gint64 max;
	gint64 fallback; /* of an argument that may be left out */
} Argument;

typedef gboolean (*Run)(const HybAirCommand *c, HybAir *air, GError **error);

/**
 * Definition: a command
 * @may_be_off: "off" instead of all arguments
 * @n_required: of the arguments
 */
typedef struct {
	const char *name;
	const char *arguments_text;
	gboolean may_be_off;
	guint n_required;
	Argument arguments[ARGUMENTS_MAX];
	Run run;
} Definition;

struct HybAirCommand {
	const Definition *definition;
	gboolean off;
	Value values[ARGUMENTS_MAX];
};

static HybAirFaults *
faults(HybAir *air)
{
	return hyb_air_ether_faults(hyb_air_ether(air));
}

static gboolean fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean
fail(GError **error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_propagate_error(
	    error, g_error_new_valist(HYB_AIR_ERROR, HYB_AIR_ERROR_COMMAND, format, arguments));
	va_end(arguments);
	return FALSE;
}

/* The adapter that the first argument names, if it is there. */
static HybAirAdapter *
adapter(const HybAirCommand *c, HybAir *air, GError **error)
{
	guint index = (guint)c->values[0].number;
	HybAirAdapter *found = hyb_air_adapter(air, index);

	if (found == NULL)
		fail(error, "There is no adapter hci%u", index);
	return found;
}

static gboolean
run_loss(const HybAirCommand *c, HybAir *air, GError **error)
{
	faults(air)->loss_percent = (guint)c->values[0].number;
	return TRUE;
}

static gboolean
run_delay(const HybAirCommand *c, HybAir *air, GError **error)
{
	faults(air)->delay_ms = (guint)c->values[0].number;
	return TRUE;
}

static gboolean
run_duplicate(const HybAirCommand *c, HybAir *air, GError **error)
{
	faults(air)->copies = (guint)c->values[0].number;
	return TRUE;
}

static gboolean
run_damage(const HybAirCommand *c, HybAir *air, GError **error)
{
	faults(air)->damage = !c->off;
	faults(air)->damage_bit = (guint)c->values[0].number;
	return TRUE;
}

static gboolean
run_suffix(const HybAirCommand *c, HybAir *air, GError **error)
{
	faults(air)->suffix_len = c->values[0].len;
	memcpy(faults(air)->suffix, c->values[0].bytes, c->values[0].len);
	return TRUE;
}

static gboolean
run_truncate(const HybAirCommand *c, HybAir *air, GError **error)
{
	faults(air)->cut = !c->off;
	faults(air)->cut_len = (gsize)c->values[0].number;
	return TRUE;
}

static gboolean
run_lengthen(const HybAirCommand *c, HybAir *air, GError **error)
{
	faults(air)->pad = (gsize)c->values[0].number;
	return TRUE;
}

static gboolean
run_rewrite(const HybAirCommand *c, HybAir *air, GError **error)
{
	faults(air)->rewrite = !c->off;
	faults(air)->rewrite_from = c->values[0].uuid;
	faults(air)->rewrite_to = c->values[1].uuid;
	return TRUE;
}

static gboolean
run_foreign(const HybAirCommand *c, HybAir *air, GError **error)
{
	hyb_air_foreign_set(hyb_air_foreign(air), &c->values[0].uuid, (guint)c->values[1].number,
	    (guint)c->values[2].number);
	return TRUE;
}

static gboolean
run_replay(const HybAirCommand *c, HybAir *air, GError **error)
{
	for (gint64 i = 0; i < c->values[1].number; i++) {
		if (!hyb_air_ether_replay(hyb_air_ether(air), (guint)c->values[0].number))
			return fail(error, "No such advert has been sent yet");
	}
	return TRUE;
}

static gboolean
run_clear(const HybAirCommand *c, HybAir *air, GError **error)
{
	*faults(air) = (HybAirFaults){0};
	hyb_air_foreign_clear(hyb_air_foreign(air));
	return TRUE;
}

static gboolean
run_power(const HybAirCommand *c, HybAir *air, GError **error)
{
	HybAirAdapter *a = adapter(c, air, error);

	return a != NULL && hyb_air_adapter_set_powered(a, c->values[1].number != 0, error);
}

static gboolean
run_block(const HybAirCommand *c, HybAir *air, GError **error)
{
	HybAirAdapter *a = adapter(c, air, error);

	if (a != NULL)
		hyb_air_adapter_set_blocked(a, c->values[1].number != 0);
	return a != NULL;
}

static gboolean
run_stall(const HybAirCommand *c, HybAir *air, GError **error)
{
	HybAirAdapter *a = adapter(c, air, error);

	if (a != NULL)
		hyb_air_adapter_set_stalled(a, c->values[1].number != 0);
	return a != NULL;
}

static gboolean
run_rssi(const HybAirCommand *c, HybAir *air, GError **error)
{
	HybAirAdapter *a = adapter(c, air, error);

	if (a != NULL)
		hyb_air_adapter_set_rssi(a, (gint16)c->values[1].number);
	return a != NULL;
}

static gboolean
run_release(const HybAirCommand *c, HybAir *air, GError **error)
{
	HybAirAdapter *a = adapter(c, air, error);

	if (a != NULL)
		hyb_air_adapter_release(a);
	return a != NULL;
}

static gboolean
run_rotate(const HybAirCommand *c, HybAir *air, GError **error)
{
	HybAirAdapter *a = adapter(c, air, error);

	if (a != NULL)
		hyb_air_adapter_rotate(a);
	return a != NULL;
}

static gboolean
run_add(const HybAirCommand *c, HybAir *air, GError **error)
{
	return hyb_air_plug(air, (guint)c->values[0].number) ||
	       fail(error, "hci%" G_GINT64_FORMAT " is there already", c->values[0].number);
}

static gboolean
run_remove(const HybAirCommand *c, HybAir *air, GError **error)
{
	return adapter(c, air, error) != NULL && hyb_air_unplug(air, (guint)c->values[0].number);
}

static gboolean
run_deny(const HybAirCommand *c, HybAir *air, GError **error)
{
	hyb_air_deny(air, c->values[0].number != 0);
	return TRUE;
}

static gboolean
run_daemon(const HybAirCommand *c, HybAir *air, GError **error)
{
	if (c->values[0].number == 1)
		return hyb_air_start(air, error);
	hyb_air_stop(air, c->values[0].number == 2);
	return TRUE;
}

#define ADAPTER                                                                                    \
	{                                                                                          \
		.kind = KIND_ADAPTER                                                               \
	}
#define SWITCH                                                                                     \
	{                                                                                          \
		.kind = KIND_SWITCH                                                                \
	}
#define UUID                                                                                       \
	{                                                                                          \
		.kind = KIND_UUID                                                                  \
	}
#define NUMBER(low, high)                                                                          \
	{                                                                                          \
		.kind = KIND_NUMBER, .min = (low), .max = (high)                                   \
	}
#define OPTIONAL(low, high, usual)                                                                 \
	{                                                                                          \
		.kind = KIND_NUMBER, .min = (low), .max = (high), .fallback = (usual)              \
	}

static const Definition definitions[] = {
    {"loss", "PERCENT", FALSE, 1, {NUMBER(0, 100)}, run_loss},
    {"delay", "MILLISECONDS", FALSE, 1, {NUMBER(0, DELAY_MAX_MS)}, run_delay},
    {"duplicate", "COPIES", FALSE, 1, {NUMBER(0, COPIES_MAX)}, run_duplicate},
    {"damage", "BIT|off", TRUE, 1, {NUMBER(0, HYB_AIR_AD_LONG_FIELD_MAX_LEN * 8 - 1)}, run_damage},
    {"suffix", "HEX|off", TRUE, 1, {{.kind = KIND_HEX}}, run_suffix},
    {"truncate", "BYTES|off", TRUE, 1, {NUMBER(0, HYB_AIR_AD_LONG_FIELD_MAX_LEN)}, run_truncate},
    {"lengthen", "BYTES|off", TRUE, 1, {NUMBER(0, HYB_AIR_FAULT_SUFFIX_MAX)}, run_lengthen},
    {"rewrite", "UUID UUID|off", TRUE, 2, {UUID, UUID}, run_rewrite},
    {"foreign", "UUID RATE [PHONES]", FALSE, 2,
	{UUID, NUMBER(0, HYB_AIR_FOREIGN_RATE_MAX), OPTIONAL(0, HYB_AIR_FOREIGN_PHONES_MAX, 1)},
	run_foreign},
    {"replay", "first|last|N [TIMES]", FALSE, 1,
	{{.kind = KIND_WHICH}, OPTIONAL(1, REPLAYS_MAX, 1)}, run_replay},
    {"clear", "", FALSE, 0, {{0}}, run_clear},
    {"power", "hciN on|off", FALSE, 2, {ADAPTER, SWITCH}, run_power},
    {"block", "hciN on|off", FALSE, 2, {ADAPTER, SWITCH}, run_block},
    {"stall", "hciN on|off", FALSE, 2, {ADAPTER, SWITCH}, run_stall},
    {"rssi", "hciN DBM", FALSE, 2, {ADAPTER, NUMBER(-127, 20)}, run_rssi},
    {"release", "hciN", FALSE, 1, {ADAPTER}, run_release},
    {"rotate", "hciN", FALSE, 1, {ADAPTER}, run_rotate},
    {"add", "hciN", FALSE, 1, {ADAPTER}, run_add},
    {"remove", "hciN", FALSE, 1, {ADAPTER}, run_remove},
    {"deny", "on|off", FALSE, 1, {SWITCH}, run_deny},
    {"daemon", "on|off|crash", FALSE, 1, {{.kind = KIND_DAEMON}}, run_daemon},
};

static gboolean
parse_hex(const char *word, Value *value)
{
	gsize len = strlen(word);

	if (len == 0 || len % 2 != 0 || len / 2 > sizeof(value->bytes))
		return FALSE;
	for (gsize i = 0; i < len; i += 2) {
		if (!g_ascii_isxdigit(word[i]) || !g_ascii_isxdigit(word[i + 1]))
			return FALSE;
		value->bytes[i / 2] = (guint8)(g_ascii_xdigit_value(word[i]) << 4 |
					       g_ascii_xdigit_value(word[i + 1]));
	}
	value->len = len / 2;
	return TRUE;
}

/* One of the @words becomes its place in them. */
static gboolean
parse_choice(const char *word, const char *const *words, gint64 *number)
{
	for (gsize i = 0; words[i] != NULL; i++) {
		if (g_str_equal(word, words[i])) {
			*number = (gint64)i;
			return TRUE;
		}
	}
	return FALSE;
}

static gboolean
parse_adapter(const char *word, gint64 *number)
{
	return g_str_has_prefix(word, "hci") &&
	       g_ascii_string_to_signed(word + 3, 10, 0, HYB_AIR_ADAPTERS_MAX - 1, number, NULL);
}

static gboolean
parse_value(const Argument *argument, const char *word, Value *value)
{
	static const char *const switches[] = {"off", "on", NULL};
	static const char *const which[] = {"last", "first", NULL};
	static const char *const daemon[] = {"off", "on", "crash", NULL};
	gint64 *number = &value->number;

	switch (argument->kind) {
	case KIND_NONE:
		return FALSE;
	case KIND_NUMBER:
		return g_ascii_string_to_signed(
		    word, 10, argument->min, argument->max, number, NULL);
	case KIND_SWITCH:
		return parse_choice(word, switches, number);
	case KIND_ADAPTER:
		return parse_adapter(word, number);
	case KIND_UUID:
		return hyb_air_uuid_parse(word, &value->uuid);
	case KIND_HEX:
		return parse_hex(word, value);
	case KIND_WHICH:
		return parse_choice(word, which, number) ||
		       g_ascii_string_to_signed(word, 10, 1, HYB_AIR_HISTORY_MAX, number, NULL);
	case KIND_DAEMON:
		return parse_choice(word, daemon, number);
	}
	return FALSE;
}

static const Definition *
find_definition(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(definitions); i++) {
		if (g_str_equal(definitions[i].name, name))
			return &definitions[i];
	}
	return NULL;
}

static gboolean
parse_arguments(HybAirCommand *c, char *const *words, guint n_words, GError **error)
{
	const Definition *d = c->definition;

	if (d->may_be_off && n_words == 1 && g_str_equal(words[0], "off")) {
		c->off = TRUE;
		return TRUE;
	}
	for (guint i = 0; i < ARGUMENTS_MAX || i < n_words; i++) {
		const Argument *a = i < ARGUMENTS_MAX ? &d->arguments[i] : NULL;

		if (i < n_words && (a == NULL || a->kind == KIND_NONE))
			return fail(error, "'%s' takes only: %s", d->name,
			    *d->arguments_text != '\0' ? d->arguments_text : "no arguments");
		if (i < n_words && !parse_value(a, words[i], &c->values[i]))
			return fail(error, "'%s' is not right for '%s', which takes: %s", words[i],
			    d->name, d->arguments_text);
		if (i >= n_words && i < d->n_required)
			return fail(error, "'%s' needs: %s", d->name, d->arguments_text);
		if (i >= n_words && a != NULL)
			c->values[i].number = a->fallback;
	}
	return TRUE;
}

HybAirCommand *
hyb_air_command_parse(const char *line, GError **error)
{
	g_autoptr(HybAirCommand) c = g_new0(HybAirCommand, 1);
	g_auto(GStrv) split = NULL;
	char *words[HYB_AIR_COMMAND_WORDS_MAX];
	guint n_words = 0;

	if (strlen(line) > HYB_AIR_COMMAND_MAX_LEN) {
		fail(error, "The line is longer than %d characters", HYB_AIR_COMMAND_MAX_LEN);
		return NULL;
	}
	split = g_strsplit_set(line, " \t", -1);
	for (gsize i = 0; split[i] != NULL; i++) {
		if (*split[i] == '\0')
			continue;
		if (n_words == HYB_AIR_COMMAND_WORDS_MAX) {
			fail(error, "There are too many words");
			return NULL;
		}
		words[n_words++] = split[i];
	}
	if (n_words == 0) {
		fail(error, "There is no command");
		return NULL;
	}
	c->definition = find_definition(words[0]);
	if (c->definition == NULL) {
		fail(error, "There is no command '%s'", words[0]);
		return NULL;
	}
	if (!parse_arguments(c, words + 1, n_words - 1, error))
		return NULL;
	return g_steal_pointer(&c);
}

void
hyb_air_command_free(HybAirCommand *command)
{
	g_free(command);
}

gboolean
hyb_air_command_run(const HybAirCommand *command, HybAir *air, GError **error)
{
	g_debug("command %s", command->definition->name);
	return command->definition->run(command, air, error);
}

char *
hyb_air_command_summary(void)
{
	GString *text = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(definitions); i++)
		g_string_append_printf(
		    text, "  %-10s %s\n", definitions[i].name, definitions[i].arguments_text);
	return g_string_free(text, FALSE);
}
