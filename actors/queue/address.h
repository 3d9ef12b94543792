/* Where a Redis server is and who we are there. Used by the Redis door. Never printed: it holds
 * the password. */
#ifndef QUEUE_ADDRESS_H
#define QUEUE_ADDRESS_H

#include <stdbool.h>

enum { ADDRESS_DB_MAX = 1 << 20 };

typedef struct address {
    char host[256];
    char port[6];
    char user[256];      /* "": the default user. */
    char password[1024]; /* "": none. */
    int db;
    bool tls;
} address;

/* "redis://[USER[:PASSWORD]@]HOST[:PORT][/DB]", rediss with TLS; percent-encoded where needed.
 * False with a sentence in @p error, which repeats nothing of the URL. */
bool address_parse(const char *url, address *out, char error[256]);

/* True when only this machine can be meant. */
bool address_is_local(const address *a);

#endif
