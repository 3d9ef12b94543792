/* Names that stand for several nodes, whose addresses change: a name service of the test's own
 * answers. */
#include "tests/unit/runtime/stage.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>
#include <time.h>

static _Atomic(const char *) pod; /* Address that "pods.test" has now. */
static _Atomic(int) unknown;      /* So many looks for it find nothing. */
static _Atomic(bool) dumb;        /* The service does not answer, until `answer` is posted. */
static _Atomic(int) looks;        /* For it, so far. */
static sem_t asked, answer;

/* Once: a look that was left behind may still wait for its answer when the next test begins. */
__attribute__((constructor)) static void init_semaphores(void)
{
    sem_init(&asked, 0, 0);
    sem_init(&answer, 0, 0);
}

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* In place of the C library's: a name of ours has the address of the moment. */
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                struct addrinfo **out)
{
    lookup *real = NULL;
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &found, sizeof real);
    bool ours = host != NULL && strcmp(host, "pods.test") == 0;
    atomic_fetch_add_explicit(&looks, ours, memory_order_acq_rel);
    if (ours && atomic_load_explicit(&dumb, memory_order_acquire)) {
        sem_post(&asked);
        sem_wait(&answer);
        return EAI_AGAIN;
    }
    if (ours && atomic_load_explicit(&unknown, memory_order_acquire) > 0) {
        atomic_fetch_sub_explicit(&unknown, 1, memory_order_acq_rel);
        return EAI_AGAIN;
    }
    return real(ours ? atomic_load_explicit(&pod, memory_order_acquire) : host, port, hints,
                out);
}

/* "a" listens at the address that the name has, and "b" joins that name. */
static void open_by_name(place *a, place *b, const char *address, uint32_t resolve_ms)
{
    char name[48];
    atomic_store_explicit(&pod, address, memory_order_release);
    place_open(a, cluster_config("a"), NULL);
    cogo_node_config config = cluster_config("b");
    snprintf(name, sizeof name, "dns:pods.test:%u", cogo_node_port(a->system));
    config.join = name;
    config.resolve_ms = resolve_ms;
    place_open(b, config, NULL);
}

/* Who is to take the place of "a", at another address. */
static void open_next(place *c, const place *a)
{
    char address[32];
    cogo_node_config config = cluster_config("a");
    snprintf(address, sizeof address, "127.0.0.2:%u", cogo_node_port(a->system));
    config.listen = address;
    place_open(c, config, NULL);
}

/* A pod was replaced: same Service, another address. Nobody waits for the next usual look. */
Test(node_name, after_a_loss_the_name_is_looked_up_at_once)
{
    place a, b, c;
    open_by_name(&a, &b, "127.0.0.1", 3600000); // The usual look never comes.
    sem_wait(&b.ups);
    open_next(&c, &a);
    cr_expect_eq(cogo_node_find(c.system, "b"), 0u);
    atomic_store_explicit(&pod, "127.0.0.2", memory_order_release);
    place_close(&a);
    sem_wait(&b.downs);
    sem_wait(&b.ups);
    sem_wait(&c.ups);
    cr_expect_neq(cogo_node_find(c.system, "b"), 0u);
    place_close(&b);
    place_close(&c);
}

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The pods of a cluster start together, and so do their names: none is there at once. */
Test(node_name, one_that_is_not_there_at_first_is_looked_up_again_soon)
{
    enum { USUAL_MS = 20000 };
    place a, b;
    atomic_store_explicit(&unknown, 1, memory_order_release);
    uint64_t start = now_ms();
    open_by_name(&a, &b, "127.0.0.1", USUAL_MS);
    sem_wait(&b.ups);
    cr_expect_lt(now_ms() - start, (uint64_t)USUAL_MS);
    place_close(&b);
    place_close(&a);
}

static void await_looks(int more)
{
    int until = atomic_load_explicit(&looks, memory_order_acquire) + more;
    while (atomic_load_explicit(&looks, memory_order_acquire) < until) {
        sched_yield();
    }
}

/* While the name service fails, nobody is left: what it said last stands. */
Test(node_name, a_name_that_can_not_be_looked_up_any_more_ends_no_link)
{
    enum { LOOKS = 4 };
    place a, b;
    open_by_name(&a, &b, "127.0.0.1", 200);
    sem_wait(&b.ups);
    await_looks(LOOKS);
    cr_expect_eq(cluster_joiners(&b), 1u, "the same address is one to join");
    atomic_store_explicit(&unknown, 2 * LOOKS, memory_order_release);
    await_looks(LOOKS);
    cr_expect_eq(cluster_joiners(&b), 1u);
    cr_expect_neq(sem_trywait(&b.downs), 0);
    atomic_store_explicit(&unknown, 0, memory_order_release);
    place_close(&b);
    place_close(&a);
}

/* A name is no way around the rule that strangers need a secret. */
Test(node_name, an_address_elsewhere_is_not_joined_without_a_secret)
{
    const cogo_node_config config = {.struct_size = sizeof config,
                                     .name = "b",
                                     .join = "dns:pods.test:7400",
                                     .resolve_ms = 200};
    atomic_store_explicit(&pod, "192.0.2.1", memory_order_release); // Nobody's.
    open_stage(0);
    cr_expect_eq(cogo_node_stop(scene.system, SCENE_LONG_NS), COGO_OK);
    cr_expect_eq(cogo_node_start(scene.system, &config), COGO_OK);
    while (
        !stage_said("looking for pods.test: an address that is not loopback needs a secret")) {
        sched_yield();
    }
    const place p = {.system = scene.system};
    cr_expect_eq(cluster_joiners(&p), 0u);
    close_stage();
}

