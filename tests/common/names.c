/* SPDX-License-Identifier: BSD-2-Clause */
/* Preloaded into a program: DNS is what HYBRIDGE_NAMES says, "NAME=ADDRESS,… NAME/ns=SERVER …".
 * A value of "?" is a name server that is silent, one of "forever" never ends; other names do not
 * exist. */
#include <arpa/inet.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dlfcn.h>

#define VALUE_MAX 256

typedef int (*GetAddrInfo)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int res_nquery(
    res_state state, const char *name, int class, int type, unsigned char *answer, int room);

/* The value of @key, or NULL. */
static const char *
find(const char *key, char value[static VALUE_MAX])
{
	const char *all = getenv("HYBRIDGE_NAMES");
	size_t len = strlen(key);

	for (const char *at = all; at != NULL && *at != '\0'; at += strcspn(at, " ")) {
		at += strspn(at, " ");
		if (strncmp(at, key, len) != 0 || at[len] != '=')
			continue;
		snprintf(value, VALUE_MAX, "%.*s", (int)strcspn(at + len + 1, " "), at + len + 1);
		if (strcmp(value, "forever") == 0)
			sleep(1000);
		return value;
	}
	return NULL;
}

int
getaddrinfo(const char *restrict host, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
	GetAddrInfo real = (GetAddrInfo)dlsym(RTLD_NEXT, "getaddrinfo");
	struct in6_addr numeric;
	char value[VALUE_MAX];
	char *rest = value;
	struct addrinfo **next = found;
	int ret = EAI_NONAME;

	if (inet_pton(AF_INET, host, &numeric) == 1 || inet_pton(AF_INET6, host, &numeric) == 1)
		return real(host, service, hints, found);
	if (find(host, value) == NULL)
		return EAI_NONAME;
	if (strcmp(value, "?") == 0)
		return EAI_AGAIN;
	for (char *one; (one = strsep(&rest, ",")) != NULL;) {
		ret = real(one, service, hints, next);
		if (ret != 0)
			return ret;
		while (*next != NULL)
			next = &(*next)->ai_next;
	}
	return ret;
}

/* A question and an answer of one record, RFC 1035 §4. */
static int
build(const char *name, int type, const char *server, unsigned char *answer, int room)
{
	static const unsigned char head[] = {0, 0, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0};
	unsigned char *p = answer + sizeof(head);
	unsigned char *end = answer + room;
	unsigned char *len;
	int n;

	memcpy(answer, head, sizeof(head));
	n = ns_name_compress(name, p, (size_t)(end - p), NULL, NULL);
	p += n;
	memcpy(p, (const unsigned char[]){0, (unsigned char)type, 0, 1}, 4);
	p += 4;
	memcpy(p, (const unsigned char[]){0xc0, 12, 0, (unsigned char)type, 0, 1, 0, 0, 0, 60}, 10);
	p += 10;
	len = p;
	p += 2;
	n = ns_name_compress(server, p, (size_t)(end - p), NULL, NULL);
	len[0] = 0;
	len[1] = (unsigned char)n;
	return (int)(p + n - answer);
}

int
res_nquery(res_state state, const char *name, int class, int type, unsigned char *answer, int room)
{
	char key[VALUE_MAX], value[VALUE_MAX];

	snprintf(key, sizeof(key), "%s/ns", name);
	if (find(key, value) == NULL || strcmp(value, "?") == 0) {
		state->res_h_errno = h_errno =
		    find(key, value) == NULL ? HOST_NOT_FOUND : TRY_AGAIN;
		return -1;
	}
	return build(name, type, value, answer, room);
}
