/* Specs of supervisors and children: read as the caller's library knew them, checked, copied
 * into one block. */
#include "runtime/actor/child.h"

#include <string.h>

enum { ALIGNMENT = 16 };

/* The first version of the library ended here. */
#define SUPERVISOR_SPEC_MIN offsetof(cogo_supervisor_spec, memory_limit_bytes)
/* A child spec has no size of its own; of what is in it only the options can grow. */
#define CHILD_HEAD          offsetof(cogo_child_spec, options)
#define CHILD_TAIL          (sizeof(cogo_child_spec) - offsetof(cogo_child_spec, restart))

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

cogo_supervisor_spec cogo__supervisor_spec_read(const cogo_supervisor_spec *spec)
{
    cogo_supervisor_spec copy = {0};
    memcpy(&copy, spec, min_size(spec->struct_size, sizeof copy));
    copy.struct_size = sizeof copy;
    return copy;
}

cogo_child_spec cogo__child_spec_read(const cogo_child_spec *list, size_t index)
{
    cogo_child_spec copy = {0};
    size_t options_size = list->options.struct_size; // The same in all of them.
    const char *at = (const char *)list + index * (CHILD_HEAD + options_size + CHILD_TAIL);
    memcpy(&copy, at, CHILD_HEAD + min_size(options_size, sizeof copy.options));
    memcpy(&copy.restart, at + CHILD_HEAD + options_size, CHILD_TAIL);
    copy.options.struct_size = sizeof copy.options;
    return copy;
}

static cogo_err check_supervisor(const cogo_supervisor_spec *in, unsigned depth);

static cogo_err check_child(const cogo_child_spec *spec, bool template_of_simple,
                            unsigned depth)
{
    const cogo_spawn_options *o = &spec->options;
    bool has_id = spec->id != NULL && spec->id[0] != '\0'
                  && strnlen(spec->id, COGO__NAME_MAX + 1) <= COGO__NAME_MAX;
    bool known = spec->restart == COGO_RESTART_PERMANENT
                 || spec->restart == COGO_RESTART_TRANSIENT
                 || spec->restart == COGO_RESTART_TEMPORARY;
    bool significant = (spec->flags & COGO_CHILD_SIGNIFICANT) != 0;
    if ((!has_id && !template_of_simple) || !known || o->behavior == NULL
        || (o->args_size_bytes != 0 && o->args == NULL)
        || (significant && spec->restart == COGO_RESTART_PERMANENT)
        || (spec->flags & ~(uint32_t)COGO_CHILD_SIGNIFICANT) != 0) {
        return COGO_EINVAL;
    }
    if (o->behavior != &cogo__supervisor_behavior) {
        return COGO_OK;
    }
    return o->args != NULL && depth < COGO_SUPERVISOR_DEPTH_MAX
               ? check_supervisor(o->args, depth + 1)
               : COGO_EINVAL;
}

static bool options_readable(const cogo_child_spec *first)
{
    size_t size = first->options.struct_size;
    return size >= offsetof(cogo_spawn_options, divert_to) && size % sizeof(void *) == 0;
}

static cogo_err check_supervisor(const cogo_supervisor_spec *in, unsigned depth)
{
    if (in == NULL || in->struct_size < SUPERVISOR_SPEC_MIN) {
        return COGO_EINVAL;
    }
    const cogo_supervisor_spec spec = cogo__supervisor_spec_read(in);
    bool simple = spec.strategy == COGO_SIMPLE_ONE_FOR_ONE;
    if ((spec.intensity > COGO_SUPERVISOR_INTENSITY_MAX
         && spec.intensity != COGO_INTENSITY_NONE)
        || (spec.child_count != 0
            && (spec.children == NULL || !options_readable(spec.children)))
        || (simple && spec.child_count != 1)) {
        return COGO_EINVAL;
    }
    for (size_t i = 0; i < spec.child_count; i++) {
        const cogo_child_spec child = cogo__child_spec_read(spec.children, i);
        bool orphan_flag = (child.flags & COGO_CHILD_SIGNIFICANT) != 0
                           && spec.auto_shutdown == COGO_AUTO_SHUTDOWN_NEVER;
        if (orphan_flag || check_child(&child, simple, depth) != COGO_OK) {
            return COGO_EINVAL;
        }
        for (size_t j = 0; j < i && !simple; j++) {
            if (strcmp(child.id, cogo__child_spec_read(spec.children, j).id) == 0) {
                return COGO_EINVAL;
            }
        }
    }
    return COGO_OK;
}

