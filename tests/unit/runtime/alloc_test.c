/* Programs that give a system its memory: a game with an arena per level, a server that bills
 * memory per tenant, a device that may run out at any request. */
#include "runtime/base/alloc.h"
#include "tests/unit/runtime/purse.h"
#include "tests/unit/runtime/scene.h"

#include <stdint.h>

enum { SYSTEMS = 100 };

static cogo_err echo_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    return cogo_msg_type_of(msg) == SCENE_ASK ? scene_reply_u64(ctx, msg, 7) : COGO_OK;
}

static const cogo_behavior echo = {.struct_size = sizeof echo,
                                   .name = "echo",
                                   .state_size_bytes = 100000, /* Too large for a slab. */
                                   .receive = echo_receive};

static cogo_system *open_with(const cogo_allocator *allocator, uint32_t lanes)
{
    cogo_system *system = NULL;
    cogo_system_config config = {
        .struct_size = sizeof config, .lane_count = lanes, .allocator = allocator};
    cr_expect_eq(cogo_system_create(&config, &system), COGO_OK);
    return system;
}

static int64_t bytes_of(purse *p)
{
    cogo__lock_take(&p->lock);
    int64_t bytes = p->bytes;
    cogo__lock_give(&p->lock);
    return bytes;
}

Test(alloc, a_hundred_systems_take_all_from_their_allocator_and_give_all_back)
{
    for (int i = 0; i < SYSTEMS; i++) {
        purse p;
        cogo_allocator allocator = purse_open(&p);
        cogo_system *system = open_with(&allocator, 2);
        cogo_actor_id id = scene_spawn(system, &echo, NULL, 0, 0);
        cr_expect_eq(scene_ask_u64(system, id), 7u);
        int64_t before = bytes_of(&p);
        cogo_msg *large = cogo_msg_create(system, COGO_MSG_USER, 1000000);
        // A lane may give back what the ask took meanwhile: that is less than a tenth of it.
        cr_expect_geq(bytes_of(&p), before + 900000);
        cr_expect_eq(cogo_system_send(system, id, large), COGO_OK);
        scene_close(system);
        purse_close(&p);
    }
}

Test(alloc, two_systems_do_not_share_their_allocators)
{
    purse a, b;
    cogo_allocator of_a = purse_open(&a), of_b = purse_open(&b);
    cogo_system *first = open_with(&of_a, 1), *second = open_with(&of_b, 1);
    cogo_actor_id id = scene_spawn(first, &echo, NULL, 0, 0);
    cr_expect_eq(scene_ask_u64(first, id), 7u);
    scene_close(first);
    cr_expect_eq(a.blocks, 0);
    cr_expect_gt(bytes_of(&b), 0);
    cr_expect_eq(scene_ask_u64(second, scene_spawn(second, &echo, NULL, 0, 0)), 7u);
    scene_close(second);
    purse_close(&a);
    purse_close(&b);
}

/* A half-filled allocator is an error at once, not a crash at the first message. */
Test(alloc, an_incomplete_allocator_is_refused)
{
    purse p;
    cogo_allocator whole = purse_open(&p);
    for (int missing = 0; missing < 4; missing++) {
        cogo_allocator allocator = whole;
        allocator.struct_size -= missing == 0;
        allocator.alloc = missing == 1 ? NULL : allocator.alloc;
        allocator.realloc = missing == 2 ? NULL : allocator.realloc;
        allocator.free = missing == 3 ? NULL : allocator.free;
        cogo_system *system = NULL;
        cogo_system_config config = {.struct_size = sizeof config, .allocator = &allocator};
        cr_expect_eq(cogo_system_create(&config, &system), COGO_EINVAL);
        cr_expect_null(system);
    }
    cr_expect_eq(p.requests, 0u);
    purse_close(&p);
}

/* A program compiled before there was an allocator gives a config that ends before it. */
Test(alloc, an_older_callers_config_means_malloc)
{
    cogo_system_config config = {.lane_count = 1, .allocator = (const cogo_allocator *)1};
    config.struct_size = offsetof(cogo_system_config, allocator);
    cogo_system *system = NULL;
    cr_assert_eq(cogo_system_create(&config, &system), COGO_OK);
    cr_expect_eq(scene_ask_u64(system, scene_spawn(system, &echo, NULL, 0, 0)), 7u);
    scene_close(system);
}

Test(alloc, a_block_that_grows_keeps_its_bytes_and_one_that_can_not_stays_as_it_is)
{
    purse p;
    cogo_allocator allocator = purse_open(&p);
    const cogo_allocator *sources[] = {NULL, &allocator};
    for (int i = 0; i < 2; i++) {
        char *block = cogo__realloc(sources[i], NULL, 5);
        memcpy(block, "four", 5);
        block = cogo__realloc(sources[i], block, 100000);
        cr_expect_str_eq(block, "four");
        cr_expect_eq((uintptr_t)block % 16, 0u);
        cr_expect(cogo__allocator_of(block) == sources[i]);
        cr_expect_null(cogo__realloc(sources[i], block, SIZE_MAX));
        cr_expect_str_eq(block, "four");
        cogo__free(block);
    }
    char *kept = cogo__alloc(&allocator, 5);
    memcpy(kept, "four", 5);
    p.refuse_at = p.requests + 1;
    cr_expect_null(cogo__realloc(&allocator, kept, 1000));
    cr_expect_str_eq(kept, "four");
    cogo__free(kept);
    purse_close(&p);
}

Test(alloc, sizes_that_no_machine_has_are_out_of_memory)
{
    purse p;
    cogo_allocator allocator = purse_open(&p);
    cr_expect_null(cogo__alloc(&allocator, SIZE_MAX));
    cr_expect_null(cogo__alloc_lines(&allocator, SIZE_MAX));
    cr_expect_null(cogo__alloc_zeroed(&allocator, SIZE_MAX / 2, 4));
    cr_expect_null(cogo__alloc_zeroed(NULL, SIZE_MAX / 2, 4));
    cr_expect_eq(p.requests, 0u);
    cogo__free(NULL);
    purse_close(&p);
}

Test(alloc, blocks_are_zeroed_and_aligned_where_that_is_promised)
{
    purse p;
    cogo_allocator allocator = purse_open(&p);
    const cogo_allocator *sources[] = {NULL, &allocator};
    for (int i = 0; i < 2; i++) {
        for (size_t size = 1; size < 1000; size += 37) {
            unsigned char *line = cogo__alloc_lines(sources[i], size);
            unsigned char *block = cogo__alloc_zeroed(sources[i], size, 3);
            cr_expect_eq((uintptr_t)line % 64, 0u);
            cr_expect_eq((uintptr_t)block % 16, 0u);
            unsigned any = 0;
            for (size_t at = 0; at < size; at++) {
                any |= (unsigned)line[at] | block[at * 3];
            }
            cr_expect_eq(any, 0u);
            cogo__free(line);
            cogo__free(block);
        }
    }
    purse_close(&p);
}
