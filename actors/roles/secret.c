#include "actors/roles/secret.h"

#include "actors/roles/words.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum {
    ALPHABET_UPPER = 1, /* A-Z 0-9 */
    ALPHABET_WORD = 2,  /* A-Z a-z 0-9 _ */
    ALPHABET_URL = 3,   /* ... and - */
    ALPHABET_JWT = 4,   /* ... and . */
    ALPHABET_BASE64 = 5,
};

/* A prefix that nothing else has, then at least @p min characters of an alphabet. */
static const struct form {
    const char *prefix;
    size_t min, max;
    int alphabet;
    const char *rule_id, *title;
} forms[] = {
    {"AKIA", 16, 16, ALPHABET_UPPER, "secret-aws-key", "AWS access key"},
    {"ASIA", 16, 16, ALPHABET_UPPER, "secret-aws-key", "AWS temporary access key"},
    {"ghp_", 36, 255, ALPHABET_WORD, "secret-github-token", "GitHub token"},
    {"gho_", 36, 255, ALPHABET_WORD, "secret-github-token", "GitHub token"},
    {"ghs_", 36, 255, ALPHABET_WORD, "secret-github-token", "GitHub token"},
    {"github_pat_", 60, 255, ALPHABET_WORD, "secret-github-token", "GitHub token"},
    {"glpat-", 20, 255, ALPHABET_URL, "secret-gitlab-token", "GitLab token"},
    {"xoxb-", 20, 255, ALPHABET_URL, "secret-slack-token", "Slack token"},
    {"xoxp-", 20, 255, ALPHABET_URL, "secret-slack-token", "Slack token"},
    {"xoxa-", 20, 255, ALPHABET_URL, "secret-slack-token", "Slack token"},
    {"hooks.slack.com/services/T", 20, 255, ALPHABET_BASE64, "secret-slack-hook",
     "Slack webhook"},
    {"AIza", 35, 35, ALPHABET_URL, "secret-google-key", "Google API key"},
    {"sk_live_", 20, 255, ALPHABET_WORD, "secret-stripe-key", "Stripe key"},
    {"rk_live_", 20, 255, ALPHABET_WORD, "secret-stripe-key", "Stripe key"},
    {"sk-ant-", 30, 255, ALPHABET_URL, "secret-llm-key", "model provider key"},
    {"sk-proj-", 30, 255, ALPHABET_URL, "secret-llm-key", "model provider key"},
    {"npm_", 36, 36, ALPHABET_WORD, "secret-npm-token", "npm token"},
    {"pypi-AgEI", 50, 255, ALPHABET_URL, "secret-pypi-token", "PyPI token"},
    {"SG.", 60, 80, ALPHABET_JWT, "secret-sendgrid-key", "SendGrid key"},
    {"eyJ", 60, 4096, ALPHABET_JWT, "secret-jwt", "JSON web token"},
};

/* Ends of names whose value is a secret. */
static const char *const names[] = {"password", "passwd",       "passphrase",    "secret",
                                    "apikey",   "secretkey",    "accesskey",     "authtoken",
                                    "token",    "accesstoken",  "privatekey",    "pwd",
                                    "dbpass",   "clientsecret", "encryptionkey", "signingkey"};

static bool in_alphabet(int alphabet, char c)
{
    unsigned char u = (unsigned char)c;
    switch (alphabet) {
    case ALPHABET_UPPER:
        return isupper(u) || isdigit(u);
    case ALPHABET_WORD:
        return isalnum(u) || c == '_';
    case ALPHABET_URL:
        return isalnum(u) || c == '_' || c == '-';
    case ALPHABET_JWT:
        return isalnum(u) || c == '_' || c == '-' || c == '.';
    default:
        return isalnum(u) || c == '+' || c == '/' || c == '=';
    }
}

/* How alike the characters are: the chance that two of them are equal (2 to the power of minus
 * the collision entropy). Random base64 is near 0.03, "aaaa" is 1. */
static double sameness(const char *text, size_t size)
{
    unsigned counts[256] = {0};
    double sum = 0;
    for (size_t i = 0; i < size; i++) {
        counts[(unsigned char)text[i]]++;
    }
    for (int i = 0; i < 256; i++) {
        sum += (double)counts[i] * (double)counts[i];
    }
    return size == 0 ? 1.0 : sum / ((double)size * (double)size);
}