cogo_err cogo__supervisor_spec_check(const cogo_supervisor_spec *spec)
{
    return check_supervisor(spec, 1);
}

cogo_err cogo__child_spec_check(const cogo_child_spec *spec, bool template_of_simple)
{
    if (spec == NULL || !options_readable(spec)) {
        return COGO_EINVAL;
    }
    const cogo_child_spec child = cogo__child_spec_read(spec, 0);
    return check_child(&child, template_of_simple, 1);
}

/* Counts when there is no block yet. */
typedef struct packer {
    char *block;
    size_t used;
} packer;

static void *reserve(packer *p, size_t size)
{
    void *at = p->block != NULL ? p->block + p->used : NULL;
    p->used += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return at;
}

static void *put(packer *p, const void *data, size_t size)
{
    void *at = size != 0 ? reserve(p, size) : NULL;
    if (at != NULL) {
        memcpy(at, data, size);
    }
    return at;
}

static const char *put_text(packer *p, const char *text)
{
    return text != NULL ? put(p, text, strlen(text) + 1) : NULL;
}

static void *pack_supervisor(packer *p, const cogo_supervisor_spec *in);

static void pack_child(packer *p, const cogo_child_spec *list, size_t index,
                       cogo_child_spec *out)
{
    cogo_child_spec spec = cogo__child_spec_read(list, index);
    cogo_spawn_options *o = &spec.options;
    o->flags &= ~(uint32_t)(COGO_SPAWN_LINK | COGO_SPAWN_MONITOR);
    o->out_monitor = NULL;
    if (o->behavior == &cogo__supervisor_behavior) {
        const cogo_supervisor_spec below = cogo__supervisor_spec_read(o->args);
        o->name = o->name != NULL ? o->name : below.name;
        if (o->memory_limit_bytes == 0) {
            o->memory_limit_bytes = below.memory_limit_bytes;
            o->memory_policy = below.memory_policy;
        }
    }
    spec.id = put_text(p, spec.id);
    o->name = put_text(p, o->name);
    o->placement = put_text(p, o->placement);
    if (o->behavior == &cogo__supervisor_behavior) {
        o->args = pack_supervisor(p, o->args);
        o->args_size_bytes = sizeof(cogo_supervisor_spec);
    } else {
        o->args = put(p, o->args, o->args_size_bytes);
    }
    if (out != NULL) {
        *out = spec;
    }
}

static void *pack_supervisor(packer *p, const cogo_supervisor_spec *in)
{
    cogo_supervisor_spec spec = cogo__supervisor_spec_read(in);
    cogo_supervisor_spec *out = reserve(p, sizeof spec);
    cogo_child_spec *children = reserve(p, spec.child_count * sizeof *children);
    for (size_t i = 0; i < spec.child_count; i++) {
        pack_child(p, spec.children, i, children != NULL ? &children[i] : NULL);
    }
    spec.children = children;
    spec.name = put_text(p, spec.name);
    if (out != NULL) {
        *out = spec;
    }
    return out;
}

size_t cogo__supervisor_spec_size(const cogo_supervisor_spec *spec)
{
    packer counter = {NULL, 0};
    (void)pack_supervisor(&counter, spec);
    return counter.used;
}

void cogo__supervisor_spec_copy(const cogo_supervisor_spec *spec, void *block)
{
    packer p = {block, 0};
    (void)pack_supervisor(&p, spec);
}

static void pack_one(packer *p, const cogo_child_spec *spec)
{
    cogo_child_spec *out = reserve(p, sizeof *out);
    pack_child(p, spec, 0, out);
}

size_t cogo__child_spec_size(const cogo_child_spec *spec)
{
    packer counter = {NULL, 0};
    pack_one(&counter, spec);
    return counter.used;
}

void cogo__child_spec_copy(const cogo_child_spec *spec, void *block)
{
    packer p = {block, 0};
    pack_one(&p, spec);
}