/* Where nobody answered, nobody is looked for any more once the name does not say so. */
Test(node_name, an_address_that_is_listed_no_more_is_given_up)
{
    place a, b;
    open_by_name(&a, &b, "127.0.0.9", 200);
    cluster_await_joiners(&b, 1);
    atomic_store_explicit(&pod, "127.0.0.1", memory_order_release);
    sem_wait(&b.ups);
    cluster_await_joiners(&b, 1);
    cr_expect_neq(cogo_node_find(b.system, "a"), 0u);
    atomic_store_explicit(&pod, "127.0.0.9", memory_order_release);
    cluster_await_joiners(&b, 2); // A link that is there stays.
    cr_expect_neq(sem_trywait(&b.downs), 0);
    place_close(&b);
    place_close(&a);
}

static uint64_t incarnation_of(cogo_system *system)
{
    cogo_node_stats stats = {.struct_size = sizeof stats};
    cr_expect_eq(cogo_node_stats_read(system, &stats), COGO_OK);
    return stats.incarnation;
}

/* Who is restarted within the second is let in before the old one is given up: it is the later
 * one. By chance alone this would hold once in a thousand runs. */
Test(node_name, a_restart_within_the_same_second_is_a_later_incarnation)
{
    enum { RESTARTS = 10 };
    uint64_t before = 0;
    for (int i = 0; i < RESTARTS; i++) {
        place a;
        place_open(&a, cluster_config("a"), NULL);
        uint64_t now = incarnation_of(a.system);
        cr_expect_gt(now, before, "start %d", i);
        before = now;
        int64_t ms = cogo_system_wall_ms(a.system);
        while (cogo_system_wall_ms(a.system) == ms) {
            sched_yield();
        }
        place_close(&a);
    }
}

/* A node tells others its name and no address: each looks it up for itself. */
Test(node_name, a_member_is_reached_by_the_name_that_it_tells)
{
    place a, b, c;
    char seed[32], told[48], own[32];
    cogo_member member = {.struct_size = sizeof member};
    atomic_store_explicit(&pod, "127.0.0.3", memory_order_release);
    place_open(&a, cluster_config("a"), NULL);
    snprintf(seed, sizeof seed, "127.0.0.1:%u", cogo_node_port(a.system));
    cogo_node_config config = cluster_config("c"); // Only to find a port that is free.
    config.listen = "127.0.0.3:0";
    place_open(&c, config, NULL);
    uint16_t port = cogo_node_port(c.system);
    place_close(&c);
    config = cluster_config("b");
    snprintf(own, sizeof own, "127.0.0.3:%u", port);
    snprintf(told, sizeof told, "pods.test:%u", port);
    config.listen = own;
    config.advertise = told;
    config.join = seed;
    place_open(&b, config, NULL);
    sem_wait(&b.ups);
    config = cluster_config("c");
    config.join = seed;
    place_open(&c, config, NULL);
    sem_wait(&c.ups);
    sem_wait(&c.ups); // The other one, of which it heard from the seed.
    cr_expect_neq(cogo_node_find(c.system, "b"), 0u);
    cr_assert_eq(cogo_cluster_find(c.system, "b", &member), COGO_OK);
    cr_expect_str_eq(member.address, told);
    place_close(&b);
    while (cluster_actors(&c, "cogo.node.resolver", NULL)
           != 0) { // It has left, and its name with it.
        sched_yield();
    }
    place_close(&c);
    place_close(&a);
}

/* A link is lost while the name service hangs: it is not asked twice, and what it says at last
 * is followed by another look. */
Test(node_name, a_loss_while_a_look_hangs_is_made_up_for_by_the_next)
{
    place a, b, c;
    open_by_name(&a, &b, "127.0.0.1", 200);
    sem_wait(&b.ups);
    open_next(&c, &a);
    atomic_store_explicit(&dumb, true, memory_order_release);
    sem_wait(&asked);
    place_close(&a);
    sem_wait(&b.downs);
    atomic_store_explicit(&pod, "127.0.0.2", memory_order_release);
    atomic_store_explicit(&dumb, false, memory_order_release);
    sem_post(&answer);
    sem_wait(&b.ups);
    place_close(&b);
    place_close(&c);
}

/* A resolver in a library can't be interrupted. It is left behind with what it needs. */
Test(node_name, a_look_that_hangs_holds_up_no_end)
{
    enum { MUCH_MS = 3000 };
    place a;
    atomic_store_explicit(&dumb, true, memory_order_release);
    cogo_node_config config = cluster_config("a");
    config.join = "dns:pods.test:1";
    place_open(&a, config, NULL);
    sem_wait(&asked);
    uint64_t start = now_ms();
    place_close(&a);
    cr_expect_lt(now_ms() - start, (uint64_t)MUCH_MS);
    atomic_store_explicit(&dumb, false, memory_order_release);
    sem_post(&answer); // It ends now, and frees what is left.
}
