#include "runtime/actor/child.h"

#include "runtime/actor/extra.h"
#include "runtime/actor/guard.h"
#include "runtime/actor/signals.h"

#include <string.h>

enum { CAPACITY_FIRST = 8, ALIGNMENT = 16, INTENSITY_DEFAULT = 5 };
#define PERIOD_DEFAULT_NS UINT64_C(5000000000)

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static cogo_child_spec *copy_template(const cogo__supervisor *sup,
                                      const cogo_supervisor_spec *spec)
{
    cogo_child_spec *block =
        cogo__alloc(cogo__allocator_of(sup), cogo__child_spec_size(spec->children));
    if (block != NULL) {
        cogo__child_spec_copy(spec->children, block);
    }
    return block;
}

static bool append_all(cogo__supervisor *sup, const cogo_supervisor_spec *spec)
{
    for (size_t i = 0; i < spec->child_count; i++) {
        const cogo_child_spec child = cogo__child_spec_read(spec->children, i);
        if (cogo__child_append(sup, &child) == NULL) {
            return false;
        }
    }
    return true;
}

cogo__supervisor *cogo__supervisor_make(const cogo_system *system,
                                        const cogo_supervisor_spec *in)
{
    const cogo_supervisor_spec spec = cogo__supervisor_spec_read(in);
    cogo__supervisor *sup = cogo__alloc_zeroed(system->config.allocator, 1, sizeof *sup);
    if (sup == NULL) {
        return NULL;
    }
    sup->strategy = spec.strategy;
    sup->auto_shutdown = spec.auto_shutdown;
    sup->intensity = spec.intensity != 0 ? spec.intensity : INTENSITY_DEFAULT;
    sup->intensity = spec.intensity != COGO_INTENSITY_NONE ? sup->intensity : 0;
    sup->period_ns = spec.period_ns != 0 ? spec.period_ns : PERIOD_DEFAULT_NS;
    sup->group_from = COGO__NO_GROUP;
    sup->restarts = cogo__alloc_zeroed(cogo__allocator_of(sup), sup->intensity + (size_t)1,
                                       sizeof *sup->restarts);
    bool ok = sup->restarts != NULL;
    if (ok && sup->strategy == COGO_SIMPLE_ONE_FOR_ONE) {
        sup->model = copy_template(sup, &spec);
        ok = sup->model != NULL;
    } else if (ok) {
        ok = append_all(sup, &spec);
    }
    if (!ok) {
        cogo__supervisor_free(sup);
        return NULL;
    }
    return sup;
}

void cogo__supervisor_free(cogo__supervisor *sup)
{
    if (sup == NULL) {
        return;
    }
    for (size_t i = 0; i < sup->place_count; i++) {
        cogo__free(sup->places[i].child);
    }
    cogo__free(sup->places);
    cogo__free(sup->model);
    cogo__free(sup->restarts);
    cogo__free(sup);
}

cogo__child *cogo__child_append(cogo__supervisor *sup, const cogo_child_spec *spec)
{
    if (sup->place_count == sup->place_capacity) {
        size_t capacity = sup->place_capacity != 0 ? sup->place_capacity * 2 : CAPACITY_FIRST;
        cogo__place *bigger =
            cogo__realloc(cogo__allocator_of(sup), sup->places, capacity * sizeof *bigger);
        if (bigger == NULL) {
            return NULL;
        }
        sup->places = bigger;
        sup->place_capacity = capacity;
    }
    size_t head = aligned(sizeof(cogo__child));
    cogo__child *child = cogo__alloc_zeroed(
        cogo__allocator_of(sup), 1, head + (spec != NULL ? cogo__child_spec_size(spec) : 0));
    if (child == NULL) {
        return NULL;
    }
    child->spec = sup->model;
    if (spec != NULL) {
        void *block = (char *)child + head;
        cogo__child_spec_copy(spec, block);
        child->spec = block;
    }
    child->number = ++sup->last_number;
    child->state = COGO__CHILD_GONE;
    sup->places[sup->place_count++] = (cogo__place){child->number, child};
    sup->known++;
    return child;
}

