#include "runtime/node/tls.h"

#include "runtime/base/alloc.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum { WHY_SIZE = 128, CHAIN_BYTES_MAX = 32768 };

struct cogo__tls {
    SSL *ssl; // Owns both BIOs.
    BIO *in, *out;
    bool broken, failed;
    size_t before_open; // Bytes that came before it was.
    char why[WHY_SIZE];
};

/* --- Keys. -------------------------------------------------------------------------------- */

/* What OpenSSL says last, without its files and lines; the rest is forgotten. */
static const char *last_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *text = ERR_reason_error_string(code);
    ERR_clear_error();
    return text != NULL ? text : "unknown reason";
}

static cogo_err bad_file(char *why, size_t size, const char *what, const char *path)
{
    (void)snprintf(why, size, "%s %s: %s", what, path, last_reason());
    return COGO_EIO;
}

static cogo_err read_files(SSL_CTX *ctx, const char *cert, const char *key, const char *ca,
                           char *why, size_t size)
{
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1) {
        return bad_file(why, size, "certificate", cert);
    }
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1
        || SSL_CTX_check_private_key(ctx) != 1) {
        return bad_file(why, size, "key", key);
    }
    if (SSL_CTX_load_verify_file(ctx, ca) != 1) {
        return bad_file(why, size, "certificate authority", ca);
    }
    return COGO_OK;
}

/* No password is asked for: nobody is there to type it. */
static int no_password(char *buffer, int size, int writing, void *ctx)
{
    (void)buffer, (void)size, (void)writing, (void)ctx;
    return 0;
}

cogo_err cogo__tls_keys_read(const char *cert, const char *key, const char *ca,
                             cogo__tls_keys **out_keys, char *why, size_t why_size)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    if (ctx == NULL) {
        return COGO_ENOMEM;
    }
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
    (void)SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    // A link lives long: nothing is kept to begin another one sooner.
    (void)SSL_CTX_set_num_tickets(ctx, 0);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS
                                    | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_max_cert_list(ctx, CHAIN_BYTES_MAX);
    cogo_err err = read_files(ctx, cert, key, ca, why, why_size);
    if (err != COGO_OK) {
        SSL_CTX_free(ctx);
        return err;
    }
    *out_keys = (cogo__tls_keys *)ctx;
    return COGO_OK;
}

/* As the side that opened a connection, or as the other one. */
static cogo_err verify(SSL_CTX *keys, int purpose, char *why, size_t size)
{
    STACK_OF(X509) *between = NULL;
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    (void)SSL_CTX_get0_chain_certs(keys, &between);
    if (ctx == NULL
        || X509_STORE_CTX_init(ctx, SSL_CTX_get_cert_store(keys),
                               SSL_CTX_get0_certificate(keys), between)
               != 1
        || X509_STORE_CTX_set_purpose(ctx, purpose) != 1) {
        X509_STORE_CTX_free(ctx);
        return COGO_ENOMEM;
    }
    cogo_err err = X509_verify_cert(ctx) == 1 ? COGO_OK : COGO_EIO;
    if (err != COGO_OK) {
        (void)snprintf(why, size, "%s",
                       X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
    }
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
    return err;
}

/* A name with a dot in front would stand for all below it. */
static bool is_for(X509 *certificate, const char *name)
{
    const unsigned flags =
        X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    return certificate != NULL && name[0] != '.'
           && X509_check_host(certificate, name, 0, flags, NULL) == 1;
}

cogo_err cogo__tls_keys_check(cogo__tls_keys *keys, const char *name, char *why,
                              size_t why_size)
{
    SSL_CTX *ctx = (SSL_CTX *)keys;
    cogo_err err = verify(ctx, X509_PURPOSE_SSL_SERVER, why, why_size);
    if (err == COGO_OK) {
        err = verify(ctx, X509_PURPOSE_SSL_CLIENT, why, why_size);
    }
    if (err == COGO_OK && !is_for(SSL_CTX_get0_certificate(ctx), name)) {
        (void)snprintf(why, why_size, "none of its DNS names is that of the node, %s", name);
        err = COGO_EIO;
    }
    return err;
}

void cogo__tls_keys_drop(cogo__tls_keys *keys)
{
    SSL_CTX_free((SSL_CTX *)keys);
}

/* --- A connection. ------------------------------------------------------------------------ */

cogo__tls *cogo__tls_create(cogo__tls_keys *keys, bool opens, const cogo_allocator *from)
{
    cogo__tls *tls = cogo__alloc_zeroed(from, 1, sizeof *tls);
    if (tls == NULL) {
        return NULL;
    }
    tls->ssl = SSL_new((SSL_CTX *)keys);
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    if (tls->ssl == NULL || tls->in == NULL || tls->out == NULL) {
        SSL_free(tls->ssl);
        BIO_free(tls->in);
        BIO_free(tls->out);
        cogo__free(tls);
        return NULL;
    }
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    if (opens) {
        SSL_set_connect_state(tls->ssl);
        (void)SSL_do_handshake(tls->ssl); // Its first words are in `out` now.
    } else {
        SSL_set_accept_state(tls->ssl);
    }
    ERR_clear_error();
    return tls;
}

void cogo__tls_destroy(cogo__tls *tls)
{
    if (tls != NULL) {
        SSL_free(tls->ssl);
        cogo__free(tls);
    }
}

static void give_up(cogo__tls *tls)
{
    long verified = SSL_get_verify_result(tls->ssl);
    tls->broken = tls->failed = true;
    if (verified != X509_V_OK) {
        (void)snprintf(tls->why, sizeof tls->why, "tls: the peer's certificate: %s",
                       X509_verify_cert_error_string(verified));
    } else {
        (void)snprintf(tls->why, sizeof tls->why, "tls: %s", last_reason());
    }
    ERR_clear_error();
}

/* After a call that gave @p result: is it over? */
static void look(cogo__tls *tls, int result)
{
    if (result > 0) {
        return;
    }
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        ERR_clear_error();
        break;
    case SSL_ERROR_ZERO_RETURN:
        tls->broken = true;
        (void)snprintf(tls->why, sizeof tls->why, "the peer closed the connection");
        break;
    default:
        give_up(tls);
    }
}

