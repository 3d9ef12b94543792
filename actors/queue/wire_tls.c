#include "actors/queue/wire_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static int fail(wire *w, const char *what)
{
    long verdict = w->ssl != NULL ? SSL_get_verify_result(w->ssl) : X509_V_OK;
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    snprintf(w->why, sizeof w->why, "TLS: %s: %s", what,
             verdict != X509_V_OK ? X509_verify_cert_error_string(verdict)
             : reason != NULL     ? reason
                                  : "the connection ended");
    ERR_clear_error();
    errno = EPROTO;
    return -1;
}

/* Addresses are checked as such, names as names. */
static bool expect_name(const wire *w)
{
    unsigned char bytes[16];
    char host[sizeof w->address->host]; /* The library's macro casts const away. */
    memcpy(host, w->address->host, sizeof host);
    if (inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(w->ssl), host) == 1;
    }
    return SSL_set1_host(w->ssl, host) == 1 && SSL_set_tlsext_host_name(w->ssl, host) == 1;
}

bool wire_tls_start(wire *w)
{
    w->tls = SSL_CTX_new(TLS_client_method());
    if (w->tls == NULL || SSL_CTX_set_min_proto_version(w->tls, TLS1_2_VERSION) != 1
        || SSL_CTX_set_default_verify_paths(w->tls) != 1) {
        return fail(w, "it can't be used") > 0;
    }
    SSL_CTX_set_verify(w->tls, SSL_VERIFY_PEER, NULL);
    /* What is sent grows and may move between two tries. */
    (void)SSL_CTX_set_mode(w->tls,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    w->ssl = SSL_new(w->tls);
    if (w->ssl == NULL || SSL_set_fd(w->ssl, w->fd) != 1 || !expect_name(w)) {
        return fail(w, "it can't be used") > 0;
    }
    SSL_set_connect_state(w->ssl);
    return true;
}

/* What is wanted before @p result, which is no success, can be tried again. */
static ssize_t later(wire *w, int result)
{
    int why = SSL_get_error(w->ssl, result);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        w->want_write = w->want_write || why == SSL_ERROR_WANT_WRITE;
        errno = EAGAIN;
        return -1;
    }
    return why == SSL_ERROR_ZERO_RETURN ? 0 : fail(w, "broken");
}

int wire_tls_handshake(wire *w)
{
    int done = SSL_do_handshake(w->ssl);
    if (done == 1) {
        return 1;
    }
    return later(w, done) < 0 && errno == EAGAIN ? 0 : fail(w, "no handshake");
}

ssize_t wire_tls_write(wire *w, const char *bytes, size_t size)
{
    ERR_clear_error();
    int sent = SSL_write(w->ssl, bytes, size > INT_MAX ? INT_MAX : (int)size);
    return sent > 0 ? sent : later(w, sent);
}

ssize_t wire_tls_read(wire *w, char *bytes, size_t size)
{
    ERR_clear_error();
    int got = SSL_read(w->ssl, bytes, size > INT_MAX ? INT_MAX : (int)size);
    return got > 0 ? got : later(w, got);
}

void wire_tls_finish(wire *w)
{
    SSL_free(w->ssl);
    SSL_CTX_free(w->tls);
    w->ssl = NULL;
    w->tls = NULL;
}
