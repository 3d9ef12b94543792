#include "runtime/node/tally.h"

#include <string.h>

#define SECOND_NS UINT64_C(1000000000)

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

cogo_node_refusal cogo__refusal_of(cogo_err err, const char *why, bool closed)
{
    static const struct {
        const char *with;
        cogo_node_refusal refusal;
    } texts[] = {
        {"tls:", COGO_REFUSED_TLS},
        {"certificate:", COGO_REFUSED_TLS},
        {"proof:", COGO_REFUSED_SECRET},
        {"version:", COGO_REFUSED_VERSION},
        {"cluster:", COGO_REFUSED_CLUSTER},
        {"incarnation:", COGO_REFUSED_INCARNATION},
        {"node: this is myself", COGO_REFUSED_SELF},
        {"node: there is a link already", COGO_REFUSED_TWICE},
        {"node: the link before", COGO_REFUSED_TWICE},
        {"two links", COGO_REFUSED_TWICE},
        {"node: too many", COGO_REFUSED_LIMIT},
        {"node: no more", COGO_REFUSED_LIMIT},
        {"node:", COGO_REFUSED_NAME},
    };
    if (closed) {
        return COGO_REFUSED_CLOSED;
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (begins(why, texts[i].with)) {
            return texts[i].refusal;
        }
    }
    return err == COGO_ETIMEOUT  ? COGO_REFUSED_TIMEOUT
           : err == COGO_ECLOSED ? COGO_REFUSED_CLOSED
                                 : COGO_REFUSED_MALFORMED;
}

bool cogo__refusal_is_usual(cogo_node_refusal refusal)
{
    return refusal == COGO_REFUSED_TWICE || refusal == COGO_REFUSED_SELF;
}

void cogo__tally_refused(cogo__tally *tally, cogo_node_refusal refusal)
{
    (void)cogo__u64_add_relaxed(&tally->refused[refusal], 1);
}

/* Two that look at the same time may both be let through: it is a limit for people. */
bool cogo__tally_may_log(cogo__tally *tally, uint64_t now_ns)
{
    uint64_t second = now_ns / SECOND_NS;
    uint64_t seen = cogo__u64_load_relaxed(&tally->log_window);
    uint64_t lines = seen >> 32 == (uint32_t)second ? (uint32_t)seen : 0;
    cogo__u64_store_relaxed(&tally->log_window, second << 32 | (lines + 1));
    return lines < COGO__LOG_PER_SECOND;
}

const char *cogo_node_refusal_name(cogo_node_refusal refusal)
{
    static const char *const names[COGO_NODE_REFUSALS] = {
        [COGO_REFUSED_SECRET] = "secret",
        [COGO_REFUSED_VERSION] = "version",
        [COGO_REFUSED_CLUSTER] = "cluster",
        [COGO_REFUSED_NAME] = "name",
        [COGO_REFUSED_INCARNATION] = "incarnation",
        [COGO_REFUSED_SELF] = "self",
        [COGO_REFUSED_TWICE] = "twice",
        [COGO_REFUSED_LIMIT] = "limit",
        [COGO_REFUSED_MALFORMED] = "malformed",
        [COGO_REFUSED_TIMEOUT] = "timeout",
        [COGO_REFUSED_CLOSED] = "closed",
        [COGO_REFUSED_TLS] = "tls",
    };
    return (uint32_t)refusal < COGO_NODE_REFUSALS ? names[refusal] : "unknown";
}