bool cogo__tls_input(cogo__tls *tls, const uint8_t *bytes, size_t size_bytes)
{
    size_t put = 0;
    if (tls->broken) {
        return false;
    }
    bool open = cogo__tls_open(tls);
    tls->before_open += open ? 0 : size_bytes;
    if (tls->before_open > COGO__TLS_STRANGER_MAX) {
        tls->broken = tls->failed = true;
        (void)snprintf(tls->why, sizeof tls->why, "tls: too many bytes before it was open");
        return false;
    }
    if (size_bytes != 0 && BIO_write_ex(tls->in, bytes, size_bytes, &put) != 1) {
        give_up(tls);
        return false;
    }
    if (!open) {
        ERR_clear_error();
        look(tls, SSL_do_handshake(tls->ssl));
        tls->before_open = cogo__tls_open(tls) ? 0 : tls->before_open;
    }
    return !tls->broken;
}

size_t cogo__tls_read(cogo__tls *tls, uint8_t *out, size_t room_bytes)
{
    size_t total = 0;
    while (!tls->broken && total < room_bytes && cogo__tls_open(tls)) {
        size_t got = 0;
        ERR_clear_error();
        int result = SSL_read_ex(tls->ssl, out + total, room_bytes - total, &got);
        if (result != 1) {
            look(tls, result);
            break;
        }
        total += got;
    }
    return total;
}

size_t cogo__tls_write(cogo__tls *tls, const uint8_t *bytes, size_t size_bytes)
{
    size_t put = 0, waiting = 0;
    (void)cogo__tls_output(tls, &waiting);
    if (tls->broken || !cogo__tls_open(tls) || size_bytes == 0
        || waiting >= COGO__TLS_OUT_HIGH) {
        return 0;
    }
    ERR_clear_error();
    int result = SSL_write_ex(tls->ssl, bytes, size_bytes, &put);
    if (result != 1) {
        look(tls, result);
        return 0;
    }
    return put;
}

const uint8_t *cogo__tls_output(cogo__tls *tls, size_t *out_size)
{
    char *bytes = NULL;
    long size = BIO_get_mem_data(tls->out, &bytes);
    *out_size = size > 0 ? (size_t)size : 0;
    return (const uint8_t *)bytes;
}

/* A memory BIO forgets what is read from it, and moves nothing. */
void cogo__tls_sent(cogo__tls *tls, size_t size_bytes)
{
    uint8_t gone[4096];
    while (size_bytes != 0) {
        size_t got = 0;
        size_t part = size_bytes < sizeof gone ? size_bytes : sizeof gone;
        if (BIO_read_ex(tls->out, gone, part, &got) != 1 || got == 0) {
            return;
        }
        size_bytes -= got;
    }
}

void cogo__tls_close(cogo__tls *tls)
{
    if (!tls->broken && cogo__tls_open(tls)) {
        (void)SSL_shutdown(tls->ssl);
    }
    ERR_clear_error();
}

bool cogo__tls_open(const cogo__tls *tls)
{
    return SSL_is_init_finished(tls->ssl) == 1;
}

bool cogo__tls_broken(const cogo__tls *tls)
{
    return tls->broken;
}

bool cogo__tls_failed(const cogo__tls *tls)
{
    return tls->failed;
}

const char *cogo__tls_why(const cogo__tls *tls)
{
    return tls->why;
}

bool cogo__tls_is_for(const cogo__tls *tls, const char *name)
{
    return is_for(SSL_get0_peer_certificate(tls->ssl), name);
}

bool cogo__tls_binding(const cogo__tls *tls, uint8_t out[COGO__TLS_BINDING])
{
    static const char label[] = "EXPORTER-cogo-link-1";
    return cogo__tls_open(tls)
           && SSL_export_keying_material(tls->ssl, out, COGO__TLS_BINDING, label,
                                         sizeof label - 1, NULL, 0, 0)
                  == 1;
}
