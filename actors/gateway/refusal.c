#include "actors/gateway/refusal.h"

#include "actors/gateway/problem.h"

#include <stdlib.h>
#include <string.h>

static const char stand_in[] = "req_00000000000000000000000000";
_Static_assert(sizeof stand_in <= ID_SIZE, "it is as long as an id");

/* Places of the stand-in and of the body. False: not as many as there have to be. */
static bool find_places(refusal_form *r)
{
    static const char end[] = "\r\n\r\n";
    const char *from = r->made->bytes;
    for (size_t i = 0; i < sizeof r->id_at / sizeof r->id_at[0]; i++) {
        size_t left = r->made->size_bytes - (size_t)(from - r->made->bytes);
        const char *at = memmem(from, left, stand_in, sizeof stand_in - 1);
        if (at == NULL) {
            return false;
        }
        r->id_at[i] = (size_t)(at - r->made->bytes);
        from = at + 1;
    }
    from = memmem(r->made->bytes, r->made->size_bytes, end, sizeof end - 1);
    r->body_at = from != NULL ? (size_t)(from - r->made->bytes) + sizeof end - 1 : 0;
    return r->body_at != 0;
}

/* The head has the second in it. */
static bool renew(refusal_form *r, int64_t second)
{
    problem p = {.status = 503,
                 .detail = "Too many requests wait.",
                 .retry_after_ms = REFUSAL_RETRY_AFTER_MS};
    refusal_finish(r);
    r->made = problem_answer(0, (answer_head){.request_id = stand_in}, &p);
    r->second = second;
    return r->made != NULL && find_places(r);
}

answer *refusal_make(refusal_form *r, int64_t wall_ms, const char id[ID_SIZE], bool no_body)
{
    int64_t second = wall_ms / 1000;
    if ((r->made == NULL || r->second != second) && !renew(r, second)) {
        refusal_finish(r);
        return NULL;
    }
    size_t size = sizeof *r->made + r->made->size_bytes;
    answer *a = malloc(size);
    if (a == NULL) {
        return NULL;
    }
    memcpy(a, r->made, size);
    for (size_t i = 0; i < sizeof r->id_at / sizeof r->id_at[0]; i++) {
        memcpy(a->bytes + r->id_at[i], id, sizeof stand_in - 1);
    }
    if (no_body) {
        a->size_bytes = r->body_at;
    }
    return a;
}

void refusal_finish(refusal_form *r)
{
    free(r->made);
    r->made = NULL;
}
