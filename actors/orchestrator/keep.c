/* What is written besides the changes of tasks: definitions, and what a sweep removes. All of
 * it leaves with the next write. */
#include "actors/orchestrator/audit.h"

#include <string.h>

/* One write names each thing once: what was waiting under this name is forgotten. */
static void forget(orc *o, const char *kind, const char *name)
{
    orc_defined **at = &o->first_defined;
    orc_defined *before = NULL;
    while (*at != NULL
           && (strcmp((*at)->what.kind, kind) != 0 || strcmp((*at)->what.name, name) != 0)) {
        before = *at;
        at = &(*at)->next;
    }
    orc_defined *old = *at;
    if (old != NULL) {
        *at = old->next;
        o->last_defined = o->last_defined == old ? before : o->last_defined;
        orc_free(old);
    }
}

void orc_define(orc *o, const char *kind, const char *name, const cogo_record *type,
                const void *record)
{
    cogo_value bytes = {0};
    if (record != NULL && cogo_record_encode(type, record, &o->scratch, &bytes) != COGO_OK) {
        return; // Records are checked before; memory ends the process elsewhere.
    }
    forget(o, kind, name);
    size_t kind_size = strlen(kind) + 1;
    size_t name_size = strlen(name) + 1;
    orc_defined *one = orc_alloc(sizeof *one + bytes.size_bytes + kind_size + name_size);
    uint8_t *memory = (uint8_t *)(one + 1);
    one->what.updated_at = cogo_system_wall_ms(o->system);
    if (bytes.size_bytes > 0) {
        one->what.record = (cogo_value){.data = memcpy(memory, bytes.data, bytes.size_bytes),
                                        .size_bytes = bytes.size_bytes};
    }
    memory += bytes.size_bytes;
    one->what.kind = memcpy(memory, kind, kind_size);
    one->what.name = memcpy(memory + kind_size, name, name_size);
    if (o->last_defined != NULL) {
        o->last_defined->next = one;
    } else {
        o->first_defined = one;
    }
    o->last_defined = one;
    o->next_number++;
}

bool orc_keep_waits(const orc *o)
{
    return o->first_defined != NULL || o->sweep.waits || orc_audit_waits(o);
}

void orc_keep_fill(orc *o, store_write *write, orc_write *sent)
{
    size_t count = 0;
    for (const orc_defined *one = o->first_defined; one != NULL; one = one->next) {
        count++;
    }
    store_definition *all = cogo_arena_alloc(&o->scratch, (count + 1) * sizeof *all);
    count = 0;
    for (const orc_defined *one = o->first_defined; one != NULL && all != NULL;
         one = one->next) {
        all[count++] = one->what;
    }
    orc_audit_fill(o, write);
    write->definitions = (cogo_records){.items = all, .count = count};
    if (o->sweep.waits) {
        write->remove = o->sweep.going->remove;
        write->trim = o->sweep.going->trim;
        sent->sweeps = true;
    }
}

void orc_keep_sent(orc *o)
{
    while (o->first_defined != NULL) {
        orc_defined *next = o->first_defined->next;
        orc_free(o->first_defined);
        o->first_defined = next;
    }
    orc_audit_sent(o);
    o->last_defined = NULL;
    o->sweep.waits = false;
}

void orc_keep_finish(orc *o)
{
    orc_keep_sent(o);
}
