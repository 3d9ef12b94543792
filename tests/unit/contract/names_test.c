#include "codec/contract/names.h"
#include "tests/unit/test.h"

#include <string.h>

static const char *const known[] = {"code-generator", "code-reviewer", "test-runner",
                                    "echo",           "learner",       NULL};

static const char *nearest(const char *name)
{
    const char *out[1];
    return names_nearest(name, known, out, 1) == 1 ? out[0] : "";
}

Test(names, a_slip_finds_the_name_that_was_meant)
{
    cr_expect_str_eq(nearest("code-reviwer"), "code-reviewer");
    cr_expect_str_eq(nearest("Code_Reviewer"), "code-reviewer");
    cr_expect_str_eq(nearest("tets-runner"), "test-runner");
    cr_expect_str_eq(nearest("ehco"), "echo");
    cr_expect_str_eq(nearest("learne"), "learner");
}

Test(names, nothing_is_offered_for_a_name_that_is_far_from_all)
{
    char huge[5000];
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    cr_expect_str_eq(nearest("kubernetes"), "");
    cr_expect_str_eq(nearest(""), "");
    cr_expect_str_eq(nearest(NULL), "");
    cr_expect_str_eq(nearest(huge), "");
}

Test(names, the_best_comes_first_and_no_more_than_asked_for)
{
    static const char *const list[] = {"abcx", "abxx", "abcd", "abcy", NULL};
    const char *out[3] = {NULL};
    cr_assert_eq(names_nearest("abcd", list, out, 2), 2u);
    cr_expect_str_eq(out[0], "abcd");
    cr_expect_str_eq(out[1], "abcx");
    cr_expect_null(out[2]);
    cr_expect_eq(names_nearest("abcd", list, out, 0), 0u);
}

Test(names, every_role_of_every_type_is_known_and_so_is_echo)
{
    size_t types = 0, roles = 0;
    for (const contract_worker_type *type = contract_worker_types; type->name; type++) {
        types++;
        for (size_t i = 0; type->roles[i] != NULL; i++) {
            roles++;
            cr_expect(contract_role_known(type->roles[i]));
        }
    }
    cr_expect_eq(types, 8u);
    cr_expect_eq(roles, 29u);
    cr_expect(contract_role_known("echo"));
    cr_expect_not(contract_role_known("ech"));
    cr_expect_not(contract_role_known(NULL));
}
