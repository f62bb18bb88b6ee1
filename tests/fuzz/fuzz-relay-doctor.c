/* SPDX-License-Identifier: BSD-2-Clause */
/* What a relay sends to the doctor: an answer, then frames; in pieces it means the same. */
#include <string.h>

#include "bridge/relay/doctor/end.h"
#include "tests/fuzz/fuzz.h"

#define KEY "AAAAAAAAAAAAAAAAAAAAAA=="

/* The answer's verdict; its length in @used, or 0. */
static void
read_answer(const uint8_t *data, size_t len, size_t *used)
{
	const uint8_t *end = len == 0 ? NULL : memmem(data, len, "\r\n\r\n", 4);
	uint8_t route[HYB_ROUTING_ID_LEN];
	g_autoptr(GError) error = NULL;
	g_autoptr(DoctorAnswer) answer = NULL;

	*used = end == NULL ? 0 : (size_t)(end - data) + 4;
	answer = doctor_answer_parse((const char *)data, *used == 0 ? len : *used, &error);
	FUZZ_CHECK((answer == NULL) == (error != NULL));
	if (answer == NULL)
		return;
	FUZZ_CHECK(answer->status >= 100 && answer->status < 600);
	FUZZ_CHECK(answer->names->len == answer->values->len);
	if (!doctor_answer_check(answer, KEY, FALSE, NULL))
		return;
	FUZZ_CHECK(answer->status == 101);
	(void)doctor_answer_route(answer, route, NULL);
}

static DoctorEnd *
end_new(void)
{
	DoctorWire *wire = g_new0(DoctorWire, 1);

	wire->fd = -1;
	wire->in = g_byte_array_new();
	wire->out = g_byte_array_new();
	return doctor_end_new(wire, NULL);
}

/* A sum of what the frames said, fed @step bytes at a time. */
static unsigned
read_frames(const uint8_t *data, size_t len, size_t step)
{
	DoctorEnd *end = end_new();
	g_autoptr(GError) error = NULL;
	unsigned sum = 0;

	for (size_t at = 0; at < len && error == NULL; at += step) {
		GBytes *message;

		g_byte_array_append(end->wire->in, data + at, (guint)MIN(step, len - at));
		while ((message = doctor_end_take(end, &error)) != NULL) {
			FUZZ_CHECK(g_bytes_get_size(message) <= len);
			sum = sum * 31 + g_bytes_hash(message) + 1;
			g_bytes_unref(message);
		}
	}
	sum = sum * 31 + (error != NULL) + 2 * (unsigned)end->code;
	end->closed = TRUE;
	doctor_end_free(end);
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t used;

	read_answer(data, len, &used);
	if (used == len)
		return 0;
	FUZZ_CHECK(read_frames(data + used, len - used, len + 1) ==
		   read_frames(data + used, len - used, 1));
	return 0;
}
