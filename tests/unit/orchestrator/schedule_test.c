/* Schedules: their tasks come when they are due, once per slot, whoever leads. */
#include "tests/unit/orchestrator/rig.h"

static const int64_t hour_ms = 3600000;

static schedule *copy_of(const schedule *got)
{
    schedule *copy = malloc(cogo_record_flat_size(&schedule_record, got));
    cogo_record_flatten(&schedule_record, got, copy);
    return copy;
}

static schedule *ask_schedule(rig *r, cogo_msg_type type, const void *record)
{
    ask(r, &r->client, type, record);
    cogo_msg *msg = take(&r->client, MSG_SCHEDULE);
    cr_expect_not_null(msg);
    schedule *copy = msg == NULL ? calloc(1, sizeof *copy) : copy_of(cogo_msg_payload(msg));
    cogo_msg_destroy(msg);
    return copy;
}

static schedule *create(rig *r, const char *expression, int32_t overlap, int32_t missed)
{
    static const instruction asked = {.role = "echo", .priority = -1};
    schedule what = {
        .cron = expression, .overlap = overlap, .missed = missed, .instruction = &asked};
    return ask_schedule(r, MSG_SCHEDULE_CREATE, &what);
}

/* The store as it were if the schedule had last been dealt with so long ago. */
static void set_back(rig *r, const schedule *s, int64_t by_ms)
{
    schedule old = *s;
    old.updated_at -= by_ms;
    old.created_at -= by_ms;
    old.last_slot = old.updated_at;
    cogo_arena arena = {0};
    cogo_value bytes = {0};
    cr_expect_eq(cogo_record_encode(&schedule_record, &old, &arena, &bytes), COGO_OK);
    pthread_mutex_lock(&r->store->lock);
    store_define(r->store, &(store_definition){
                               .kind = "schedule", .name = s->schedule_id, .record = bytes});
    pthread_mutex_unlock(&r->store->lock);
    cogo_arena_finish(&arena);
}

/* Hourly, half an hour from now: no slot comes while the test runs. */
static const char *half_an_hour_away(const rig *r)
{
    static char expression[32];
    int64_t minute = cogo_system_wall_ms(r->system) / 60000 % 60;
    (void)snprintf(expression, sizeof expression, "%d * * * *", (int)((minute + 30) % 60));
    return expression;
}

static void lead_again(rig *r, int64_t term)
{
    orchestrator_config config = rig_config(r);
    config.term = term;
    rig_run(r, &config);
}

/* Asks until as many slots as wanted became tasks or were left out. */
static schedule *await_slots(rig *r, const char *id, int64_t submitted, int64_t others)
{
    uint64_t end = cogo_system_now_ns(r->system) + RIG_PATIENCE_NS;
    for (;;) {
        ask(r, &r->client, MSG_SCHEDULE_LIST, &(schedule_command){.schedule_id = id});
        cogo_msg *msg = take(&r->client, MSG_SCHEDULE_PAGE);
        cr_expect_not_null(msg);
        const schedule_page *page = msg == NULL ? NULL : cogo_msg_payload(msg);
        if (page == NULL || page->schedules.count != 1) {
            cogo_msg_destroy(msg);
            return calloc(1, sizeof(schedule));
        }
        schedule *s = copy_of(page->schedules.items);
        cogo_msg_destroy(msg);
        if ((s->submitted == submitted && s->skipped + s->missed_count == others)
            || cogo_system_now_ns(r->system) > end) {
            return s;
        }
        free(s);
    }
}

Test(schedule, is_made_listed_paused_resumed_and_deleted)
{
    rig r;
    rig_start(&r);
    schedule *s = create(&r, "0 0 1 1 *", -1, -1);
    cr_expect_str_eq(s->time_zone, "UTC");
    cr_expect_eq(s->overlap, OVERLAP_SKIP);
    cr_expect_eq(s->missed, MISSED_ONCE);
    cr_expect_gt(s->next_slot, s->created_at);
    schedule_command one = {.schedule_id = s->schedule_id};
    schedule *paused = ask_schedule(&r, MSG_SCHEDULE_PAUSE, &one);
    cr_expect(paused->paused && paused->next_slot == 0);
    schedule *resumed = ask_schedule(&r, MSG_SCHEDULE_RESUME, &one);
    cr_expect(!resumed->paused && resumed->next_slot == s->next_slot);
    cr_expect_eq(r.store->defined_count, 1u);
    schedule *gone = ask_schedule(&r, MSG_SCHEDULE_DELETE, &one);
    ask(&r, &r.client, MSG_SCHEDULE_PAUSE, &one);
    cr_expect(take_problem(&r.client, 404, "SCHEDULE_NOT_FOUND", s->schedule_id));
    cr_expect_eq(r.store->defined_count, 0u);
    free(gone);
    free(resumed);
    free(paused);
    free(s);
    rig_end(&r);
}

Test(schedule, bad_ones_are_refused_with_the_field)
{
    const char *const on[] = {"tsk_1"};
    const instruction echo = {.role = "echo", .priority = -1};
    const instruction odd = {.role = "nobody", .priority = -1};
    const instruction waits = {.role = "echo", .priority = -1, .dependencies = {on, 1}};
    const schedule bad[] = {
        {.cron = "61 * * * *", .overlap = -1, .missed = -1, .instruction = &echo},
        {.cron = "0 0 30 2 *", .overlap = -1, .missed = -1, .instruction = &echo},
        {.cron = "@daily",
         .time_zone = "Mars/X",
         .overlap = -1,
         .missed = -1,
         .instruction = &echo},
        {.cron = "@daily", .overlap = -1, .missed = -1, .instruction = &odd},
        {.cron = "@daily", .overlap = -1, .missed = -1, .instruction = &waits},
    };
    static const char *const words[] = {"minute", "No day", "Mars", "Unknown role", "depends"};
    rig r;
    rig_start(&r);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ask(&r, &r.client, MSG_SCHEDULE_CREATE, &bad[i]);
        cr_expect(take_problem(&r.client, 422, "VALIDATION", words[i]));
    }
    rig_end(&r);
}

