#include "runtime/actor/mailbox.h"

#include "runtime/base/lock.h"

enum { LINK_SPINS = 128 }; // Looks at a link that is about to be written, before yielding.

/* Either a later node exists, then the stub takes the message's place before it; or the message
 * is the newest, then one exchange puts the stub in its place. In between a sender has
 * exchanged but not stored yet: it is a few instructions away, and has to be waited for,
 * because it will write into the message. This is the receiver waiting, in a call that is rare,
 * never a sender. */
void cogo__mailbox_detach(cogo__mailbox *box, cogo__link **tail)
{
    cogo__link *message = *tail;
    cogo__ptr_store_relaxed(&box->stub.next, NULL);
    cogo__link *after = cogo__ptr_load_acquire(&message->next);
    if (after == NULL) {
        void *seen = message;
        *tail = &box->stub;
        if (cogo__ptr_cas_acq_rel(&box->head, &seen, &box->stub)) {
            return;
        }
        for (int spin = 0; (after = cogo__ptr_load_acquire(&message->next)) == NULL; spin++) {
            if (spin < LINK_SPINS) {
                cogo__cpu_relax();
            } else {
                cogo__thread_yield();
            }
        }
    }
    cogo__ptr_store_relaxed(&box->stub.next, after);
    *tail = &box->stub;
}
