/* What is a secret, what only looks like one, and what is left to see of it. */
#include "actors/roles/secret.h"
#include "tests/unit/test.h"

#include <string.h>

static bool is_secret(const char *line)
{
    secret_hit hit;
    return secret_find(line, strlen(line), 0, false, &hit);
}

/* Written in two parts, so that no scanner takes this file for a leak. */
Test(secret, keys_and_passwords_are_found)
{
    static const char *const lines[] = {
        "key = \"AKIA"
        "IOSFODNN7QXAMPLZ\"",
        "const char *k = \"AKIA"
        "IOSFODNN7EXAMPLE\";",
        "token: ghp_"
        "16C7e42F292c6912E7710c838347Ae178B4a",
        "GITLAB=glpat-"
        "a1B2c3D4e5F6g7H8i9J0",
        "slack xoxb-"
        "123456789012-abcdefGHIJKL",
        "-----BEGIN RSA "
        "PRIVATE KEY-----",
        "-----BEGIN "
        "PRIVATE KEY-----\\nMIIEvQ",
        "auth: eyJhbGciOiJIUzI1NiJ9."
        "eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
        "PASSWORD = \"hunter2-"
        "Secr3t!\"",
        "db_password: 'kX9#mQ2$"
        "vL5'",
        "#define API_KEY \"q8Zr1Tn6"
        "Vw3Yb0Lk\"",
        "\"client_secret\": \"Zm9vYmFyQmF6"
        "UXV4MTIz\"",
        "AIza"
        "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        /* '$' alone marks a placeholder in this house: that line is no hit by design. */
        bool placeholder = strchr(lines[i], '$') != NULL;
        cr_expect_eq(is_secret(lines[i]), !placeholder, "%s", lines[i]);
    }
}

Test(secret, names_prompts_and_placeholders_are_none)
{
    static const char *const lines[] = {
        "password = getenv(\"DB_PASSWORD\")",
        "elif token == \"#bygr0up!\":",
        "if (password === 'Hunter2!x')",
        "password = \"\"",
        "password: changeme",
        "API_KEY = \"your-api-key-here\"",
        "token = \"<token>\"",
        "secret = \"${SECRET}\"",
        "password_field = \"user_password\"",
        "token = \"auth.token.path\"",
        "prompt = \"Enter password: \"",
        "const char *token = \"identifier\";",
        "if (strstr(text, \"-----BEGIN RSA PRIVATE KEY-----\"))",
        "AKIA is how they begin",
        "AKIAXXXXXXXXXXXXXXXX",
        "commit 16C7e42F292c6912E7710c838347Ae178B4a",
        "-----BEGIN PUBLIC KEY-----",
        "passwd = input(\"Password for %s: \")",
        "tokens = \"abc def\"",
        "monkey = \"b4n4n4-Tree!\"",
        "next_token = lexer->next(\"a1b2c3d4e5\")",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cr_expect_not(is_secret(lines[i]), "%s", lines[i]);
    }
}

Test(secret, in_tests_only_known_forms_count)
{
    secret_hit hit;
    const char *made_up = "password = \"hunter2-Secr3t!\"";
    const char *document = "key = \"AKIAIOSFODNN7EXAMPLE\"", *real = "AKIAIOSFODNN7QXAMPLZ";
    cr_expect_not(secret_find(made_up, strlen(made_up), 0, true, &hit));
    cr_expect_not(secret_find(document, strlen(document), 0, true, &hit));
    cr_expect(secret_find(real, strlen(real), 0, true, &hit));
    cr_expect_str_eq(hit.rule_id, "secret-aws-key");
}

Test(secret, the_known_form_wins_over_the_name)
{
    secret_hit hit;
    const char *line = "api_key = \"AKIAIOSFODNN7QXAMPLZ\"";
    cr_assert(secret_find(line, strlen(line), 0, false, &hit));
    cr_expect_str_eq(hit.rule_id, "secret-aws-key");
    cr_expect_eq(hit.start, 11u);
    cr_expect_eq(hit.size, 20u);
}

Test(secret, masks_show_four_characters_at_most_and_hide_the_length)
{
    char mask[SECRET_MASK_MAX + 1];
    secret_mask("AKIAIOSFODNN7EXAMPLE", 20, mask);
    cr_expect_str_eq(mask, "AKIA****************");
    secret_mask("0123456789012345678901234567890123456789", 40, mask);
    cr_expect_str_eq(mask, "0123****************");
    secret_mask("hunter2!", 8, mask);
    cr_expect_str_eq(mask, "hu******", "four would be half of it");
    secret_mask("abc", 3, mask);
    cr_expect_str_eq(mask, "***");
}

Test(secret, masking_a_text_hides_all_of_them)
{
    char text[] = "one AKIAIOSFODNN7QXAMPLZ two password='hunter2-Secr3t!' end";
    secret_mask_text(text);
    cr_expect_str_eq(text, "one AKIA**************** two password='hunt***********' end");
    char quoted[] = "value 'hunter2hunter2' and \"x\"";
    secret_mask_quoted(quoted);
    cr_expect_str_eq(quoted, "value 'hunt**********' and \"*\"");
}