/* Ten hours without a leader: what becomes of the ten slots is what the schedule says. */
Test(schedule, slots_that_nobody_could_submit_follow_the_policy)
{
    static const struct {
        int32_t missed;
        int64_t submitted, missed_count;
    } cases[] = {{MISSED_ONCE, 1, 9}, {MISSED_SKIP, 0, 10}, {MISSED_ALL, 10, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rig r;
        rig_start(&r);
        schedule *s = create(&r, half_an_hour_away(&r), OVERLAP_ALLOW, cases[i].missed);
        rig_crash(&r);
        set_back(&r, s, 10 * hour_ms);
        lead_again(&r, 2);
        schedule *now =
            await_slots(&r, s->schedule_id, cases[i].submitted, cases[i].missed_count);
        cr_expect_eq(now->submitted, cases[i].submitted, "case %zu", i);
        cr_expect_eq(now->missed_count, cases[i].missed_count, "case %zu", i);
        cr_expect_gt(now->next_slot, now->last_slot);
        free(now);
        free(s);
        rig_end(&r);
    }
}

/* The leader ends after the task of a slot is on disk and before the schedule is: the next one
 * submits the same slot again, and gets the same task. */
Test(schedule, a_slot_becomes_one_task_whoever_leads)
{
    rig r;
    rig_start(&r);
    schedule *s = create(&r, half_an_hour_away(&r), OVERLAP_ALLOW, MISSED_ONCE);
    char first[40] = "";
    for (int round = 0; round < 3; round++) {
        rig_crash(&r);
        set_back(&r, s, hour_ms);
        lead_again(&r, 2 + round);
        schedule *now = await_slots(&r, s->schedule_id, 1, 0);
        cr_expect_not_null(now->last_task_id);
        if (round == 0) {
            (void)snprintf(first, sizeof first, "%s", now->last_task_id);
        }
        cr_expect_str_eq(now->last_task_id, first);
        free(now);
    }
    cr_expect_eq(r.store->count, 1u, "one task in the store");
    free(s);
    rig_end(&r);
}

Test(schedule, an_unfinished_earlier_task_skips_the_slot_or_is_cancelled)
{
    static const int32_t policies[] = {OVERLAP_SKIP, OVERLAP_CANCEL};
    for (size_t i = 0; i < 2; i++) {
        rig r;
        rig_start(&r);
        schedule *s = create(&r, half_an_hour_away(&r), policies[i], MISSED_ALL);
        rig_crash(&r);
        set_back(&r, s, 2 * hour_ms);
        lead_again(&r, 2);
        bool skips = policies[i] == OVERLAP_SKIP;
        schedule *now = await_slots(&r, s->schedule_id, skips ? 1 : 2, skips ? 1 : 0);
        cr_expect_eq(now->submitted, skips ? 1 : 2);
        cr_expect_eq(now->skipped, skips ? 1 : 0);
        int cancelled = 0;
        pthread_mutex_lock(&r.store->lock);
        for (size_t k = 0; k < r.store->count; k++) {
            cancelled += r.store->rows[k].record->state == TASK_CANCELLED ? 1 : 0;
        }
        pthread_mutex_unlock(&r.store->lock);
        cr_expect_eq(cancelled, skips ? 0 : 1);
        free(now);
        free(s);
        rig_end(&r);
    }
}

/* Another tenant's schedule is as unknown as one that does not exist; its tasks are its own. */
Test(schedule, belongs_to_a_tenant_and_so_do_its_tasks)
{
    rig r;
    rig_start(&r);
    instruction asked = {.role = "echo", .priority = -1};
    schedule what = {.cron = half_an_hour_away(&r),
                     .overlap = -1,
                     .missed = MISSED_ONCE,
                     .instruction = &asked,
                     .tenant = "acme"};
    schedule *s = ask_schedule(&r, MSG_SCHEDULE_CREATE, &what);
    schedule_command foreign = {.schedule_id = s->schedule_id, .tenant = "beta"};
    static const cogo_msg_type all[] = {MSG_SCHEDULE_LIST, MSG_SCHEDULE_PAUSE,
                                        MSG_SCHEDULE_RESUME, MSG_SCHEDULE_DELETE};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        ask(&r, &r.client, all[i], &foreign);
        cr_expect(take_problem(&r.client, 404, "SCHEDULE_NOT_FOUND", s->schedule_id));
    }
    rig_crash(&r);
    set_back(&r, s, hour_ms);
    lead_again(&r, 2);
    schedule *now = await_slots(&r, s->schedule_id, 1, 0);
    cr_assert_not_null(now->last_task_id);
    ask(&r, &r.client, MSG_TASK_GET, &(task_get){.task_id = now->last_task_id});
    cogo_msg *msg = take(&r.client, MSG_TASK);
    cr_assert_not_null(msg);
    cr_expect_str_eq(((const task *)cogo_msg_payload(msg))->tenant, "acme");
    cogo_msg_destroy(msg);
    free(now);
    free(s);
    rig_end(&r);
}
