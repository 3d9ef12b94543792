/* Behaviours that are offered to other nodes and child processes. */
#include "tests/unit/runtime/scene.h"

#include <stdio.h>

static cogo_err ignore(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    (void)state;
    (void)msg;
    return COGO_OK;
}

static const cogo_behavior plain = {
    .struct_size = sizeof plain, .name = "plain", .receive = ignore};

Test(offer, is_refused_for_what_no_other_node_could_spawn)
{
    static cogo_behavior many[COGO_PLACEMENT_BEHAVIORS_MAX + 1];
    static char names[COGO_PLACEMENT_BEHAVIORS_MAX + 1][16];
    static const cogo_behavior twin = {
        .struct_size = sizeof twin, .name = "b-0", .receive = ignore};
    char long_name[400] = "";
    cogo_system *system = scene_open(1);
    cogo_behavior b = plain;
    memset(long_name, 'n', sizeof long_name - 1);
    cr_expect_eq(cogo_behavior_register(system, NULL, NULL), COGO_EINVAL);
    b.name = NULL;
    cr_expect_eq(cogo_behavior_register(system, &b, NULL), COGO_EINVAL);
    b.name = "";
    cr_expect_eq(cogo_behavior_register(system, &b, NULL), COGO_EINVAL);
    b.name = long_name;
    cr_expect_eq(cogo_behavior_register(system, &b, NULL), COGO_EINVAL);
    b = plain;
    b.receive = NULL;
    cr_expect_eq(cogo_behavior_register(system, &b, NULL), COGO_EINVAL);
    b = plain;
    b.struct_size = 8;
    cr_expect_eq(cogo_behavior_register(system, &b, NULL), COGO_EINVAL);
    for (size_t i = 0; i <= COGO_PLACEMENT_BEHAVIORS_MAX; i++) {
        (void)snprintf(names[i], sizeof names[i], "b-%zu", i);
        many[i] = plain;
        many[i].name = names[i];
        bool fits = i < COGO_PLACEMENT_BEHAVIORS_MAX;
        cr_expect_eq(cogo_behavior_register(system, &many[i], NULL),
                     fits ? COGO_OK : COGO_ELIMIT);
    }
    cr_expect_eq(cogo_behavior_register(system, &many[0], NULL), COGO_OK, "the same again");
    cr_expect_eq(cogo_behavior_register(system, &twin, NULL), COGO_EEXIST);
    scene_close(system);
}
