/* What a node is. Used by node.c, which begins and ends it, and node_start.c, which starts its
 * parts. */
#ifndef CLI_NODE_INSIDE_H
#define CLI_NODE_INSIDE_H

#include "actors/cli/node.h"
#include "actors/cli/trace.h"
#include "actors/gateway/gateway.h"

#include <cogo/cogo.h>

#include <limits.h>

enum { ALARM_SIZE = 160, STORE_PATH_SIZE = 8192 };

struct node {
    cogo_system *system;
    node_part part;
    char name[COGO_NODE_NAME_SIZE]; /* "": it has no links. */
    char host[64];                  /* Of the HTTP door. */
    char listen[128];               /* For nodes, as it was given. */
    char workers[256];
    bool linked;
    cogo_actor_id spans; /* Who exports them, or nobody. */
    double trace_ratio;
    gateway *door;
    cogo_actor_id redis; /* The other door; or none. */
    trace trace;
    int alarm_fd, left_fd;
    cogo_actor_id guardian;
    char alarm[ALARM_SIZE];
    char data_dir[PATH_MAX]; /* Absolute. */
    char store_path[STORE_PATH_SIZE];
    char work_dir[PATH_MAX];
    int work_fd;      /* Held until the node ends; -1: it is not ours. */
    char labels[508]; /* What each worker says of this machine. */
};

/* Starts all that @p config wants of this node, whose folders and names are known. */
COGO_MUST_USE cogo_err node_start_all(node *n, const node_config *config, char error[256]);

#endif