/* Index of the first place with @p number or a larger one. */
static size_t place_of(const cogo__supervisor *sup, uint64_t number)
{
    size_t low = 0, high = sup->place_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sup->places[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Half of the places are holes: they go, at a cost of O(1) per removal. */
static void close_holes(cogo__supervisor *sup)
{
    size_t kept = 0;
    for (size_t i = 0; i < sup->place_count; i++) {
        if (sup->places[i].child != NULL) {
            sup->places[kept++] = sup->places[i];
        }
    }
    sup->place_count = kept;
}

void cogo__child_remove(cogo__supervisor *sup, cogo__child *child)
{
    sup->places[place_of(sup, child->number)].child = NULL;
    sup->known--;
    cogo__free(child);
    if (sup->known < sup->place_count / 2) {
        close_holes(sup);
    }
}

cogo__child *cogo__child_by_number(cogo__supervisor *sup, uint64_t number)
{
    size_t at = place_of(sup, number);
    return at < sup->place_count && sup->places[at].number == number ? sup->places[at].child
                                                                     : NULL;
}

cogo__child *cogo__child_by_id(cogo__supervisor *sup, const char *id)
{
    for (size_t i = 0; i < sup->place_count && sup->model == NULL; i++) {
        cogo__child *child = sup->places[i].child;
        if (child != NULL && strcmp(child->spec->id, id) == 0) {
            return child;
        }
    }
    return NULL;
}

cogo__child *cogo__child_by_actor(cogo__supervisor *sup, cogo_actor_id actor)
{
    for (size_t i = 0; i < sup->place_count; i++) {
        cogo__child *child = sup->places[i].child;
        if (child != NULL && cogo_actor_id_equal(child->actor, actor)) {
            return child;
        }
    }
    return NULL;
}

static bool is_active(cogo__child_state state)
{
    return state == COGO__CHILD_RUNNING || state == COGO__CHILD_STOPPING;
}

void cogo__child_set(cogo__supervisor *sup, cogo__child *child, cogo__child_state state)
{
    sup->active += (size_t)is_active(state) - (size_t)is_active(child->state);
    child->state = state;
}

cogo_err cogo__child_prepare(cogo_system *system, cogo_context *here, cogo_actor_id supervisor,
                             cogo__supervisor *sup, cogo__child *child, const void *args,
                             size_t args_size_bytes, cogo__birth *birth)
{
    cogo_spawn_options options = child->spec->options;
    if (args != NULL) {
        options.args = args;
        options.args_size_bytes = args_size_bytes;
    }
    cogo_err err = cogo__birth_prepare(system, here, &options, true, birth);
    if (err != COGO_OK) {
        return err;
    }
    cogo__signal nothing = {.number = 0};
    cogo__extra *extra = cogo__birth_extra(system, birth);
    if (extra != NULL) {
        extra->token = cogo__signal_alloc(system, here, COGO__SIG_RESTART, &nothing);
    }
    err = extra != NULL && extra->token != NULL ? COGO_OK : COGO_ENOMEM;
    if (err == COGO_OK) {
        err = cogo__guard_join(system, birth->cell, supervisor);
    }
    if (err == COGO_OK && child->spec->id != NULL) {
        uint64_t scope = cogo__id_word(supervisor);
        err = cogo__names_add(&system->children, scope, child->spec->id, birth->id, false);
        cogo__phase_change(birth->cell, COGO__CELL_CHILD, 0);
    }
    if (err != COGO_OK) {
        cogo__birth_undo(system, here, birth);
        return err;
    }
    extra->supervisor = supervisor;
    extra->child = child->number;
    child->actor = birth->id;
    child->started_ns = cogo__world_now(system->world);
    cogo__child_set(sup, child, COGO__CHILD_RUNNING);
    return COGO_OK;
}

cogo_err cogo__children_prepare(cogo_system *system, cogo_context *here,
                                cogo_actor_id supervisor, cogo__supervisor *sup,
                                cogo__birth *births)
{
    cogo_err err = COGO_OK;
    size_t made = 0; // No holes yet: places and births go together.
    while (made < sup->place_count && err == COGO_OK) {
        err = cogo__child_prepare(system, here, supervisor, sup, sup->places[made].child, NULL,
                                  0, &births[made]);
        made += err == COGO_OK;
    }
    while (err != COGO_OK && made-- > 0) {
        cogo__names_remove_actor(&system->children, births[made].id);
        cogo__birth_undo(system, here, &births[made]);
        sup->places[made].child->actor = COGO_NO_ACTOR;
        cogo__child_set(sup, sup->places[made].child, COGO__CHILD_GONE);
    }
    return err;
}
