/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands for what runs in a lab: its phones, its air, its screen. Each returns an exit status, or
 * becomes the program that does the work. */
#pragma once

/* scan [--phone N] […]: that phone takes the code on the screen, or what else is given. */
int lab_use_scan(int argc, char **argv);

/* phone [--phone N] COMMAND […]: hybridge-phone with that phone's store. */
int lab_use_phone(int argc, char **argv);

/* air COMMAND […]: tells the virtual Bluetooth something. */
int lab_use_air(int argc, char **argv);

/* picture [--code] FILE: what is on the screen, as PNG; with --code once a code is there. */
int lab_use_picture(int argc, char **argv);
