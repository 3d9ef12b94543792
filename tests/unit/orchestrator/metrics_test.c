#include "tests/unit/orchestrator/rig.h"

static double sample(const metrics *all, const char *name, const char *suffix,
                     const char *labels)
{
    const metric_family *families = all->families.items;
    for (size_t i = 0; i < all->families.count; i++) {
        const metric_sample *samples = families[i].samples.items;
        for (size_t j = 0; j < families[i].samples.count; j++) {
            bool same = labels == NULL ? samples[j].labels == NULL
                                       : samples[j].labels != NULL
                                             && strcmp(samples[j].labels, labels) == 0;
            if (strcmp(families[i].name, name) == 0 && same
                && (samples[j].suffix == NULL ? *suffix == '\0'
                                              : strcmp(samples[j].suffix, suffix) == 0)) {
                return samples[j].value;
            }
        }
    }
    return -1;
}

static double succeeded_as_seen_by(rig *r, const rig_probe *probe)
{
    ask(r, probe, MSG_METRICS_READ, &(empty){0});
    cogo_msg *msg = take(probe, MSG_METRICS);
    if (msg == NULL) {
        return -1;
    }
    double count = sample(cogo_msg_payload(msg), "cogo_tasks_total", "",
                          "role=\"echo\",status=\"succeeded\"");
    cogo_msg_destroy(msg);
    return count;
}

Test(metrics, count_a_task_as_finished_once_that_is_on_disk)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w", 1);
    (void)submit_echo(&r);
    rig_offer offer = take_offer(&w);
    store_hold(&r);
    say_result(&r, &w, &offer, RESULT_SUCCESS, false);
    cr_expect_eq(succeeded_as_seen_by(&r, &w.probe), 0);
    store_go(&r);
    cr_expect(take_ack(&w, "accepted"));
    cr_expect_eq(succeeded_as_seen_by(&r, &w.probe), 1);
    rig_end(&r);
}

Test(metrics, count_what_happened)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w", 1);
    rig_ids got = submit_echo(&r);
    rig_offer offer = take_offer(&w);
    say_started(&r, &w, &offer);
    say_result(&r, &w, &offer, RESULT_SUCCESS, false);
    cr_expect(take_ack(&w, "accepted"));
    say_result(&r, &w, &offer, RESULT_SUCCESS, false);
    cr_expect(take_ack(&w, "fenced"));
    cr_expect_eq(end_state(&r, got.ids[0]), TASK_SUCCEEDED);
    (void)submit(&r, &(instruction){.role = "researcher", .priority = PRIORITY_HIGH}, 1);
    ask(&r, &r.client, MSG_METRICS_READ, &(empty){0});
    cogo_msg *msg = take(&r.client, MSG_METRICS);
    cr_assert_not_null(msg);
    const metrics *all = cogo_msg_payload(msg);
    cr_expect_eq(sample(all, "cogo_tasks_total", "", "role=\"echo\",status=\"succeeded\""), 1);
    cr_expect_eq(sample(all, "cogo_queue_depth", "", "role=\"researcher\",priority=\"high\""),
                 1);
    cr_expect_eq(sample(all, "cogo_queue_wait_seconds", "_count", NULL), 1);
    cr_expect_eq(sample(all, "cogo_dispatch_seconds", "_count", NULL), 1);
    cr_expect_eq(sample(all, "cogo_task_duration_seconds", "_count", "role=\"echo\""), 1);
    cr_expect_eq(sample(all, "cogo_fenced_results_total", "", NULL), 1);
    cr_expect_eq(sample(all, "cogo_task_retries_total", "", NULL), 0);
    cr_expect_eq(sample(all, "cogo_leases_expired_total", "", NULL), 0);
    cr_expect_eq(sample(all, "cogo_leader", "", NULL), 1);
    cr_expect_geq(sample(all, "cogo_store_commit_seconds", "_count", NULL), 1);
    cr_expect_geq(sample(all, "cogo_store_batch_size", "_count", NULL), 1);
    cr_expect_eq(sample(all, "cogo_workers", "", "worker_type=\"indexing\",status=\"idle\""),
                 1);
    cr_expect_eq(sample(all, "cogo_worker_status", "",
                        "worker_type=\"indexing\",worker_id=\"w\",status=\"idle\""),
                 1);
    cogo_msg_destroy(msg);
    rig_end(&r);
}
