/* Every record of the contract.
 * Used by the tests of this folder.
 * Never part of a program. */
#ifndef TESTS_UNIT_CONTRACT_RECORDS_ALL_H
#define TESTS_UNIT_CONTRACT_RECORDS_ALL_H

#include "codec/contract/messages.h"

#define X(number, constant, name, record) &(record),
static const cogo_record *const records_all[] = {
    MESSAGE_MAP(X) & instruction_record,
    &llm_usage_record,
    &result_metadata_record,
    &agent_result_record,
    &task_progress_record,
    &performance_metrics_record,
    &role_capability_record,
    &dependency_result_record,
    &role_context_record,
    &role_execution_result_record,
    &actor_status_record,
    &node_status_record,
    &field_problem_record,
    &submit_item_record,
    &metric_sample_record,
    &metric_family_record,
    &store_change_record,
    &store_definition_record,
    &store_sweep_record,
    &store_swept_record,
};
#undef X
enum { RECORDS_ALL_COUNT = sizeof records_all / sizeof records_all[0] };

#endif
