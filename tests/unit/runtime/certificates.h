/* Certificates for tests, made when they are needed: an authority, and nodes with a name each.
 * Used by the tests of TLS and by its fuzzer.
 * Never valid anywhere else: they live in a folder of the test's own. */
#ifndef TESTS_UNIT_RUNTIME_CERTIFICATES_H
#define TESTS_UNIT_RUNTIME_CERTIFICATES_H

#include "tests/fuzz/fuzz.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct issued {
    EVP_PKEY *key;
    X509 *certificate;
} issued;

static inline void extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    claim(extension != NULL);
    claim(X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* @p by NULL: an authority that vouches for itself. @p days: until its end; negative: over. */
static inline issued issue(const char *name, const issued *by, int days)
{
    issued one = {EVP_EC_gen("P-256"), X509_new()};
    const issued *signer = by != NULL ? by : &one;
    static long serial;
    X509_set_version(one.certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(one.certificate), ++serial);
    X509_time_adj_ex(X509_getm_notBefore(one.certificate), days < 0 ? 2 * days : -1, 0, NULL);
    X509_time_adj_ex(X509_getm_notAfter(one.certificate), days, 0, NULL);
    X509_set_pubkey(one.certificate, one.key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(one.certificate), "CN", MBSTRING_UTF8,
                               (const unsigned char *)(by != NULL ? name : "authority"), -1, -1,
                               0);
    X509_set_issuer_name(one.certificate, X509_get_subject_name(signer->certificate));
    if (by == NULL) {
        extend(one.certificate, one.certificate, NID_basic_constraints, "critical,CA:TRUE");
    } else {
        char names[160];
        snprintf(names, sizeof names, "DNS:%s", name);
        extend(one.certificate, by->certificate, NID_subject_alt_name, names);
        extend(one.certificate, by->certificate, NID_ext_key_usage, "serverAuth,clientAuth");
    }
    X509_sign(one.certificate, signer->key, EVP_sha256());
    return one;
}

static inline void issued_free(issued *one)
{
    EVP_PKEY_free(one->key);
    X509_free(one->certificate);
}

/* The three files of a node. */
typedef struct files {
    char folder[64], cert[96], key[96], ca[96];
} files;

static inline void files_write(files *f, const issued *one, const issued *authority)
{
    snprintf(f->folder, sizeof f->folder, "/tmp/cogo-tls-XXXXXX");
    claim(mkdtemp(f->folder) != NULL);
    snprintf(f->cert, sizeof f->cert, "%s/cert.pem", f->folder);
    snprintf(f->key, sizeof f->key, "%s/key.pem", f->folder);
    snprintf(f->ca, sizeof f->ca, "%s/ca.pem", f->folder);
    FILE *out = fopen(f->cert, "we");
    PEM_write_X509(out, one->certificate);
    fclose(out);
    out = fopen(f->key, "we");
    PEM_write_PrivateKey(out, one->key, NULL, NULL, 0, NULL, NULL);
    fclose(out);
    out = fopen(f->ca, "we");
    PEM_write_X509(out, authority->certificate);
    fclose(out);
}

static inline void files_remove(files *f)
{
    unlink(f->cert);
    unlink(f->key);
    unlink(f->ca);
    rmdir(f->folder);
}

#endif
