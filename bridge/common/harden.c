/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/common/harden.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#ifndef __has_feature /* clang says by this what gcc says by __SANITIZE_ADDRESS__ */
#define __has_feature(name) 0
#endif

void
hyb_harden(void)
{
	static const struct rlimit none = {0, 0};

	umask(077);
	setrlimit(RLIMIT_CORE, &none);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	hyb_harden_alone();
}

void
hyb_harden_alone(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)
	prctl(PR_SET_DUMPABLE, 0); /* the sanitizer's leak check has to look into the process */
#endif
}
