/* Names of what the Redis door has in Redis. Used by that door and by the description of the
 * protocols. Constants only. */
#ifndef DOORS_STREAMS_H
#define DOORS_STREAMS_H

#define STREAM_IN       "cogo:instructions"
#define STREAM_OUT      "cogo:results"
#define STREAM_DEAD     "cogo:deadletters"
#define STREAM_FOLLOWED "cogo:followed" /* Hash: task id -> "SEQUENCE ENTRY" of STREAM_OUT. */
#define STREAM_GROUP    "cogo"

#endif
