/* Sleeping and waking of lanes: the protocol of runtime/sched/park.c and lane.c (invariant I6), for Spin.
 *
 * Each seq_cst operation is one step. Work is what all lanes can see: deque or injector (a look leaves out the
 * deques of lanes whose idle bit is set, which are empty: argued in park.c, not modelled here). An item's callback does
 * not return before as many items run as there are lanes: so a lane that sleeps although there is work it could
 * take stands still for ever, and Spin finds the state where nothing goes on and work is left.
 *
 * spin.sh runs it as it is, and with each of these errors, which must be found:
 *   NO_LAST_LOOK       sleeps without looking at the queues after the idle bit is set
 *   LOOK_FIRST         looks, then sets the idle bit
 *   LEAVE_FIRST        stops being counted as searching before the idle bit is set and does not look again
 *   NO_CHAIN           the last searcher that finds work wakes nobody, also if there is more
 *   NO_RECOUNT         a last look that finds work does not count as searching again
 *   NO_CREDIT          the waker does not count the lane that it wakes as searching
 *   NO_SECOND_LOOK     a waker that finds nobody to wake does not look for work that came meanwhile
 *   LOST_TOKEN         a wake-up before the sleep is not kept */
#ifndef LANES
#define LANES 2
#endif
#ifndef ITEMS
#define ITEMS 2
#endif

byte work;        /* Items that nobody has taken. */
byte made, begun; /* Items so far. */
byte searching;   /* Lanes that look for work. */
bool idle[LANES]; /* Sleeps, or is about to. */
bool token[LANES], asleep[LANES]; /* The parker. */

inline wake(i)
{
#ifdef LOST_TOKEN
    d_step { if :: asleep[i] -> token[i] = true :: else fi }
#else
    token[i] = true
#endif
}

/* claimed, k and again are the caller's. */
inline wake_one()
{
    again = true;
    do
    :: again && searching == 0 ->
        again = false;
        k = 0;
        do
        :: k < LANES && !idle[k] -> k++
        :: else -> break
        od;
        if
        :: k == LANES /* Nobody sleeps. */
        :: else ->
#ifndef NO_CREDIT
            searching++;
#endif
            claimed = LANES;
            k = 0;
            do
            :: k < LANES && claimed == LANES ->
                d_step { if :: idle[k] -> idle[k] = false; claimed = k :: else fi; k++ }
            :: else -> break
            od;
            if
            :: claimed == LANES ->
#ifndef NO_CREDIT
                d_step { again = (searching == 1); searching-- };
#ifdef NO_SECOND_LOOK
                again = false;
#endif
                if :: again -> again = (work > 0) :: else fi
#endif
            :: else -> wake(claimed)
            fi
        fi
    :: else -> break
    od
}

/* A thread that is no lane. */
proctype sender(byte items)
{
    byte k, claimed;
    bool again;
    do
    :: items > 0 ->
        d_step { work++; made++; items-- };
        wake_one()
    :: else -> break
    od
}

inline look() { d_step { if :: work > 0 -> work--; got = true :: else fi } }

inline search_end()
{
    if
    :: counted ->
        counted = false;
        d_step { last = (searching == 1); searching-- };
#ifndef NO_CHAIN
        if :: last -> last = (work > 0) :: else fi;
        if :: last -> wake_one() :: else fi
#endif
    :: else
    fi
}

inline leave_idle() { d_step { if :: idle[me] -> idle[me] = false :: else -> counted = true fi } }

inline sleep()
{
    d_step { asleep[me] = true };
end_asleep:
    d_step { token[me] -> token[me] = false; asleep[me] = false }
}

inline leave_searching()
{
    if :: counted -> counted = false; assert(searching > 0); searching-- :: else fi
}

proctype lane(byte me)
{
    bool got, counted, last, seen, again;
    byte k, claimed;
    do
    :: true ->
        got = false;
        look();
        if
        :: !got && !counted -> counted = true; searching++; look()
        :: else
        fi;
        if
        :: got ->
            search_end();
            begun++;
end_running: /* As a callback that waits for the others. */
            (begun >= LANES)
        :: else ->
#ifdef LOOK_FIRST
            seen = (work > 0);
            idle[me] = true;
            leave_searching();
#elif defined(LEAVE_FIRST)
            leave_searching();
            seen = (work > 0);
            idle[me] = true;
#else
            idle[me] = true;
            leave_searching();
            seen = (work > 0);
#endif
#ifdef NO_LAST_LOOK
            seen = false;
#endif
            if
            :: seen ->
                leave_idle();
#ifndef NO_RECOUNT
                if :: !counted -> counted = true; searching++ :: else fi
#endif
            :: else -> sleep(); leave_idle()
            fi
        fi
    od
}

/* Nothing goes on: then nothing may be left to do. */
proctype judge()
{
end_waiting:
    do
    :: timeout -> assert(work == 0); break
    od
}

init
{
    byte i = 0;
    atomic {
        do
        :: i < LANES -> run lane(i); i++
        :: else -> break
        od;
        run sender(1);
        run sender(ITEMS - 1);
        run judge()
    }
}
