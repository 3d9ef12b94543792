/* What the files of the Redis door share: one actor's state. Used inside this room only. */
#ifndef QUEUE_ROOM_H
#define QUEUE_ROOM_H

#include "actors/doors/feed.h"
#include "actors/doors/rate.h"
#include "actors/doors/streams.h"
#include "actors/doors/token.h"
#include "actors/queue/queue.h"
#include "actors/queue/wire.h"
#include "codec/contract/id.h"

#define QUEUE_LEADER "orchestrator" /* The name that it has where it leads. */

enum {
    ITEMS_MAX = 256,            /* Entries in our hands at once, and */
    ITEMS_BYTES_MAX = 64 << 20, /* bytes of them; beyond it nothing is read. */
    ENTRY_MAX = 1 << 20,        /* Bytes of an instruction, as in the HTTP door. */
    READ_COUNT = 64,            /* Entries of one read. */
    BLOCK_MS = 4000,            /* One read waits for entries; less than WIRE_ANSWER_MS. */
    FOLLOWED_MAX = 100000,      /* Unfinished tasks of this door; beyond it nothing is read. */
    FOLLOWED_BUCKETS = 1 << 15,
    READS_MAX = 64,        /* Questions about events that wait for an answer. */
    BATCH_MAX = 400,       /* Commands after which a transaction ends. */
    DEAD_KEEP = 10000,     /* Entries that STREAM_DEAD has. */
    KEEP_DEFAULT = 100000, /* The same of STREAM_OUT. */
    ASK_MS = 30000,
    TICK_MS = 1000,
    CLAIM_EVERY_MS = 30000, /* For entries that another consumer of the group left. */
    AWAY_MIN_MS = 100,      /* Between two tries to connect, doubled, */
    AWAY_MAX_MS = 5000,     /* and a part of it by chance. */
    RETRY_MIN_MS = 500,     /* The same of an entry, while tasks can't be submitted. */
    RETRY_MAX_MS = 30000,
    ENTRY_ID_SIZE = 48, /* "1526919030474-55". */
    ADDRESSES_MAX = 8,  /* Of one name. */
};

enum {
    QUEUE_MSG_ADDRESSES = 4352, /* addresses: of the name in REDIS_URL. */
    QUEUE_MSG_OPEN = 4353,      /* No payload. */
};
enum { TIMER_TICK = 1, TIMER_CONNECT, TIMER_RETRY };
enum { WIRE_READER = 1, WIRE_WRITER };

typedef struct addresses {
    size_t count;
    struct {
        socklen_t size;
        struct sockaddr_storage to;
    } items[ADDRESSES_MAX];
} addresses;

typedef enum queue_phase {
    STANDING_BY, /* Not open yet, or another node leads. */
    AWAY,        /* Redis can't be reached; tried again later. */
    OPENING,     /* Looks the name up, connects, finds out where it was. */
    CLAIMING,    /* Takes over entries that were delivered and not acknowledged. */
    RUNNING,
} queue_phase;

/* One entry in our hands: delivered, not acknowledged. */
typedef enum item_stage { ITEM_FREE, ITEM_WAITS, ITEM_ASKS_TOKEN, ITEM_SUBMITS } item_stage;
typedef struct item {
    item_stage stage;
    char id[ENTRY_ID_SIZE];
    uint64_t ask;
    uint64_t due_ns; /* ITEM_WAITS. */
    uint32_t tries;
    char *data; /* Owned. */
    size_t size;
    char *key;      /* Owned; NULL: its id. */
    char trace[56]; /* traceparent; "": none. */
    token_verdict verdict;
    uint8_t hash[TOKEN_HASH_SIZE];
} item;

/* One unfinished task of this door, whose events go to STREAM_OUT. */
typedef struct followed {
    feed feed;              /* First: a feed of ours is one. */
    struct followed *next;  /* In its bucket. */
    struct followed *later; /* In the line of those that want to read. */
    struct queue *queue;
    char task_id[ID_SIZE];
    char entry[ENTRY_ID_SIZE];
    task_events what; /* To be read, when its turn comes. */
    bool in_line, ended;
} followed;

