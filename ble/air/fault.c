/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/fault.h"

#include <string.h>

static void
apply_to_service_data(const HybAirFaults *faults, GByteArray *ad, const HybAirUuid *uuid,
    const guint8 *data, gsize len)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	gsize cut = faults->cut ? MIN(len, faults->cut_len) : len;

	g_byte_array_append(out, data, (guint)cut);
	g_byte_array_set_size(out, (guint)(cut + faults->pad));
	if (faults->pad > 0)
		memset(out->data + cut, 0, faults->pad);
	if (faults->damage && faults->damage_bit / 8 < out->len)
		out->data[faults->damage_bit / 8] ^= (guint8)(1u << (faults->damage_bit % 8));
	g_byte_array_append(out, faults->suffix, (guint)faults->suffix_len);
	if (faults->rewrite && memcmp(uuid, &faults->rewrite_from, sizeof(*uuid)) == 0)
		uuid = &faults->rewrite_to;
	hyb_air_ad_append_service_data(ad, uuid, out->data, out->len);
}

static GBytes *
apply_to_ad(const HybAirFaults *faults, GBytes *bytes)
{
	GByteArray *ad = g_byte_array_new();
	HybAirAdField field;
	HybAirUuid uuid;
	const guint8 *data;
	gsize len;

	for (gsize pos = 0; hyb_air_ad_next(bytes, &pos, &field);) {
		if (hyb_air_ad_field_service_data(&field, &uuid, &data, &len))
			apply_to_service_data(faults, ad, &uuid, data, len);
		else
			hyb_air_ad_append(ad, field.type, field.data, field.len);
	}
	return g_byte_array_free_to_bytes(ad);
}

HybAirFrame *
hyb_air_faults_apply(const HybAirFaults *faults, const HybAirFrame *frame)
{
	HybAirFrame *out = hyb_air_frame_copy(frame);

	if (!faults->damage && faults->suffix_len == 0 && !faults->cut && faults->pad == 0 &&
	    !faults->rewrite)
		return out;
	g_bytes_unref(out->ad);
	out->ad = apply_to_ad(faults, frame->ad);
	return out;
}
