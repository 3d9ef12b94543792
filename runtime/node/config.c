#include "runtime/node/config.h"

#include "runtime/node/proof.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { WINDOW_LEAST = 524288 }; // Bytes: a frame and a quarter of the window have room in it.

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

/* What members tell each other: an address, or a name that each looks up for itself. */
static bool can_be_told(const char *advertise)
{
    cogo__address address;
    char host[COGO__HOST_SIZE];
    uint16_t port = 0;
    return strlen(advertise) < COGO_CLUSTER_ADDRESS_SIZE && strchr(advertise, ',') == NULL
           && (cogo__address_parse(advertise, &address) == COGO_OK
               || cogo__address_parse_name(advertise, host, &port) == COGO_OK);
}

/* What others know it by: its name, what proves it, where it is. */
static bool can_introduce_itself(const cogo_node_config *c)
{
    bool named = c->name != NULL && c->name[0] != '\0' && strlen(c->name) <= COGO__NODE_NAME_MAX
                 && strlen(c->cluster) <= COGO__NODE_NAME_MAX;
    bool secret = c->secret == NULL ? c->secret_size_bytes == 0
                                    : c->secret_size_bytes >= COGO__SESSION_SECRET_MIN
                                          && c->secret_size_bytes <= COGO__SECRET_MAX;
    int files = (c->tls_cert != NULL) + (c->tls_key != NULL) + (c->tls_ca != NULL);
    return named && secret && (c->advertise == NULL || can_be_told(c->advertise))
           && (files == 0 || files == 3);
}

static bool is_sound(const cogo_node_config *c)
{
    const cogo_cluster_store *store = c->store;
    bool usable =
        store == NULL
        || (store->struct_size >= sizeof *store && store->take != NULL && store->give != NULL);
    return can_introduce_itself(c) && usable && cogo__view_list_is_valid(c->members)
           && c->window_bytes >= WINDOW_LEAST && c->message_bytes <= INT32_MAX / 8;
}

cogo_err cogo__config_fill(const cogo_node_config *given, cogo_node_config *c)
{
    memset(c, 0, sizeof *c);
    if (given == NULL || given->struct_size < offsetof(cogo_node_config, window_bytes)) {
        return COGO_EINVAL;
    }
    memcpy(c, given, given->struct_size < sizeof *c ? given->struct_size : sizeof *c);
    c->struct_size = sizeof *c;
    c->cluster = c->cluster != NULL ? c->cluster : "";
    c->window_bytes = or_default(c->window_bytes, 1048576);
    c->queue_bytes = or_default(c->queue_bytes, 1048576);
    c->message_bytes = or_default(c->message_bytes, 16777216);
    c->heartbeat_ms = or_default(c->heartbeat_ms, 1000);
    c->reconnect_min_ms = or_default(c->reconnect_min_ms, 100);
    c->reconnect_max_ms = or_default(c->reconnect_max_ms, 10000);
    c->resolve_ms = or_default(c->resolve_ms, 10000);
    c->handshake_ms = or_default(c->handshake_ms, 5000);
    c->strangers_max = or_default(c->strangers_max, 64);
    c->links_max = or_default(c->links_max, 1024);
    c->lease_ms = or_default(c->lease_ms, 10 * c->heartbeat_ms);
    return is_sound(c) ? COGO_OK : COGO_EINVAL;
}

bool cogo__node_may_reach(const cogo_node_config *config, const cogo__address *address)
{
    return config->secret_size_bytes != 0 || config->tls_cert != NULL
           || cogo__address_is_loopback(address);
}

cogo_err cogo__config_address(const cogo_node_config *c, const char *text, cogo__address *out)
{
    cogo_err err = cogo__address_parse(text, out);
    return err == COGO_OK && !cogo__node_may_reach(c, out) ? COGO_EAUTH : err;
}

/* An address, or a name that will be looked up. */
static cogo_err parse_join(const cogo_node_config *c, const char *text, cogo__join *out)
{
    memset(out, 0, sizeof *out);
    cogo_err err = cogo__config_address(c, text, &out->address);
    return err == COGO_EINVAL ? cogo__address_parse_name(text, out->host, &out->port) : err;
}

cogo_err cogo__config_joins(const cogo_node_config *c, cogo__node *node, cogo__join *joins,
                            size_t *out_count)
{
    size_t count = 0;
    for (const char *at = c->join; at != NULL && *at != '\0'; count++) {
        cogo_err err =
            count < COGO_NODE_JOIN_MAX ? parse_join(c, at, &joins[count]) : COGO_EINVAL;
        if (err != COGO_OK) {
            return err;
        }
        joins[count].node = node;
        at += strcspn(at, ",");
        at += *at == ',';
    }
    *out_count = count;
    return COGO_OK;
}

void cogo__config_keep(cogo__node *node, const cogo_node_config *c)
{
    node->config = *c;
    (void)snprintf(node->name, sizeof node->name, "%s", c->name);
    (void)snprintf(node->cluster, sizeof node->cluster, "%s", c->cluster);
    if (c->secret != NULL) {
        memcpy(node->secret, c->secret, c->secret_size_bytes);
    }
    node->config.name = node->config.cluster = node->config.listen = node->config.join = NULL;
    node->config.secret = NULL;
    node->tls = c->tls_cert != NULL;
    node->config.tls_cert = node->config.tls_key = node->config.tls_ca = NULL;
    node->config.members = node->config.advertise = NULL;
    node->store = c->store != NULL ? *c->store : (cogo_cluster_store){.take = NULL};
    node->config.store = NULL;
    // A later one than that of an earlier start, whatever the clock says.
    uint64_t second = node->system->born_s;
    uint64_t before = cogo__u64_load_relaxed(&node->incarnation) >> 32;
    second = second > before ? second : before + 1;
    cogo__u64_store_relaxed(&node->incarnation, second << 32 | node->system->incarnation);
}
