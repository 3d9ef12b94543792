/* What a stranger may do to TLS. The first byte chooses: its bytes as they are into one end, in
 * pieces; or a real handshake and some content of two ends of one authority, of which it
 * changes bytes on the way, three of the input for each change: where (2) and how (1).
 * Nobody is let in who has no certificate, and no changed content is ever handed on. */
#include "runtime/node/tls.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/runtime/certificates.h"

#include <string.h>

enum { ROUNDS = 12, CONTENT = 64, CHANGE = 3, CHANGES_MAX = 64 };

static cogo__tls_keys *keys_of(const char *name)
{
    static issued authority;
    cogo__tls_keys *keys = NULL;
    char why[256];
    files at;
    if (authority.key == NULL) {
        authority = issue("", NULL, 30);
    }
    issued one = issue(name, &authority, 30);
    files_write(&at, &one, &authority);
    claim(cogo__tls_keys_read(at.cert, at.key, at.ca, &keys, why, sizeof why) == COGO_OK);
    files_remove(&at);
    issued_free(&one);
    return keys;
}

static cogo__tls_keys *keys(bool opens)
{
    static cogo__tls_keys *made[2];
    if (made[opens] == NULL) {
        made[opens] = keys_of(opens ? "a" : "b");
    }
    return made[opens];
}

static void check_words(const cogo__tls *tls)
{
    const char *why = cogo__tls_why(tls);
    claim(why != NULL && memchr(why, '\n', strlen(why)) == NULL);
    claim(!cogo__tls_failed(tls) || cogo__tls_broken(tls));
}

static void stranger(const uint8_t *data, size_t size, bool opens, size_t piece)
{
    uint8_t content[CONTENT], binding[COGO__TLS_BINDING];
    cogo__tls *tls = cogo__tls_create(keys(opens), opens, NULL);
    claim(tls != NULL);
    for (size_t at = 0; at < size && !cogo__tls_broken(tls); at += piece) {
        (void)cogo__tls_input(tls, data + at, size - at < piece ? size - at : piece);
        claim(!cogo__tls_open(tls) && cogo__tls_read(tls, content, sizeof content) == 0);
        claim(!cogo__tls_binding(tls, binding) && !cogo__tls_is_for(tls, "a"));
        claim(cogo__tls_write(tls, content, sizeof content) == 0);
    }
    check_words(tls);
    cogo__tls_destroy(tls);
}

/* One direction: what has gone this way, and what is changed of it. */
typedef struct way {
    const uint8_t *changes;
    size_t count, gone, got;
    bool touched;
} way;

static void carry(cogo__tls *from, cogo__tls *to, way *w)
{
    size_t size = 0;
    const uint8_t *out = cogo__tls_output(from, &size);
    if (size == 0) {
        return;
    }
    uint8_t *bytes = malloc(size);
    claim(bytes != NULL);
    memcpy(bytes, out, size);
    for (size_t i = 0; i < w->count; i++) {
        const uint8_t *c = w->changes + i * CHANGE;
        size_t where = (size_t)c[0] << 8 | c[1];
        if (where >= w->gone && where < w->gone + size && c[2] != 0) {
            bytes[where - w->gone] ^= c[2];
            w->touched = true;
        }
    }
    w->gone += size;
    cogo__tls_sent(from, size);
    if (!cogo__tls_broken(to)) {
        (void)cogo__tls_input(to, bytes, size);
    }
    free(bytes);
}

static void fill(uint8_t content[CONTENT], bool opens)
{
    memset(content, opens ? 'o' : 'a', CONTENT);
}

/* Content comes as it was sent or not at all. */
static void listen_to(cogo__tls *tls, bool opens, way *w)
{
    uint8_t got[CONTENT * ROUNDS], sent[CONTENT];
    size_t size = cogo__tls_read(tls, got, sizeof got);
    fill(sent, !opens);
    claim(size == 0 || cogo__tls_open(tls));
    for (size_t i = 0; i < size; i++) {
        claim(got[i] == sent[0]);
    }
    w->got += size;
}

static void two_ends(const uint8_t *data, size_t size)
{
    size_t count = size / CHANGE < CHANGES_MAX ? size / CHANGE : CHANGES_MAX;
    cogo__tls *ends[2] = {cogo__tls_create(keys(false), false, NULL),
                          cogo__tls_create(keys(true), true, NULL)};
    way ways[2] = {{.changes = data, .count = count / 2}, // To the one that opens.
                   {.changes = data + count / 2 * CHANGE, .count = count - count / 2}};
    uint8_t content[CONTENT];
    size_t sent[2] = {0, 0};
    claim(ends[0] != NULL && ends[1] != NULL);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 2; i++) {
            fill(content, i == 1);
            sent[i] += cogo__tls_write(ends[i], content, CONTENT);
            carry(ends[i], ends[1 - i], &ways[i]);
            listen_to(ends[1 - i], i == 0, &ways[i]);
        }
    }
    for (int i = 0; i < 2; i++) {
        check_words(ends[i]);
        bool clean = !ways[0].touched && !ways[1].touched;
        claim(ways[i].got <= sent[i]);
        claim(!clean || (cogo__tls_open(ends[i]) && ways[i].got == sent[i] && sent[i] > 0));
    }
    cogo__tls_destroy(ends[0]);
    cogo__tls_destroy(ends[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t choice = size > 0 ? data[0] : 0;
    if ((choice & 1) != 0) {
        two_ends(data + 1, size - 1);
    } else if (size > 0) {
        stranger(data + 1, size - 1, (choice & 2) != 0, (size_t)(choice >> 2) + 1);
    }
    return 0;
}
