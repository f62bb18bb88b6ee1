/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/frame.h"

HybAirFrame *
hyb_air_frame_new(int from, const char *address, gboolean random)
{
	HybAirFrame *self = g_new0(HybAirFrame, 1);

	self->from = from;
	self->random = random;
	g_strlcpy(self->address, address, sizeof(self->address));
	return self;
}

HybAirFrame *
hyb_air_frame_copy(const HybAirFrame *frame)
{
	HybAirFrame *self = g_memdup2(frame, sizeof(*frame));

	self->ad = g_bytes_ref(frame->ad);
	if (self->scan_response != NULL)
		g_bytes_ref(self->scan_response);
	return self;
}

void
hyb_air_frame_free(HybAirFrame *self)
{
	if (self == NULL)
		return;
	g_clear_pointer(&self->ad, g_bytes_unref);
	g_clear_pointer(&self->scan_response, g_bytes_unref);
	g_free(self);
}

void
hyb_air_address_random(GRand *rand, char address[static HYB_AIR_ADDRESS_LEN + 1])
{
	guint32 high = g_rand_int(rand);
	guint32 low = g_rand_int(rand);

	/* the two top bits 00 say: not resolvable; the last byte keeps it from being all zero */
	g_snprintf(address, HYB_AIR_ADDRESS_LEN + 1, "%02X:%02X:%02X:%02X:%02X:%02X",
	    (high >> 24) & 0x3f, (high >> 16) & 0xff, (high >> 8) & 0xff, (low >> 16) & 0xff,
	    (low >> 8) & 0xff, (low & 0xff) | 0x01);
}
