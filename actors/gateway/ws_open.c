/* A request becomes a WebSocket. */
#include "actors/gateway/route.h"
#include "actors/gateway/ws.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PROTOCOL_JSON   "cogo.v1+json"
#define PROTOCOL_PACKED "cogo.v1+msgpack"

/* "a, b": is @p word in it? */
static bool lists(const char *text, const char *word)
{
    size_t size = strlen(word);
    while (text != NULL && *text != '\0') {
        text += strspn(text, " \t,");
        size_t length = strcspn(text, " \t,");
        if (length == size && strncasecmp(text, word, size) == 0) {
            return true;
        }
        text += length;
    }
    return false;
}

static void greet(socket_link *s)
{
    ws_send(s,
            json_pack("{s:s, s:{s:s, s:i, s:i, s:i, s:i}}", "type", "hello", "data", "protocol",
                      s->packed ? PROTOCOL_PACKED : PROTOCOL_JSON, "maxMessageBytes",
                      FRAME_MESSAGE_MAX, "pingSeconds", SERVER_PING_SECONDS, "maxSubscriptions",
                      WS_SUBSCRIPTIONS_MAX, "maxUnansweredFrames", WS_ASKS_MAX));
}

static void open_socket(exchange *x, bool packed)
{
    desk *d = x->desk;
    char accept[FRAME_ACCEPT_SIZE];
    size_t slot = x->request->exchange & (SERVER_CONNECTIONS_MAX - 1);
    socket_link *s = calloc(1, sizeof *s);
    if (s == NULL || d->sockets[slot] != NULL) {
        free(s);
        exchange_problem(x, 503, NULL, "No memory for another WebSocket.");
        return;
    }
    frame_accept(x->request->head.headers[REQUEST_SEC_WEBSOCKET_KEY], accept);
    exchange_add_header(x, "Upgrade", "websocket");
    exchange_add_header(x, "Sec-WebSocket-Accept", accept);
    exchange_add_header(x, "Sec-WebSocket-Protocol", packed ? PROTOCOL_PACKED : PROTOCOL_JSON);
    *s = (socket_link){
        .exchange = x->request->exchange, .desk = d, .grant = x->grant, .packed = packed};
    memcpy(s->traceparent, x->traceparent, sizeof s->traceparent);
    memcpy(s->token_hash, x->token_hash, sizeof s->token_hash);
    s->checked_ns = cogo_now_ns(d->ctx);
    d->sockets[slot] = s;
    d->socket_count++;
    exchange_upgrade(x);
    greet(s);
}

void route_ws(exchange *x)
{
    const request_head *head = &x->request->head;
    const char *key = head->headers[REQUEST_SEC_WEBSOCKET_KEY];
    const char *version = head->headers[REQUEST_SEC_WEBSOCKET_VERSION];
    const char *wanted = head->headers[REQUEST_SEC_WEBSOCKET_PROTOCOL];
    bool packed = !lists(wanted, PROTOCOL_JSON);
    if (!lists(head->headers[REQUEST_UPGRADE], "websocket")
        || !lists(head->headers[REQUEST_CONNECTION], "upgrade")
        || head->method != HTTP_METHOD_GET) {
        exchange_add_header(x, "Upgrade", "websocket");
        exchange_problem(x, 426, "UPGRADE_REQUIRED", "This path speaks WebSocket only.");
    } else if (version == NULL || strcmp(version, "13") != 0) {
        exchange_add_header(x, "Sec-WebSocket-Version", "13");
        exchange_problem(x, 426, "UPGRADE_REQUIRED", "Only version 13 of WebSocket is spoken.");
    } else if (key == NULL || !frame_key_valid(key)) {
        exchange_problem(x, 400, NULL, "Sec-WebSocket-Key is not 16 bytes in base64.");
    } else if (packed && !lists(wanted, PROTOCOL_PACKED)) {
        exchange_problem(x, 400, "UNKNOWN_SUBPROTOCOL",
                         "Sec-WebSocket-Protocol: " PROTOCOL_JSON " or " PROTOCOL_PACKED
                         " is needed.");
    } else {
        open_socket(x, packed);
    }
}
