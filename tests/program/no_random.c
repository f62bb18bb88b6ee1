/* SPDX-License-Identifier: BSD-2-Clause */
/* Preloaded into a program: OpenSSL has no randomness, as after a defect. */
int RAND_bytes(unsigned char *buf, int num);
int RAND_priv_bytes(unsigned char *buf, int num);

int
RAND_bytes(unsigned char *buf, int num)
{
	return 0;
}

int
RAND_priv_bytes(unsigned char *buf, int num)
{
	return 0;
}
