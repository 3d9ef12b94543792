/* What the fields of each frame are, in the order of the wire.
 * Used by frame.c, and by the test that compares WIRE.md with it.
 * Never holds more than constants. */
#ifndef CODEC_FRAME_TABLE_H
#define CODEC_FRAME_TABLE_H

#include "codec/frame.h"

typedef enum cogo__frame_field_kind {
    COGO__FRAME_UINT,
    COGO__FRAME_BYTES,
    COGO__FRAME_TEXT, /* UTF-8. */
} cogo__frame_field_kind;

typedef struct cogo__frame_field {
    const char *name;
    cogo__frame_field_kind kind;
    size_t offset;     /* In cogo__frame. */
    uint64_t min, max; /* Value of a UINT; length in bytes of the others. */
} cogo__frame_field;

typedef struct cogo__frame_layout {
    uint32_t kind;
    const char *name;
    const cogo__frame_field *fields;
    size_t count;
} cogo__frame_layout;

/** NULL if the kind is not known. */
const cogo__frame_layout *cogo__frame_layout_of(uint64_t kind);

#endif
