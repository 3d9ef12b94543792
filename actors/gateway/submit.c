#include "actors/gateway/submit.h"

#include "actors/doors/key.h"
#include "actors/gateway/gate.h"
#include "codec/contract/text.h"

#include <stdlib.h>
#include <string.h>

bool submit_take_key(exchange *x, task_submit *submit)
{
    const char *key = x->request->head.headers[REQUEST_IDEMPOTENCY_KEY];
    submit->traceparent = x->traceparent;
    submit->tenant = grant_tenant(&x->grant);
    if (key == NULL) {
        return true;
    }
    if (!key_valid(key)) {
        exchange_problem(x, 400, "BAD_IDEMPOTENCY_KEY",
                         "Idempotency-Key has to be 1 to 255 printable ASCII characters.");
        return false;
    }
    if (!key_put(submit, key, x->request->body, x->request->body_size, &x->arena)) {
        exchange_problem(x, 503, NULL, "Out of memory.");
        return false;
    }
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

json_t *submit_list(exchange *x, json_t *body, const char *const *also, size_t most)
{
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value)
    {
        if (strcmp(key, "tasks") != 0 && !is_listed(also, key)) {
            exchange_invalid(x, text_print(&x->arena, "/%.100s", key), "Unknown field.");
            return NULL;
        }
    }
    json_t *list = json_object_get(body, "tasks");
    if (!json_is_array(list)) {
        exchange_invalid(x, "/tasks", "A list of instructions is required.");
        return NULL;
    }
    if (json_array_size(list) == 0 || json_array_size(list) > most) {
        exchange_invalid(
            x, "/tasks",
            cogo_arena_printf(&x->arena, "1 to %zu items are taken at once.", most));
        return NULL;
    }
    gate_charge(x, json_array_size(list) - 1);
    return list;
}

/* "/instructions/2/role" -> "/role", or "/tasks/7/role". */
static const char *translate_pointer(exchange *x, const char *pointer, bool list,
                                     const size_t *original)
{
    static const char prefix[] = "/instructions";
    size_t size = sizeof prefix - 1;
    if (pointer == NULL || strncmp(pointer, prefix, size) != 0) {
        return pointer;
    }
    if (pointer[size] != '/') {
        return list ? "/tasks" : "";
    }
    char *rest;
    unsigned long index = strtoul(pointer + size + 1, &rest, 10);
    if (!list) {
        return cogo_arena_strdup(&x->arena, rest);
    }
    if (original != NULL && index < SUBMIT_BATCH_MAX) {
        index = original[index];
    }
    return cogo_arena_printf(&x->arena, "/tasks/%lu%s", index, rest);
}

static const problem *translate(exchange *x, const problem *p, bool list,
                                const size_t *original)
{
    problem *copy = cogo_arena_alloc(&x->arena, sizeof *copy);
    field_problem *fields = cogo_arena_alloc(&x->arena, (p->errors.count + 1) * sizeof *fields);
    const field_problem *from = p->errors.items;
    if (copy == NULL || fields == NULL) {
        return p;
    }
    *copy = *p;
    for (size_t i = 0; i < p->errors.count; i++) {
        const char *pointer = translate_pointer(x, from[i].pointer, list, original);
        fields[i].pointer = pointer != NULL ? pointer : "";
        fields[i].detail = from[i].detail;
    }
    copy->errors.items = fields;
    return copy;
}

const problem *submit_translate_one(exchange *x, const problem *p)
{
    return translate(x, p, false, NULL);
}

const problem *submit_translate_list(exchange *x, const problem *p, const size_t *original)
{
    return translate(x, p, true, original);
}

bool submit_is_terminal(int32_t state)
{
    return state == TASK_SUCCEEDED || state == TASK_PARTIAL || state == TASK_FAILED
           || state == TASK_CANCELLED || state == TASK_EXPIRED || state == TASK_DEADLETTERED;
}