/* "changeme", "<your key>", "${TOKEN}", "xxxx": nothing that opens a door. */
static bool is_placeholder(const char *value, size_t size)
{
    static const char *const words[] = {
        "example",     "changeme", "change_me", "change-me", "your",
        "placeholder", "dummy",    "sample",    "xxxx",      "redacted",
        "****",        "....",     "todo",      "insert",    "replace",
        "none",        "null",     "undefined", "fake",      "1234567890abcdef"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (word_in(value, size, words[i])) {
            return true;
        }
    }
    return memchr(value, '{', size) != NULL || memchr(value, '<', size) != NULL
           || memchr(value, '$', size) != NULL || memchr(value, '%', size) != NULL;
}

static bool match_form(const struct form *form, const char *line, size_t size, size_t at,
                       bool lenient, secret_hit *out)
{
    size_t prefix = strlen(form->prefix);
    if (size - at < prefix + form->min || memcmp(line + at, form->prefix, prefix) != 0
        || (at > 0 && in_alphabet(ALPHABET_WORD, line[at - 1]))) {
        return false;
    }
    size_t end = at + prefix;
    while (end < size && end - at < prefix + form->max
           && in_alphabet(form->alphabet, line[end])) {
        end++;
    }
    size_t body = end - at - prefix;
    bool ends = end == size || !in_alphabet(form->alphabet, line[end]);
    if (body < form->min || !ends || word_in(line + at, end - at, "xxxxxx")
        || sameness(line + at + prefix, body) > 0.2) {
        return false;
    }
    if (form->alphabet == ALPHABET_JWT && form->prefix[0] == 'e'
        && memchr(line + at, '.', end - at) == NULL) {
        return false;
    }
    /* The key that the vendor's documents use. */
    if (lenient && end - at == 20 && memcmp(line + at + 13, "EXAMPLE", 7) == 0) {
        return false;
    }
    *out = (secret_hit){form->rule_id, form->title, at, end - at, false};
    return true;
}

static bool match_private_key(const char *line, size_t size, size_t at, secret_hit *out)
{
    static const char begin[] = "-----BEGIN ";
    size_t n = sizeof begin - 1;
    if (size - at < n || memcmp(line + at, begin, n) != 0) {
        return false;
    }
    size_t end = at + n;
    while (end < size && (isupper((unsigned char)line[end]) || line[end] == ' ')) {
        end++;
    }
    if (end - at < n + 11 || memcmp(line + end - 11, "PRIVATE KEY", 11) != 0 || end + 5 > size
        || memcmp(line + end, "-----", 5) != 0) {
        return false;
    }
    /* Code that looks for the header is no key: a key's line ends here, or goes on with "\n".
     */
    size_t rest = end + 5;
    if (rest < size && line[rest] != '\r' && line[rest] != '\\') {
        return false;
    }
    if (rest + 2 < size && line[rest] == '\\' && !isalnum((unsigned char)line[rest + 2])) {
        return false;
    }
    *out = (secret_hit){"secret-private-key", "private key", at, rest - at, false};
    return true;
}

