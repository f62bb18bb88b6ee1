/* SPDX-License-Identifier: BSD-2-Clause */
/* Which origin may use which RP ID. */
#include "bridge/client/rp_id.h"
#include "bridge/common/error.h"

typedef struct {
	const char *origin;
	const char *domain; /* NULL: refused */
} OriginCase;

static const OriginCase origin_cases[] = {
    {"https://example.com", "example.com"},
    {"https://login.example.com", "login.example.com"},
    {"https://example.com:8443", "example.com"},
    {"https://example.com:1", "example.com"},
    {"https://example.com:65535", "example.com"},
    {"https://example.com:80", "example.com"},
    {"https://xn--mnchen-3ya.de", "xn--mnchen-3ya.de"},
    {"https://under_score.example.com", "under_score.example.com"},
    {"https://intranet", "intranet"},
    {"https://localhost", "localhost"},
    {"http://localhost", "localhost"},
    {"http://localhost:8080", "localhost"},
    {"http://app.localhost:8080", "app.localhost"},
    {"http://localhost:443", "localhost"},
    {"", NULL},
    {"example.com", NULL},
    {"https://", NULL},
    {"https:example.com", NULL},
    {"HTTPS://example.com", NULL},
    {"ftp://example.com", NULL},
    {"http://example.com", NULL},
    {"http://notlocalhost", NULL},
    {"http://localhost.example.com", NULL},
    {"https://example.com/", NULL},
    {"https://example.com/login", NULL},
    {"https://example.com?x", NULL},
    {"https://example.com#x", NULL},
    {"https://user@example.com", NULL},
    {"https://example.com\\x", NULL},
    {"https://Example.com", NULL},
    {"https://example.com.", NULL},
    {"https://.example.com", NULL},
    {"https://example..com", NULL},
    {"https://-example.com", NULL},
    {"https://example-.com", NULL},
    {"https://exa mple.com", NULL},
    {"https://example.com:", NULL},
    {"https://example.com:443", NULL},
    {"http://localhost:80", NULL},
    {"https://example.com:0", NULL},
    {"https://example.com:0443", NULL},
    {"https://example.com:65536", NULL},
    {"https://example.com:+1", NULL},
    {"https://example.com:1x", NULL},
    {"https://example.com:1:2", NULL},
    {"https://127.0.0.1", NULL},
    {"http://127.0.0.1:8080", NULL},
    {"https://2130706433", NULL},
    {"https://127.1", NULL},
    {"https://1.2.3.0x4", NULL},
    {"https://example.0x", NULL},
    {"https://[::1]", NULL},
    {"https://[::1]:8443", NULL},
    {"https://m\xc3\xbcnchen.de", NULL},
    {"https://ex\xff"
     "ample.com",
	NULL},
};

static void
test_origin(gconstpointer data)
{
	const OriginCase *c = data;
	g_autoptr(GError) error = NULL;
	g_autofree char *domain = NULL;
	gboolean done = hyb_origin_domain(c->origin, &domain, &error);

	g_assert_cmpstr(domain, ==, c->domain);
	g_assert_true(done == (c->domain != NULL));
	if (c->domain == NULL)
		g_assert_error(error, HYB_ERROR, HYB_ERROR_USAGE);
	else
		g_assert_no_error(error);
}

typedef struct {
	const char *rp_id;
	const char *domain;
	gboolean allowed;
} RpCase;

static const RpCase rp_cases[] = {
    {"example.com", "example.com", TRUE},
    {"example.com", "login.example.com", TRUE},
    {"example.com", "a.b.c.example.com", TRUE},
    {"login.example.com", "login.example.com", TRUE},
    {"example.co.uk", "www.example.co.uk", TRUE},
    {"localhost", "localhost", TRUE},
    {"intranet", "intranet", TRUE},
    {"example.internal", "login.example.internal", TRUE},
    {"xn--mnchen-3ya.de", "www.xn--mnchen-3ya.de", TRUE},
    {"someone.github.io", "someone.github.io", TRUE},
    {"someone.github.io", "blog.someone.github.io", TRUE},
    /* The owner of the suffix itself; HTML lets equal hosts pass. */
    {"github.io", "github.io", TRUE},
    {"login.example.com", "example.com", FALSE},
    {"other.com", "example.com", FALSE},
    {"ample.com", "example.com", FALSE},
    {"notexample.com", "example.com", FALSE},
    {"com", "example.com", FALSE},
    {"com", "com", FALSE},
    {"co.uk", "example.co.uk", FALSE},
    {"co.uk", "co.uk", FALSE},
    {"uk", "example.co.uk", FALSE},
    {"github.io", "someone.github.io", FALSE},
    {"io", "someone.github.io", FALSE},
    {"localhost", "app.localhost", FALSE},
    {"internal", "example.internal", FALSE},
    /* Above a public suffix, though none itself. */
    {"amazonaws.com", "x.eu-central-1.compute.amazonaws.com", FALSE},
    {"xn--p1ai", "xn--e1afmkfd.xn--p1ai", FALSE},
    {"", "example.com", FALSE},
    {".example.com", "example.com", FALSE},
    {"example.com.", "example.com", FALSE},
    {"Example.com", "example.com", FALSE},
    {"https://example.com", "example.com", FALSE},
    {"example.com:8443", "example.com", FALSE},
    {"127.0.0.1", "127.0.0.1", FALSE},
    {"[::1]", "[::1]", FALSE},
    {"m\xc3\xbcnchen.de", "m\xc3\xbcnchen.de", FALSE},
};

static void
test_rp(gconstpointer data)
{
	const RpCase *c = data;
	g_autoptr(GError) error = NULL;

	g_assert_true(hyb_rp_id_check(c->rp_id, c->domain, &error) == c->allowed);
	if (c->allowed)
		g_assert_no_error(error);
	else
		g_assert_error(error, HYB_ERROR, HYB_ERROR_USAGE);
}

/* A name of 253 characters is the longest there is. */
static void
test_length(void)
{
	GString *name = g_string_new("com");
	g_autofree char *origin = NULL;
	g_autofree char *longer = NULL;
	g_autofree char *domain = NULL;
	g_autoptr(GError) error = NULL;

	while (name->len + 51 <= 253)
		g_string_prepend(name, "a1234567890123456789012345678901234567890123456789.");
	g_string_prepend_c(name, '.');
	while (name->len < 253)
		g_string_prepend_c(name, 'b');
	g_assert_cmpuint(name->len, ==, 253);
	origin = g_strconcat("https://", name->str, NULL);
	longer = g_strconcat("https://c", name->str, NULL);
	g_assert_true(hyb_origin_domain(origin, &domain, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(domain, ==, name->str);
	g_assert_false(hyb_origin_domain(longer, &domain, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_USAGE);
	g_string_free(name, TRUE);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(origin_cases); i++) {
		g_autofree char *path = g_strdup_printf("/client/origin/%02" G_GSIZE_FORMAT, i);

		g_test_add_data_func(path, &origin_cases[i], test_origin);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(rp_cases); i++) {
		g_autofree char *path = g_strdup_printf("/client/rp-id/%02" G_GSIZE_FORMAT, i);

		g_test_add_data_func(path, &rp_cases[i], test_rp);
	}
	g_test_add_func("/client/origin/longest-name", test_length);
	return g_test_run();
}
