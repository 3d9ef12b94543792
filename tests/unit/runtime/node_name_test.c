/* Names that stand for several nodes, whose addresses change: a name service of the test's own
 * answers. */
#include "tests/unit/runtime/cluster.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>

static _Atomic(const char *) pod; /* Address that "pods.test" has now. */

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* In place of the C library's: a name of ours has the address of the moment. */
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                struct addrinfo **out)
{
    lookup *real = NULL;
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &found, sizeof real);
    bool ours = host != NULL && strcmp(host, "pods.test") == 0;
    return real(ours ? atomic_load_explicit(&pod, memory_order_acquire) : host, port, hints,
                out);
}

/* A pod was replaced: same Service, another address. Nobody waits for the next usual look. */
Test(node_name, after_a_loss_the_name_is_looked_up_at_once)
{
    place a, b, c;
    char address[32], name[48];
    atomic_store_explicit(&pod, "127.0.0.1", memory_order_release);
    place_open(&a, cluster_config("a"), NULL);
    cogo_node_config config = cluster_config("b");
    snprintf(name, sizeof name, "dns:pods.test:%u", cogo_node_port(a.system));
    config.join = name;
    config.resolve_ms = 3600000; // The usual look never comes.
    place_open(&b, config, NULL);
    sem_wait(&b.ups);
    config = cluster_config("a");
    snprintf(address, sizeof address, "127.0.0.2:%u", cogo_node_port(a.system));
    config.listen = address;
    place_open(&c, config, NULL);
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
