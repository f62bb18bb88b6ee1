/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/outbox.h"

#include "proto/bytes.h"

HybStatus
hyb_outbox_push(HybOutbox *outbox, unsigned type, HybBytes bytes)
{
	if (outbox->count == HYB_OUTBOX_ITEMS)
		return HYB_ERR_LIMIT;
	outbox->items[(outbox->first + outbox->count) % HYB_OUTBOX_ITEMS] =
	    (HybOutboxItem){.type = type, .bytes = bytes};
	outbox->count++;
	return HYB_OK;
}

HybBuf
hyb_outbox_begin(HybOutbox *outbox)
{
	if (outbox->count == 0)
		outbox->arena.len = 0;
	return hyb_buf(
	    outbox->arena.data + outbox->arena.len, outbox->arena.cap - outbox->arena.len);
}

HybStatus
hyb_outbox_push_message(HybOutbox *outbox, unsigned type, const HybBuf *message)
{
	HybStatus st = hyb_outbox_push(outbox, type, hyb_buf_bytes(message));

	if (st == HYB_OK)
		outbox->arena.len += message->len;
	return st;
}

bool
hyb_outbox_take(HybOutbox *outbox, HybOutboxItem *item)
{
	if (outbox->count == 0)
		return false;
	*item = outbox->items[outbox->first];
	outbox->first = (outbox->first + 1) % HYB_OUTBOX_ITEMS;
	outbox->count--;
	return true;
}

bool
hyb_outbox_has(const HybOutbox *outbox, unsigned type)
{
	for (size_t i = 0; i < outbox->count; i++)
		if (outbox->items[(outbox->first + i) % HYB_OUTBOX_ITEMS].type == type)
			return true;
	return false;
}

void
hyb_outbox_drop(HybOutbox *outbox)
{
	outbox->first = 0;
	outbox->count = 0;
}
