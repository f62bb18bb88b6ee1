/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/error.h"

G_DEFINE_QUARK(hyb_ble_error, hyb_ble_error)
