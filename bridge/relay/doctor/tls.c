/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/doctor/tls.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "bridge/common/error.h"
#include "bridge/common/tls.h"

#define NAMES_MAX 8 /* of a certificate that are told */

/* As browsers have it for websockets: by HTTP/2 there is no Upgrade. */
static const guint8 alpn[] = "\x08http/1.1";

/* What to do about it. */
static const struct {
	int fault;
	const char *advice;
} advices[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, "renew it, and send the relay SIGHUP"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "check the clocks of both machines"},
    {X509_V_ERR_HOSTNAME_MISMATCH, "get one for this name"},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, "examine the relay by its name"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
	"give --cert the chain up to a known authority; for a private one say --cacert"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
	"give --cert the chain up to a known authority; for a private one say --cacert"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
	"phones take none that signed itself; get one from an authority"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "for a private authority say --cacert"},
    {X509_V_ERR_CERT_REVOKED, "get a new one"},
};

static void
add_fault(DoctorTls *self, int fault)
{
	const char *advice = X509_verify_cert_error_string(fault);
	g_autofree char *text = NULL;

	/* Follows from another one that says more. */
	if (fault == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE && self->faults->len > 0)
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(advices); i++)
		if (advices[i].fault == fault)
			advice = advices[i].advice;
	text = g_strdup_printf("%s (%s)", hyb_tls_explain(fault), advice);
	if (!g_ptr_array_find_with_equal_func(self->faults, text, g_str_equal, NULL))
		g_ptr_array_add(self->faults, g_steal_pointer(&text));
}

/* Lets the handshake go on to find the other faults; doctor_tls_check() is what refuses. */
static int
on_verified(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	DoctorTls *self = SSL_get_app_data(ssl);

	if (!ok)
		add_fault(self, X509_STORE_CTX_get_error(store));
	return 1;
}

static SSL *
ssl_new(DoctorTls *self, SSL_CTX *trust, const char *host)
{
	SSL *ssl = SSL_new(trust);
	gboolean set;

	if (ssl == NULL)
		return NULL;
	SSL_set_app_data(ssl, self);
	SSL_set_verify(ssl, SSL_VERIFY_PEER, on_verified);
	if (g_hostname_is_ip_address(host))
		set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	else
		set = SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (!set || SSL_set_alpn_protos(ssl, alpn, sizeof(alpn) - 1) != 0) {
		SSL_free(ssl);
		return NULL;
	}
	return ssl;
}

static char *
name_text(const GENERAL_NAME *name)
{
	char address[INET6_ADDRSTRLEN];
	int len;

	if (name->type == GEN_DNS)
		return g_strndup((const char *)ASN1_STRING_get0_data(name->d.dNSName),
		    (gsize)ASN1_STRING_length(name->d.dNSName));
	if (name->type != GEN_IPADD)
		return NULL;
	len = ASN1_STRING_length(name->d.iPAddress);
	if ((len != 4 && len != 16) ||
	    inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress),
		address, sizeof(address)) == NULL)
		return NULL;
	return g_strdup(address);
}

static void
read_names(DoctorTls *self, X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && self->names->len < NAMES_MAX; i++) {
		char *text = name_text(sk_GENERAL_NAME_value(names, i));

		if (text != NULL)
			g_ptr_array_add(self->names, text);
	}
	GENERAL_NAMES_free(names);
}

static char *
issuer_text(X509 *certificate)
{
	X509_NAME *name = X509_get_issuer_name(certificate);
	char text[128];

	if (X509_NAME_get_text_by_NID(name, NID_commonName, text, sizeof(text)) > 0 ||
	    X509_NAME_get_text_by_NID(name, NID_organizationName, text, sizeof(text)) > 0)
		return g_strdup(text);
	return g_strdup("an authority without a name");
}

static void
read_certificate(DoctorTls *self, X509 *certificate)
{
	int seconds = 0;

	if (certificate == NULL) {
		self->issuer = g_strdup("nobody");
		add_fault(self, X509_V_ERR_UNSPECIFIED);
		return;
	}
	read_names(self, certificate);
	self->issuer = issuer_text(certificate);
	ASN1_TIME_diff(&self->days, &seconds, NULL, X509_get0_notAfter(certificate));
	if (self->days == 0 && seconds < 0)
		self->days = -1;
}

DoctorTls *
doctor_tls_shake(
    DoctorWire *wire, SSL_CTX *trust, const char *host, DoctorWait *wait, GError **error)
{
	g_autoptr(DoctorTls) self = g_new0(DoctorTls, 1);
	const char *group;
	SSL *ssl;

	self->names = g_ptr_array_new_with_free_func(g_free);
	self->faults = g_ptr_array_new_with_free_func(g_free);
	ssl = ssl_new(self, trust, host);
	if (ssl == NULL) {
		ERR_clear_error();
		hyb_error_set(error, HYB_ERROR_INTERNAL);
		return NULL;
	}
	if (!doctor_wire_secure(wire, ssl, wait, error))
		return NULL;
	SSL_set_app_data(ssl, NULL);
	group = SSL_group_to_name(ssl, (int)SSL_get_negotiated_group(ssl));
	self->protocol = g_strdup(SSL_get_version(ssl));
	self->group = g_strdup(group != NULL ? group : "no group");
	self->cipher = g_strdup(SSL_get_cipher_name(ssl));
	read_certificate(self, SSL_get0_peer_certificate(ssl));
	return g_steal_pointer(&self);
}

gboolean
doctor_tls_check(const DoctorTls *self, GError **error)
{
	g_autoptr(GString) all = g_string_new(NULL);

	if (self->faults->len == 0)
		return TRUE;
	for (guint i = 0; i < self->faults->len; i++)
		g_string_append_printf(
		    all, "%s%s", i == 0 ? "" : "; ", (const char *)self->faults->pdata[i]);
	return hyb_error_fail(error, HYB_ERROR_RELAY_TLS, "%s", all->str);
}

void
doctor_tls_free(DoctorTls *self)
{
	if (self == NULL)
		return;
	g_free(self->protocol);
	g_free(self->group);
	g_free(self->cipher);
	g_free(self->issuer);
	g_ptr_array_unref(self->names);
	g_ptr_array_unref(self->faults);
	g_free(self);
}
