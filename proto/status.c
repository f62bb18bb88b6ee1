/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/status.h"

const char *
hyb_status_name(HybStatus status)
{
	switch (status) {
	case HYB_OK:
		return "ok";
	case HYB_ERR_MALFORMED:
		return "malformed";
	case HYB_ERR_NO_SPACE:
		return "no-space";
	case HYB_ERR_POINT:
		return "point";
	case HYB_ERR_AUTH:
		return "auth";
	case HYB_ERR_NO_MATCH:
		return "no-match";
	case HYB_ERR_STATE:
		return "state";
	case HYB_ERR_PROTOCOL:
		return "protocol";
	case HYB_ERR_UNSUPPORTED:
		return "unsupported";
	case HYB_ERR_LIMIT:
		return "limit";
	case HYB_ERR_CLOSED:
		return "closed";
	case HYB_ERR_CRYPTO:
		return "crypto";
	}
	return "invalid";
}
