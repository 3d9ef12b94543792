/* Short turns on the CPU: where more threads want to run than there are CPUs, the kernel lets a
 * thread that asks for short turns run sooner after it wakes, and for less long at a time. Its
 * share of the CPU stays what it was (Linux 6.12 and later, sched_setattr(2)).
 * Used by threads of the runtime, which sleep often and are waited for.
 * Never fails: an older kernel, or one that refuses, leaves things as they are. */
#ifndef COGO_BASE_SLICE_H
#define COGO_BASE_SLICE_H

enum { COGO__SLICE_NS = 100000 /**< The kernel's least; its default is about 3 ms. */ };

/** For the calling thread. What it forks gets default turns again, processes and threads.
 * Leaves a thread alone whose policy or priority somebody chose: not SCHED_OTHER, or a
 * negative nice value, which its children would lose. */
void cogo__slice_shorten(void);

#endif
