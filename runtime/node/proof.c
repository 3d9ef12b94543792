#include "runtime/node/proof.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

static const char *const labels[] = {
    [COGO__PROOF_OPEN] = "cogo link 1 open",
    [COGO__PROOF_ACCEPT] = "cogo link 1 accept",
};

enum { LABEL_MAX = 24 };

cogo_err cogo__transcript_init(cogo__transcript *t, const void *secret, size_t secret_size)
{
    *t = (cogo__transcript){0};
    if (secret != NULL && (secret_size == 0 || secret_size > COGO__SECRET_MAX)) {
        return COGO_EINVAL;
    }
    if (secret != NULL) {
        memcpy(t->secret, secret, secret_size);
        t->secret_size = secret_size;
    }
    return COGO_OK;
}

cogo_err cogo__transcript_bind(cogo__transcript *t, const void *binding, size_t size)
{
    if (size > sizeof t->binding) {
        return COGO_EINVAL;
    }
    memcpy(t->binding, binding, size);
    t->binding_size = size;
    return COGO_OK;
}

void cogo__transcript_finish(cogo__transcript *t)
{
    OPENSSL_cleanse(t, sizeof *t);
}

cogo_err cogo__transcript_add(cogo__transcript *t, const uint8_t *bytes, size_t size)
{
    if (size > sizeof t->said - t->said_size) {
        return COGO_ELIMIT;
    }
    memcpy(t->said + t->said_size, bytes, size);
    t->said_size += size;
    return COGO_OK;
}

/* HMAC-SHA-256 over label, NUL, what was said and the binding. */
bool cogo__transcript_prove(const cogo__transcript *t, cogo__proof_side side,
                            uint8_t out[COGO__PROOF_BYTES])
{
    uint8_t bytes[LABEL_MAX + COGO__TRANSCRIPT_MAX + COGO__BINDING_MAX];
    size_t label_size = strlen(labels[side]) + 1;
    unsigned out_size = COGO__PROOF_BYTES;
    if (t->secret_size == 0) {
        return false;
    }
    memcpy(bytes, labels[side], label_size);
    memcpy(bytes + label_size, t->said, t->said_size);
    memcpy(bytes + label_size + t->said_size, t->binding, t->binding_size);
    return HMAC(EVP_sha256(), t->secret, (int)t->secret_size, bytes,
                label_size + t->said_size + t->binding_size, out, &out_size)
           != NULL;
}

bool cogo__transcript_check(const cogo__transcript *t, cogo__proof_side side, cogo_value proof)
{
    uint8_t wanted[COGO__PROOF_BYTES];
    if (t->secret_size == 0) {
        return proof.size_bytes == 0;
    }
    bool same = cogo__transcript_prove(t, side, wanted) && proof.size_bytes == sizeof wanted
                && CRYPTO_memcmp(wanted, proof.data, sizeof wanted) == 0;
    OPENSSL_cleanse(wanted, sizeof wanted);
    return same;
}

cogo_err cogo__proof_nonce(uint8_t out[COGO__NONCE_BYTES])
{
    return RAND_bytes(out, COGO__NONCE_BYTES) == 1 ? COGO_OK : COGO_EIO;
}

void cogo__proof_wipe(void *bytes, size_t size)
{
    OPENSSL_cleanse(bytes, size);
}
