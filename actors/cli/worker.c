/* cogo worker, cogo role, cogo actor, cogo node list: what runs where. */
#include "actors/cli/list.h"

#include <stdlib.h>

enum { CALL_MS = 10000 };

static cli_exit show(const args *a, const char *method, const char *collection,
                     const char *suffix)
{
    client c;
    json_t *answer;
    char path[512];
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    char *id = client_escape(a->positionals[0]);
    snprintf(path, sizeof path, "/v1/%s/%s%s", collection, id == NULL ? "" : id, suffix);
    free(id);
    cli_exit code = client_call(&c, method, path, NULL, NULL, CALL_MS, &answer);
    if (code == CLI_OK) {
        output_json(answer);
        json_decref(answer);
    }
    return code;
}

static cli_exit worker_list(const args *a)
{
    static const output_column columns[] = {
        {"WORKER", "agentId"},     {"TYPE", "workerType"}, {"STATUS", "status"},
        {"SLOTS", "slots"},        {"USED", "slotsUsed"},  {"ROLES", "capabilities"},
        {"LAST", "lastHeartbeat"}, {NULL, NULL},
    };
    return list_show(a, "/v1/workers", NULL, "workers", columns);
}

static cli_exit worker_get(const args *a)
{
    return show(a, "GET", "workers", "");
}

static cli_exit worker_drain(const args *a)
{
    return show(a, "POST", "workers", ":drain");
}

static cli_exit role_list(const args *a)
{
    static const output_column columns[] = {
        {"ROLE", "role"},
        {"WHAT IT DOES", "title"},
        {NULL, NULL},
    };
    return list_show(a, "/v1/roles", NULL, "roles", columns);
}

static cli_exit role_get(const args *a)
{
    return show(a, "GET", "roles", "");
}

static cli_exit actor_list(const args *a)
{
    static const output_column columns[] = {
        {"ACTOR", "actorId"},
        {"NAME", "name"},
        {"BEHAVIOUR", "behavior"},
        {"STATE", "state"},
        {"MESSAGE", "messageType"},
        {"MAILBOX", "mailboxDepth"},
        {"BYTES", "memoryBytes"},
        {"HANDLED", "messagesHandled"},
        {"RESTARTS", "restarts"},
        {"LINKS", "links"},
        {"WATCHERS", "watchers"},
        {"DETACHED", "detached"},
        {NULL, NULL},
    };
    return list_show(a, "/v1/actors", list_page_filters, "actors", columns);
}

static cli_exit node_list(const args *a)
{
    static const output_column columns[] = {
        {"NODE", "name"},
        {"STATE", "state"},
        {"MEMBER", "memberState"},
        {"ADDRESS", "address"},
        {"RTT ms", "rttMs"},
        {"IN", "bytesIn"},
        {"OUT", "bytesOut"},
        {"QUEUED", "queuedBytes"},
        {"NACKS", "nacks"},
        {"INCARNATION", "incarnation"},
        {NULL, NULL},
    };
    return list_show(a, "/v1/nodes", list_page_filters, "nodes", columns);
}

static cli_exit actor_get(const args *a)
{
    return show(a, "GET", "actors", "");
}

const cli_command worker_commands[] = {
    {"worker", "list", "", "workers and what they do now", NULL, 0, 0, worker_list},
    {"worker", "get", "ID", "one worker, as JSON", NULL, 1, 1, worker_get},
    {"worker", "drain", "ID", "let a worker finish and give it nothing new", NULL, 1, 1,
     worker_drain},
    {"role", "list", "", "roles that workers offer", NULL, 0, 0, role_list},
    {"role", "get", "NAME", "one role with its JSON Schemas", NULL, 1, 1, role_get},
    {"actor", "list", "", "actors of the node: state, mailbox, restarts, links",
     list_page_options, 0, 0, actor_list},
    {"node", "list", "", "this node, its links and the members of its cluster",
     list_page_options, 0, 0, node_list},
    {"actor", "get", "ID|NAME", "one actor, as JSON", NULL, 1, 1, actor_get},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
