/* Whose the tasks of a write are, as the text of two arrays. */
#include "actors/store/postgres/postgres.h"

#include <string.h>

/* Whose the new tasks of a write are; the others are the default tenant's. */
#define TENANTS                                                                  \
    "INSERT INTO tenant_tasks (number, tenant, workflow) "                       \
    "SELECT t.number, c.tenant, t.workflow FROM unnest($1::text[], $2::text[]) " \
    "c(task_id, tenant) JOIN tasks t ON t.task_id = c.task_id ON CONFLICT (number) DO NOTHING"

/* A task is new with the change that brings its first event, or that brings none at all. */
static bool may_be_new(const store_change *change)
{
    const task_event *events = change->events.items;
    return change_tenant(change) != NULL
           && (change->events.count == 0 || events[0].sequence == 1);
}

/* A quoted element of an array, with what goes before it. Neither ids nor tenants hold quotes
 * or backslashes; one that did would only be refused by the server. */
static char *put(char *at, bool first, const char *text)
{
    size_t size = strlen(text);
    *at++ = first ? '{' : ',';
    *at++ = '"';
    memcpy(at, text, size);
    at[size] = '"';
    return at + size + 1;
}

/* The ids of all that may be new, and their tenants; both NULL: out of memory. False: none. */
static bool list(const store_write *write, cogo_arena *arena, const char **out_ids,
                 const char **out_tenants)
{
    const store_change *changes = write->changes.items;
    size_t ids_size = 3, tenants_size = 3, count = 0;
    for (size_t i = 0; i < write->changes.count; i++) {
        if (may_be_new(&changes[i])) {
            ids_size += strlen(changes[i].task->task_id) + 3;
            tenants_size += strlen(changes[i].task->tenant) + 3;
            count++;
        }
    }
    *out_ids = *out_tenants = NULL;
    if (count == 0) {
        return false;
    }
    char *ids = cogo_arena_alloc(arena, ids_size);
    char *tenants = cogo_arena_alloc(arena, tenants_size);
    if (ids == NULL || tenants == NULL) {
        return true;
    }
    char *id = ids, *tenant = tenants;
    for (size_t i = 0; i < write->changes.count; i++) {
        if (may_be_new(&changes[i])) {
            id = put(id, id == ids, changes[i].task->task_id);
            tenant = put(tenant, tenant == tenants, changes[i].task->tenant);
        }
    }
    *id++ = *tenant++ = '}';
    *id = *tenant = '\0';
    *out_ids = ids;
    *out_tenants = tenants;
    return true;
}

bool pg_send_tenants(pg *p, const store_write *write, cogo_arena *arena, size_t *commands)
{
    const char *values[2];
    if (!list(write, arena, &values[0], &values[1])) {
        return true;
    }
    (*commands)++;
    return values[0] != NULL
           && PQsendQueryParams(p->conn, TENANTS, 2, NULL, values, NULL, NULL, 0) == 1;
}
