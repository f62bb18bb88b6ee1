/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/cli/command.h"
int
hyb_command_decode(int argc, char **argv)
{
	return 2;
}
