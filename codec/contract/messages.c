/* Registers the message types of the program. */
#include "codec/contract/messages.h"

cogo_err messages_register(cogo_system *system)
{
#define X(number_, constant, name_, record_) \
    {.struct_size = sizeof(cogo_type),       \
     .number = (number_),                    \
     .name = (name_),                        \
     .record = &(record_)},
    static const cogo_type types[] = {MESSAGE_MAP(X)};
#undef X
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        cogo_err err = cogo_type_register(system, &types[i]);
        if (err != COGO_OK) {
            return err;
        }
    }
    return COGO_OK;
}
