#include "actors/gateway/submit.h"

#include <string.h>

bool submit_take_key(exchange *x, task_submit *submit)
{
    const char *key = x->request->head.headers[REQUEST_IDEMPOTENCY_KEY];
    submit->traceparent = x->traceparent;
    if (key == NULL) {
        return true;
    }
    size_t size = strlen(key);
    bool printable = true;
    for (size_t i = 0; i < size; i++) {
        printable = printable && key[i] >= ' ' && key[i] <= '~';
    }
    if (size == 0 || size > SUBMIT_KEY_MAX || !printable) {
        exchange_problem(x, 400, "BAD_IDEMPOTENCY_KEY",
                         "Idempotency-Key has to be 1 to 255 printable ASCII characters.");
        return false;
    }
    char *hash = cogo_arena_alloc(&x->arena, 65);
    if (hash == NULL) {
        exchange_problem(x, 503, NULL, "Out of memory.");
        return false;
    }
    auth_hash_hex(x->request->body, x->request->body_size, hash);
    submit->idempotency_key = key;
    submit->request_hash = hash;
    return true;
}

void submit_tell_replay(exchange *x, const task_submitted *submitted)
{
    if (submitted->replayed) {
        exchange_add_header(x, "Idempotency-Replayed", "true");
    }
}

static bool is_listed(const char *const *names, const char *name)
{
    for (; *names != NULL; names++) {
        if (strcmp(*names, name) == 0) {
            return true;
        }
    }
    return false;
}

json_t *submit_list(exchange *x, json_t *body, const char *const *also)
{
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value)
    {
        if (strcmp(key, "tasks") != 0 && !is_listed(also, key)) {
            exchange_invalid(x, cogo_arena_printf(&x->arena, "/%.100s", key), "Unknown field.");
            return NULL;
        }
    }
    json_t *list = json_object_get(body, "tasks");
    if (!json_is_array(list)) {
        exchange_invalid(x, "/tasks", "A list of instructions is required.");
        return NULL;
    }
    if (json_array_size(list) == 0 || json_array_size(list) > SUBMIT_BATCH_MAX) {
        exchange_invalid(x, "/tasks", "1 to 1000 items are taken at once.");
        return NULL;
    }
    return list;
}

bool submit_is_terminal(int32_t state)
{
    return state == TASK_SUCCEEDED || state == TASK_PARTIAL || state == TASK_FAILED
           || state == TASK_CANCELLED || state == TASK_EXPIRED || state == TASK_DEADLETTERED;
}
