/* Who did what as the parameters of cogo_audit(). */
#include "actors/store/postgres/builder.h"

static size_t size_of(const store_write *write)
{
    const audit_entry *all = write->audits.items;
    size_t size = AUDIT_PARAMETERS * (HEADER_SIZE + 8);
    for (size_t i = 0; i < write->audits.count; i++) {
        const char *texts[AUDIT_TEXTS];
        audit_texts(&all[i], texts);
        size += 12;
        for (size_t k = 0; k < AUDIT_TEXTS; k++) {
            size += 4 + strlen(texts[k]);
        }
    }
    return size;
}

bool pg_audit_encode(const store_write *write, int64_t commit_id, cogo_arena *arena,
                     pg_write *out)
{
    const audit_entry *all = write->audits.items;
    size_t size = size_of(write), count = write->audits.count;
    uint8_t *memory = size > PARAMETER_BYTES_MAX ? NULL : cogo_arena_alloc(arena, size);
    if (memory == NULL) {
        return false;
    }
    builder b = {.at = memory, .out = out};
    put_scalar(&b, write->term);
    put_scalar(&b, commit_id);
    put_scalar(&b, write->audits_before);
    begin_array(&b, OID_INT8, count);
    for (size_t i = 0; i < count; i++) {
        put_number(&b, all[i].at);
    }
    end_value(&b);
    for (size_t k = 0; k < AUDIT_TEXTS; k++) {
        begin_array(&b, OID_TEXT, count);
        for (size_t i = 0; i < count; i++) {
            const char *texts[AUDIT_TEXTS];
            audit_texts(&all[i], texts);
            put_text(&b, texts[k]);
        }
        end_value(&b);
    }
    return true;
}
