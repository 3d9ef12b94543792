/* Links over TLS with certificates on both sides, and those that are not let in. */
#include "tests/unit/runtime/certificates.h"
#include "tests/unit/runtime/cluster.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

typedef struct authority {
    issued ca, a, b;
    files at_a, at_b;
} authority;

static void found(authority *au)
{
    au->ca = issue("", NULL, 30);
    au->a = issue("a", &au->ca, 30);
    au->b = issue("b", &au->ca, 30);
    files_write(&au->at_a, &au->a, &au->ca);
    files_write(&au->at_b, &au->b, &au->ca);
}

static void dissolve(authority *au)
{
    files_remove(&au->at_a);
    files_remove(&au->at_b);
    issued_free(&au->a);
    issued_free(&au->b);
    issued_free(&au->ca);
}

static cogo_node_config over_tls(const char *name, const files *f, bool secret)
{
    cogo_node_config config = cluster_config(name);
    config.tls_cert = f->cert;
    config.tls_key = f->key;
    config.tls_ca = f->ca;
    if (!secret) {
        config.secret = NULL;
        config.secret_size_bytes = 0;
    }
    return config;
}

static uint64_t refused(const place *p, cogo_node_refusal why)
{
    cogo_node_stats stats = {.struct_size = sizeof stats};
    cr_expect_eq(cogo_node_stats_read(p->system, &stats), COGO_OK);
    return stats.refused[why];
}

static void talk_over_tls(bool secret)
{
    authority au;
    place a, b;
    found(&au);
    place_open(&a, over_tls("a", &au.at_a, secret), NULL);
    place_open(&b, over_tls("b", &au.at_b, secret), &a);
    (void)cluster_echo(&a, "echo");
    cogo_actor_id far = cluster_find(&b, "a", "echo");
    for (uint64_t n = 0; n < 60; n++) {
        size_t size = n % 20 == 19 ? 900000 : 8;
        cogo_msg *msg = cogo_msg_create(b.system, CLUSTER_ECHO, size), *answer = NULL;
        memset(cogo_msg_payload(msg), (int)n, size);
        cr_assert_eq(cogo_system_ask(b.system, far, msg, SCENE_LONG_NS, &answer), COGO_OK);
        cr_expect_eq(cogo_msg_size(answer), size);
        cr_expect_eq(((const uint8_t *)cogo_msg_payload(answer))[size - 1], n);
        cogo_msg_destroy(answer);
    }
    uint64_t sent = 0;
    while (sent < 2000) { // In order, none lost, though the queue is full now and then.
        if (cogo_system_send(b.system, far, scene_msg_u64(b.system, CLUSTER_COUNT, sent))
            == COGO_OK) {
            sent++;
        } else {
            (void)scene_ask_u64(b.system, far);
        }
    }
    uint64_t got = 0;
    while ((got = scene_ask_u64(b.system, far)) == UINT64_MAX) {
    }
    cr_expect_eq(got, 2000u);
    place_close(&b);
    place_close(&a);
    dissolve(&au);
}

Test(node_tls, two_nodes_of_one_authority_talk_with_and_without_a_secret)
{
    talk_over_tls(false);
    talk_over_tls(true);
}

/* A node that wants to join @p a, until one of its tries was refused there for @p why. */
static void must_be_refused(place *a, cogo_node_config config, cogo_node_refusal why)
{
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", cogo_node_port(a->system));
    config.join = address;
    uint64_t before = refused(a, why);
    cogo_system *system = scene_open(1);
    cr_assert_eq(cogo_node_start(system, &config), COGO_OK);
    while (refused(a, why) < before + 2) { // It tries again.
        usleep(1000);
    }
    cr_expect_eq(cogo_node_find(a->system, config.name), 0u);
    cr_expect_eq(cogo_node_find(system, "a"), 0u);
    cr_expect_eq(cogo_node_stop(system, SCENE_LONG_NS), COGO_OK);
    scene_close(system);
}

Test(node_tls, wrong_certificates_are_refused_and_counted)
{
    authority au;
    place a;
    found(&au);
    issued other_ca = issue("", NULL, 30);
    issued strange = issue("b", &other_ca, 30), old = issue("b", &au.ca, -1),
           named = issue("c", &au.ca, 30);
    files at_strange, at_old, at_named;
    files_write(&at_strange, &strange, &au.ca);
    files_write(&at_old, &old, &au.ca);
    files_write(&at_named, &named, &au.ca);
    place_open(&a, over_tls("a", &au.at_a, false), NULL);
    must_be_refused(&a, over_tls("b", &at_strange, false), COGO_REFUSED_TLS);
    must_be_refused(&a, over_tls("b", &at_old, false), COGO_REFUSED_TLS);
    must_be_refused(&a, over_tls("b", &at_named, false), COGO_REFUSED_TLS);
    must_be_refused(&a, cluster_config("b"), COGO_REFUSED_TLS); // Speaks plainly.
    // The secret is asked for besides the certificate: one that lacks it stays outside.
    place_close(&a);
    place_open(&a, over_tls("a", &au.at_a, true), NULL);
    must_be_refused(&a, over_tls("b", &au.at_b, false), COGO_REFUSED_SECRET);
    place_close(&a);
    place_open(&a, cluster_config("a"), NULL);
    must_be_refused(&a, over_tls("b", &au.at_b, true), COGO_REFUSED_MALFORMED);
    place_close(&a);
    files_remove(&at_strange);
    files_remove(&at_old);
    files_remove(&at_named);
    issued_free(&strange);
    issued_free(&old);
    issued_free(&named);
    issued_free(&other_ca);
    dissolve(&au);
}

