/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/common/error.h"

G_DEFINE_QUARK(hyb_error, hyb_error)
