/* The calls of cogo/group.h. */
#include "runtime/actor/context.h"
#include "runtime/actor/core.h"
#include "runtime/actor/groups.h"

cogo_err cogo_group_join(cogo_system *system, const char *scope, const char *group,
                         cogo_actor_id id)
{
    bool valid = cogo__group_name_valid(scope) && cogo__group_name_valid(group);
    return valid ? cogo__groups_add(system, scope, group, COGO__BOND_MEMBER, id, 0)
                 : COGO_EINVAL;
}

cogo_err cogo_group_leave(cogo_system *system, const char *scope, const char *group,
                          cogo_actor_id id)
{
    bool valid = cogo__group_name_valid(scope) && cogo__group_name_valid(group);
    return valid ? cogo__groups_remove(system, scope, group, id) : COGO_ENOTFOUND;
}

static size_t members(cogo_system *system, const char *scope, const char *name,
                      cogo_actor_id *out, size_t capacity, bool local)
{
    size_t count = 0;
    if (!cogo__group_name_valid(scope) || !cogo__group_name_valid(name)) {
        return 0;
    }
    cogo__lock_take(&system->groups.lock);
    const cogo__group *group = cogo__groups_find(&system->groups, scope, name);
    for (uint32_t i = 0; group != NULL && i < group->bonds[COGO__BOND_MEMBER].count; i++) {
        cogo_actor_id id = group->bonds[COGO__BOND_MEMBER].items[i]->id;
        if (local && id.node != 0) {
            continue;
        }
        if (count < capacity) {
            out[count] = id;
        }
        count++;
    }
    cogo__lock_give(&system->groups.lock);
    return count;
}

size_t cogo_group_members(cogo_system *system, const char *scope, const char *group,
                          cogo_actor_id *out, size_t capacity)
{
    return members(system, scope, group, out, capacity, false);
}

size_t cogo_group_local_members(cogo_system *system, const char *scope, const char *group,
                                cogo_actor_id *out, size_t capacity)
{
    return members(system, scope, group, out, capacity, true);
}

cogo_err cogo_group_watch(cogo_context *ctx, const char *scope, const char *group,
                          uint64_t *out_watch)
{
    if (!cogo__group_name_valid(scope) || (group != NULL && !cogo__group_name_valid(group))) {
        return COGO_EINVAL;
    }
    cogo__groups *groups = &ctx->system->groups;
    cogo__lock_take(&groups->lock);
    uint64_t watch = ++groups->last_watch;
    cogo__lock_give(&groups->lock);
    if (out_watch != NULL) {
        *out_watch = watch;
    }
    return cogo__groups_add(ctx->system, scope, group != NULL ? group : "", COGO__BOND_WATCHER,
                            ctx->self, watch);
}

cogo_err cogo_group_unwatch(cogo_context *ctx, uint64_t watch)
{
    return cogo__groups_unwatch(ctx->system, ctx, ctx->self, watch);
}