/* A client that knows the protocol and has no certificate. */
Test(node_tls, without_a_certificate_nobody_comes_in)
{
    authority au;
    place a;
    found(&au);
    place_open(&a, over_tls("a", &au.at_a, false), NULL);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(cogo_node_port(a.system))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    SSL_set_fd(ssl, fd);
    char byte;
    (void)SSL_connect(ssl); // Done before the other side has looked for a certificate.
    cr_expect_leq(SSL_read(ssl, &byte, 1), 0);
    while (refused(&a, COGO_REFUSED_TLS) == 0) {
        usleep(1000);
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    place_close(&a);
    dissolve(&au);
}

Test(node_tls, files_that_can_not_be_used_are_named_at_the_start)
{
    authority au;
    found(&au);
    cogo_system *system = scene_open(1);
    cogo_node_config config = over_tls("a", &au.at_a, false);
    config.listen = "127.0.0.1:0";
    config.tls_ca = NULL;
    cr_expect_eq(cogo_node_start(system, &config), COGO_EINVAL, "all three or none");
    config.tls_ca = "/nowhere/ca.pem";
    cr_expect_eq(cogo_node_start(system, &config), COGO_EIO);
    config.tls_ca = au.at_a.ca;
    config.tls_key = au.at_b.key;
    cr_expect_eq(cogo_node_start(system, &config), COGO_EIO, "the key of another certificate");
    config.tls_key = au.at_a.key;
    config.listen = "0.0.0.0:0";
    cr_expect_eq(cogo_node_start(system, &config), COGO_OK, "not only loopback any more");
    cr_expect_eq(cogo_node_stop(system, SCENE_LONG_NS), COGO_OK);
    scene_close(system);
    dissolve(&au);
}

static bool check_says(const cogo_node_config *config, cogo_err wanted, const char *word)
{
    char why[300];
    cogo_err err = cogo_node_tls_check(config, why, sizeof why);
    cr_expect_eq(err, wanted, "%s: %s", cogo_strerror(err), why);
    cr_expect_not_null(strstr(why, word), "'%s' is not in '%s'", word, why);
    return err == wanted;
}

Test(node_tls, what_peers_would_refuse_is_found_before_the_start)
{
    authority au;
    found(&au);
    issued old = issue("a", &au.ca, -1), other_ca = issue("", NULL, 30);
    issued wild = issue("*.cogo.nodes", &au.ca, 30);
    files at_old, at_other, at_wild;
    files_write(&at_old, &old, &au.ca);
    files_write(&at_other, &au.a, &other_ca);
    files_write(&at_wild, &wild, &au.ca);
    cogo_node_config none = cluster_config("a"), config = over_tls("a", &au.at_a, false);
    cr_expect(check_says(&none, COGO_OK, ""));
    cr_expect(check_says(&config, COGO_OK, ""));
    config.name = "b";
    cr_expect(check_says(&config, COGO_EIO, "the node, b"));
    config.name = NULL;
    cr_expect(check_says(&config, COGO_EINVAL, ""));
    config = over_tls("a", &au.at_a, false);
    config.tls_key = NULL;
    cr_expect(check_says(&config, COGO_EINVAL, ""));
    config = over_tls("a", &at_old, false);
    cr_expect(check_says(&config, COGO_EIO, "certificate has expired"));
    cr_expect(check_says(&config, COGO_EIO, at_old.cert), "the file is named");
    config = over_tls("a", &at_other, false);
    cr_expect(check_says(&config, COGO_EIO, "certificate signature failure"));
    config = over_tls("pod-0.cogo.nodes", &at_wild, false);
    cr_expect(check_says(&config, COGO_OK, ""));
    config.name = "pod-0.else.nodes";
    cr_expect(check_says(&config, COGO_EIO, "pod-0.else.nodes"));
    files_remove(&at_old);
    files_remove(&at_other);
    files_remove(&at_wild);
    issued_free(&old);
    issued_free(&other_ca);
    issued_free(&wild);
    dissolve(&au);
}

/* The authority changes under a running cluster: links that are there stay, new ones are of the
 * new authority. */
Test(node_tls, other_certificates_are_taken_into_use_for_new_links)
{
    authority old, fresh;
    place a, b, c;
    char why[300];
    found(&old);
    found(&fresh);
    issued named_c = issue("c", &fresh.ca, 30);
    files at_c;
    files_write(&at_c, &named_c, &fresh.ca);
    place_open(&a, over_tls("a", &old.at_a, false), NULL);
    place_open(&b, over_tls("b", &old.at_b, false), &a);
    (void)cluster_echo(&a, "echo");
    (void)cluster_find(&b, "a", "echo");
    cogo_node_config config = over_tls("a", &fresh.at_b, false);
    cr_expect_eq(cogo_node_tls_renew(a.system, &config, why, sizeof why), COGO_EIO);
    cr_expect_not_null(strstr(why, "the node, a"), "%s", why);
    config = over_tls("a", &fresh.at_a, false);
    cr_expect_eq(cogo_node_tls_renew(a.system, &config, why, sizeof why), COGO_OK);
    place_open(&c, over_tls("c", &at_c, false), &a);
    (void)cluster_find(&c, "a", "echo");
    cr_expect_neq(cogo_node_find(a.system, "b"), 0u, "its link is of before");
    config.tls_ca = NULL;
    cr_expect_eq(cogo_node_tls_renew(a.system, &config, why, sizeof why), COGO_EINVAL);
    place_close(&c);
    place_close(&b);
    place_close(&a);
    place_open(&a, cluster_config("a"), NULL);
    config = over_tls("a", &fresh.at_a, false);
    cr_expect_eq(cogo_node_tls_renew(a.system, &config, why, sizeof why), COGO_ESTATE);
    place_close(&a);
    files_remove(&at_c);
    issued_free(&named_c);
    dissolve(&old);
    dissolve(&fresh);
}