/* Does the name that ends at @p end (exclusive) say that its value is secret? */
static bool name_is_secret(const char *line, size_t start, size_t end)
{
    char name[64];
    size_t n = 0;
    for (size_t i = start; i < end; i++) {
        if (line[i] != '_' && line[i] != '-') {
            if (n + 1 >= sizeof name) {
                return false;
            }
            name[n++] = (char)tolower((unsigned char)line[i]);
        }
    }
    name[n] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t size = strlen(names[i]);
        if (n >= size && strcmp(name + n - size, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool value_is_secret(const char *value, size_t size)
{
    bool digit = false, lower = false, upper = false, other = false;
    if (size < 8 || size > 256 || is_placeholder(value, size)) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)value[i];
        if (c <= ' ' || c > '~') {
            return false; /* A sentence, a prompt. */
        }
        digit = digit || isdigit(c);
        lower = lower || islower(c);
        upper = upper || isupper(c);
        other =
            other || (ispunct(c) && c != '_' && c != '-' && c != '.' && c != '/' && c != ':');
    }
    /* "user_password", "auth.token.path", "/etc/token": names of things, not things. */
    int kinds = digit + (lower || upper) + other + (lower && upper && digit);
    return kinds >= 2 && sameness(value, size) <= 0.2;
}

/* name = "value", name: 'value', "name": "value", #define NAME "value", name=value (shell). */
static bool match_assignment(const char *line, size_t size, size_t at, secret_hit *out)
{
    size_t end = at;
    while (end < size && in_alphabet(ALPHABET_URL, line[end])) {
        end++;
    }
    if (end == at || !name_is_secret(line, at, end)) {
        return false;
    }
    size_t p = end;
    bool sign = false;
    while (p < size && p - end < 8 && strchr("\"' \t:=[]", line[p]) != NULL
           && line[p] != '\0') {
        if (line[p] == '=' && p + 1 < size && line[p + 1] == '=') {
            return false; /* Compares; what it compares with is seldom a secret. */
        }
        sign = sign || line[p] == '=' || line[p] == ':';
        if ((line[p] == '"' || line[p] == '\'') && (p > end || sign) && (sign || p > end)) {
            break;
        }
        p++;
    }
    bool define = p < size && line[p] == '"' && !sign && word_in(line, at, "#define");
    if (p >= size || (line[p] != '"' && line[p] != '\'') || (!sign && !define)) {
        return false;
    }
    const char *close = memchr(line + p + 1, line[p], size - p - 1);
    size_t value = close != NULL ? (size_t)(close - (line + p + 1)) : 0;
    if (!value_is_secret(line + p + 1, value)) {
        return false;
    }
    *out = (secret_hit){"secret-assignment", "password or key", p + 1, value, true};
    return true;
}

/* A known form says more than the name of a variable: all forms of the line come first. */
static bool find_known(const char *line, size_t size, size_t from, bool lenient,
                       secret_hit *out)
{
    for (size_t at = from; at < size; at++) {
        if (line[at] == '-' && match_private_key(line, size, at, out)) {
            return true;
        }
        bool starts = isalnum((unsigned char)line[at])
                      && (at == 0 || !in_alphabet(ALPHABET_WORD, line[at - 1]));
        for (size_t i = 0; starts && i < sizeof forms / sizeof forms[0]; i++) {
            if (forms[i].prefix[0] == line[at]
                && match_form(&forms[i], line, size, at, lenient, out)) {
                return true;
            }
        }
    }
    return false;
}

bool secret_find(const char *line, size_t size, size_t from, bool lenient, secret_hit *out)
{
    size = size < SECRET_LINE_MAX ? size : SECRET_LINE_MAX;
    if (find_known(line, size, from, lenient, out)) {
        return true;
    }
    for (size_t at = from; at < size && !lenient; at++) {
        bool starts = isalnum((unsigned char)line[at]) || line[at] == '_';
        bool inside = at > 0 && in_alphabet(ALPHABET_WORD, line[at - 1]);
        if (starts && !inside && match_assignment(line, size, at, out)) {
            return true;
        }
    }
    return false;
}

void secret_mask(const char *secret, size_t size, char out[SECRET_MASK_MAX + 1])
{
    size_t shown = size < SECRET_MASK_MAX ? size : SECRET_MASK_MAX;
    /* Of a short one, four characters would be half of it. */
    size_t clear = size >= 12 ? SECRET_SHOWN : size >= 8 ? 2u : 0u;
    for (size_t i = 0; i < shown; i++) {
        out[i] = i < clear && isprint((unsigned char)secret[i]) ? secret[i] : '*';
    }
    out[shown] = '\0';
}

static void hide(char *secret, size_t size)
{
    char mask[SECRET_MASK_MAX + 1];
    secret_mask(secret, size, mask);
    size_t shown = strlen(mask);
    memcpy(secret, mask, shown);
    memset(secret + shown, '*', size - shown);
}

void secret_mask_text(char *text)
{
    secret_hit hit;
    size_t size = strlen(text);
    /* Each round hides one; what is hidden matches no more. */
    for (size_t round = 0; round <= size && secret_find(text, size, 0, false, &hit); round++) {
        hide(text + hit.start, hit.size);
    }
}

void secret_mask_quoted(char *text)
{
    for (char *at = text; (at = strpbrk(at, "\"'")) != NULL;) {
        char *close = strchr(at + 1, *at);
        if (close == NULL) {
            return;
        }
        hide(at + 1, (size_t)(close - at - 1));
        at = close + 1;
    }
}
