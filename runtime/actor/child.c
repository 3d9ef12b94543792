#include "runtime/actor/child.h"

#include "runtime/actor/guard.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 8, ALIGNMENT = 16 };

const char *cogo__child_spec_check(const cogo_child_spec *spec)
{
    const cogo_spawn_options *o = &spec->options;
    if (spec->id == NULL || spec->id[0] == '\0'
        || strnlen(spec->id, COGO__NAME_MAX + 1) > COGO__NAME_MAX) {
        return "id must have 1 to 255 bytes";
    }
    if (o->struct_size < sizeof *o || o->behavior == NULL
        || (o->args_size_bytes != 0 && o->args == NULL)) {
        return "options need struct_size, behavior and args";
    }
    if (spec->restart != COGO_RESTART_PERMANENT && spec->restart != COGO_RESTART_TRANSIENT
        && spec->restart != COGO_RESTART_TEMPORARY) {
        return "restart is not one of its values";
    }
    return NULL;
}

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

size_t cogo__child_spec_size(const cogo_child_spec *spec)
{
    size_t size = aligned(sizeof *spec) + aligned(spec->options.args_size_bytes);
    size += strlen(spec->id) + 1;
    return size + (spec->options.name != NULL ? strlen(spec->options.name) + 1 : 0);
}

void cogo__child_spec_copy(const cogo_child_spec *spec, void *block)
{
    cogo_child_spec *copy = block;
    char *at = (char *)block + aligned(sizeof *spec);
    *copy = *spec;
    copy->options.flags &= ~(uint32_t)(COGO_SPAWN_LINK | COGO_SPAWN_MONITOR);
    copy->options.out_monitor = NULL;
    if (spec->options.args_size_bytes != 0) {
        memcpy(at, spec->options.args, spec->options.args_size_bytes);
        copy->options.args = at;
        at += aligned(spec->options.args_size_bytes);
    }
    size_t id_size = strlen(spec->id) + 1;
    memcpy(at, spec->id, id_size);
    copy->id = at;
    at += id_size;
    if (spec->options.name != NULL) {
        memcpy(at, spec->options.name, strlen(spec->options.name) + 1);
        copy->options.name = at;
    }
}

cogo__child *cogo__supervisor_append(cogo__supervisor *sup, const cogo_child_spec *spec)
{
    if (sup->child_count == sup->child_capacity) {
        size_t capacity = sup->child_capacity != 0 ? sup->child_capacity * 2 : CAPACITY_FIRST;
        cogo__child **bigger = realloc(sup->children, capacity * sizeof(cogo__child *));
        if (bigger == NULL) {
            return NULL;
        }
        sup->children = bigger;
        sup->child_capacity = capacity;
    }
    size_t head = aligned(sizeof(cogo__child));
    cogo__child *child = calloc(1, head + cogo__child_spec_size(spec));
    if (child == NULL) {
        return NULL;
    }
    child->spec = (cogo_child_spec *)(void *)((char *)child + head);
    cogo__child_spec_copy(spec, child->spec);
    child->number = ++sup->last_number;
    child->state = COGO__CHILD_GONE;
    sup->children[sup->child_count++] = child;
    return child;
}

void cogo__supervisor_free(cogo__supervisor *sup)
{
    if (sup == NULL) {
        return;
    }
    for (size_t i = 0; i < sup->child_count; i++) {
        free(sup->children[i]);
    }
    free(sup->children);
    free(sup->restarts);
    free(sup);
}

cogo_err cogo__child_prepare(cogo_system *system, cogo_context *here, cogo_actor_id supervisor,
                             cogo__child *child, cogo__birth *birth)
{
    cogo_err err = cogo__birth_prepare(system, here, &child->spec->options, true, birth);
    if (err != COGO_OK) {
        return err;
    }
    uint64_t scope = (uint64_t)supervisor.slot << 32 | supervisor.generation;
    err = cogo__guard_join(system, birth->cell, supervisor);
    if (err != COGO_OK) {
        cogo__birth_undo(system, here, birth);
        return err;
    }
    err = cogo__names_add(&system->children, scope, child->spec->id, birth->id);
    if (err != COGO_OK) {
        cogo__birth_undo(system, here, birth);
        return err;
    }
    cogo__start *start = cogo__birth_args(birth);
    start->supervisor = supervisor;
    start->child = child->number;
    child->actor = birth->id;
    child->state = COGO__CHILD_RUNNING;
    child->started_ns = cogo__world_now(system->world);
    return COGO_OK;
}
