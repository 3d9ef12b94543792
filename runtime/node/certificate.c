/* The certificates of a node: checked before it starts, given to each new connection, and
 * replaced while it runs. */
#include "runtime/node/node.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static cogo_err read_checked(const cogo_node_config *c, const char *name, cogo__tls_keys **out,
                             char *why, size_t why_size)
{
    char what[160] = "";
    cogo_err err = cogo__tls_keys_read(c->tls_cert, c->tls_key, c->tls_ca, out, why, why_size);
    if (err != COGO_OK) {
        return err;
    }
    err = cogo__tls_keys_check(*out, name, what, sizeof what);
    if (err != COGO_OK) {
        (void)snprintf(why, why_size, "certificate %s: %s", c->tls_cert, what);
        cogo__tls_keys_drop(*out);
    }
    return err;
}

/* COGO_ENOTFOUND: none is named. */
static cogo_err named(const cogo_node_config *c)
{
    if (c->struct_size < offsetof(cogo_node_config, tls_ca) + sizeof c->tls_ca) {
        return COGO_EINVAL;
    }
    int files = (c->tls_cert != NULL) + (c->tls_key != NULL) + (c->tls_ca != NULL);
    return files == 3 ? COGO_OK : files == 0 ? COGO_ENOTFOUND : COGO_EINVAL;
}

cogo_err cogo_node_tls_check(const cogo_node_config *config, char *why, size_t why_size)
{
    cogo__tls_keys *keys = NULL;
    why[0] = '\0';
    cogo_err err = config->name != NULL ? named(config) : COGO_EINVAL;
    if (err != COGO_OK) {
        return err == COGO_ENOTFOUND ? COGO_OK : err;
    }
    err = read_checked(config, config->name, &keys, why, why_size);
    if (err == COGO_OK) {
        cogo__tls_keys_drop(keys);
    }
    return err;
}

cogo_err cogo_node_tls_renew(cogo_system *system, const cogo_node_config *config, char *why,
                             size_t why_size)
{
    cogo__node *node = cogo__node_of(system);
    cogo__tls_keys *fresh = NULL;
    why[0] = '\0';
    if (node == NULL || cogo__u32_load_seq_cst(&node->running) != 1) {
        return COGO_ESTATE;
    }
    cogo_err err = named(config) == COGO_OK ? COGO_OK : COGO_EINVAL;
    err = err == COGO_OK ? read_checked(config, node->name, &fresh, why, why_size) : err;
    if (err != COGO_OK) {
        return err;
    }
    cogo__lock_take(&node->lock);
    cogo__tls_keys *unused = node->keys != NULL ? node->keys : fresh;
    if (unused != fresh) {
        node->keys = fresh;
    }
    cogo__lock_give(&node->lock);
    cogo__tls_keys_drop(unused); // Connections hold what they were made with.
    return unused != fresh ? COGO_OK : COGO_ESTATE;
}

cogo_err cogo__node_tls(cogo__node *node, bool opens, cogo__tls **out_tls)
{
    cogo__lock_take(&node->lock);
    bool wanted = node->keys != NULL;
    if (wanted) {
        *out_tls = cogo__tls_create(node->keys, opens, node->system->config.allocator);
    }
    cogo__lock_give(&node->lock);
    return wanted && *out_tls == NULL ? COGO_ENOMEM : COGO_OK;
}