typedef struct page_ask {
    uint64_t ask;
    followed *of; /* NULL: free. */
} page_ask;

typedef struct queue {
    cogo_context *ctx; /* Of the callback that runs. */
    cogo_system *system;
    cogo_actor_id orchestrator;
    address address;
    char consumer[128];
    char keep[24], dead_keep[24];
    bool required;
    token_rule rule;
    token_verdict door_verdict; /* Of entries without a token. */
    uint8_t door_hash[TOKEN_HASH_SIZE];
    grants grants;
    rates rates;

    queue_phase phase;
    bool open; /* Entries may be taken. */
    wire reader, writer;
    uint64_t resolve_ask;
    uint32_t away_tries, connects; /* connects: ever. */
    bool told_away;                /* One line in the log for each absence. */
    char why_away[WIRE_WHY_SIZE];
    char claim_cursor[ENTRY_ID_SIZE];
    uint64_t claimed_ns;
    bool claiming, reading; /* A command is under way. */
    bool careful;           /* One entry at a time, since a reply was too large. */
    bool skip_first;        /* That entry is the first pending one. */

    item items[ITEMS_MAX];
    size_t item_count, item_bytes;
    bool retry_armed;

    followed *buckets[FOLLOWED_BUCKETS];
    size_t followed_count;
    followed *line_first, *line_last;
    page_ask page_asks[READS_MAX];
    size_t page_ask_count;

    size_t batch_count; /* Commands in the open transaction; 0: none is open. */

    uint64_t accepted, replayed, refused, written, reconnects;
} queue;

/* Kinds of commands, for their replies. */
enum {
    KIND_QUEUED, /* Of a transaction: nothing to be said yet. */
    KIND_EXEC,
    KIND_SETUP,
    KIND_FOLLOWED,
    KIND_PENDING,
    KIND_CLAIM,
    KIND_READ,
};

/* One command, part after part. */
typedef struct command {
    const char *parts[40];
    size_t sizes[40];
    int count;
    char numbers[2][24];
    int number_count;
} command;
void command_add(command *c, const char *text);
void command_bytes(command *c, const char *bytes, size_t size);
void command_number(command *c, int64_t number); /* Two at most. */
/* Several parts, one blank between them, which outlive the command. */
void command_texts(command *c, const char *const *texts, size_t count);
#define COMMAND(c, ...)                                    \
    command_texts((c), (const char *const[]){__VA_ARGS__}, \
                  sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* session.c: the two connections. */
void session_tick(queue *q);
void session_connect(queue *q);
void session_resolved(queue *q, cogo_msg *msg);
/* Gives both connections up and tries again later. */
void session_lost(queue *q, const char *why);
void session_init(queue *q);
/* Sends what is waiting, and asks for more when there is room. */
void session_pump(queue *q);
/* A command to be done in one transaction with those that are put in until it is sent. */
void batch_put(queue *q, const command *c);
void batch_end(queue *q);

/* intake.c: entries of STREAM_IN. */
void intake_entries(queue *q, const redisReply *entries);
bool intake_answered(queue *q, uint64_t ask, cogo_msg *msg);
void intake_retry(queue *q);
void intake_forget(queue *q);
/* How many more entries may be taken now. */
size_t intake_room(const queue *q);

/* dead.c: the entry that was too large to be read. */
void intake_skip(queue *q, const char *id);

/* follow.c: tasks of this door. */
void follow_task(queue *q, const char *task_id, const char *entry, int64_t after);
void follow_event(queue *q, const task_event *event);
bool follow_answered(queue *q, uint64_t ask, cogo_msg *msg);
void follow_pump(queue *q);
void follow_forget(queue *q);

/* report.c */
void report_metrics(queue *q, const cogo_msg *msg);
void report_health(queue *q, const cogo_msg *msg);

#endif
