#include "tests/unit/sandbox/box.h"
#include "tests/unit/test.h"

#include <fcntl.h>

static void put(const char *folder, const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    if (file != NULL) {
        (void)fputs(text, file);
        (void)fclose(file);
    }
}

static bool holds(const char *folder, const char *name)
{
    char path[512];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return lstat(path, &st) == 0;
}

Test(folder, nesting_without_end_is_removed)
{
    enum { LEVELS = 6000 }; /* Far beyond PATH_MAX and the limit of descriptors. */
    box b = box_make();
    int fd = open(b.workdir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < LEVELS; i++) {
        cr_assert_eq(mkdirat(fd, "d", i % 2 == 0 ? 0700 : 0), 0);
        cr_assert_eq(fchmodat(fd, "d", 0700, 0), 0);
        int next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        cr_assert_geq(next, 0);
        (void)close(fd);
        fd = next;
    }
    (void)close(fd);
    box_remove(&b);
    cr_expect_neq(access(b.base, F_OK), 0);
}

Test(folder, unreadable_folders_and_links_are_removed_and_not_followed)
{
    box b = box_make(), other = box_make();
    put(other.workdir, "keep", "x");
    char path[256];
    (void)snprintf(path, sizeof path, "%s/a", b.workdir);
    cr_assert_eq(mkdir(path, 0700), 0);
    put(path, "file", "x");
    cr_assert_eq(chmod(path, 0), 0);
    (void)snprintf(path, sizeof path, "%s/link", b.workdir);
    cr_assert_eq(symlink(other.workdir, path), 0);

    sandbox_folder_remove(path); /* A link given as the folder itself: only the link. */
    cr_expect_not(holds(b.workdir, "link"));
    cr_assert_eq(symlink(other.workdir, path), 0);
    box_remove(&b);
    cr_expect_neq(access(b.base, F_OK), 0);
    cr_expect(holds(other.workdir, "keep"));
    box_remove(&other);
}

Test(folder, one_is_made_private_and_a_file_is_none)
{
    box b = box_make();
    struct stat st;
    cr_assert_eq(stat(b.workdir, &st), 0);
    cr_expect_eq(st.st_mode & 07007, 0u);
    cr_expect_eq(sandbox_folder_create(b.workdir), COGO_OK);
    put(b.base, "file", "x");
    char path[256];
    (void)snprintf(path, sizeof path, "%s/file", b.base);
    cr_expect_neq(sandbox_folder_create(path), COGO_OK);
    (void)snprintf(path, sizeof path, "%s/no/parent", b.base);
    cr_expect_eq(sandbox_folder_create(path), COGO_ENOTFOUND);
    box_remove(&b);
}

Test(import, a_hostile_tree_is_copied_as_far_as_it_is_harmless)
{
    box b = box_make();
    char from[256], path[512];
    (void)snprintf(from, sizeof from, "%s/from", b.base);
    (void)snprintf(path, sizeof path, "%s/from/sub/.git", b.base);
    cr_assert_eq(mkdir(from, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/sub", from);
    cr_assert_eq(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof path, "%s/sub/.git", from);
    cr_assert_eq(mkdir(path, 0755), 0);
    put(path, "config", "x");
    put(from, "file.c", "int x;\n");
    (void)snprintf(path, sizeof path, "%s/pipe", from);
    cr_assert_eq(mkfifo(path, 0644), 0);
    (void)snprintf(path, sizeof path, "%s/sub/loop", from);
    cr_assert_eq(symlink("../sub", path), 0);
    (void)snprintf(path, sizeof path, "%s/sub/out", from);
    cr_assert_eq(symlink("../../outside", path), 0);
    (void)snprintf(path, sizeof path, "%s/absolute", from);
    cr_assert_eq(symlink("/etc/passwd", path), 0);

    sandbox_import_report report;
    cr_assert_eq(sandbox_import(from, b.workdir, 100, 1000, &report), COGO_OK);
    cr_expect_eq(report.files, 2u);
    cr_expect_eq(report.bytes, 7u);
    cr_expect_eq(report.skipped_files, 3u);
    cr_expect_not(report.limit_hit);
    cr_expect(holds(b.workdir, "file.c"));
    cr_expect(holds(b.workdir, "sub/loop"));
    cr_expect_not(holds(b.workdir, "sub/out"));
    cr_expect_not(holds(b.workdir, "sub/.git"));
    cr_expect_not(holds(b.workdir, "pipe"));
    cr_expect_not(holds(b.workdir, "absolute"));
    box_remove(&b);
}

Test(import, its_limits_hold_and_are_told)
{
    box b = box_make();
    char from[256];
    (void)snprintf(from, sizeof from, "%s/from", b.base);
    cr_assert_eq(mkdir(from, 0700), 0);
    put(from, "large", "0123456789");
    put(from, "small", "0");
    sandbox_import_report report;
    cr_assert_eq(sandbox_import(from, b.workdir, 100, 5, &report), COGO_OK);
    cr_expect(report.limit_hit);
    cr_expect_eq(report.files, 1u);
    cr_expect_not(holds(b.workdir, "large"));
    cr_expect_str_eq(report.first_skipped, "large: over the limit of bytes");

    cr_assert_eq(sandbox_import(from, b.workdir, 0, 1000, &report), COGO_OK);
    cr_expect(report.limit_hit);
    cr_expect_eq(report.files, 0u);
    box_remove(&b);
}

Test(import, a_missing_tree_or_a_file_is_an_error)
{
    box b = box_make();
    sandbox_import_report report;
    cr_expect_eq(sandbox_import("/no/such/tree", b.workdir, 1, 1, &report), COGO_ENOTFOUND);
    cr_expect_eq(sandbox_import("/etc/passwd", b.workdir, 1, 1, &report), COGO_EINVAL);
    box_remove(&b);
}

/* `cogo assess .` with the work folder somewhere below it. */
Test(import, a_folder_inside_the_tree_does_not_get_itself)
{
    box b = box_make();
    put(b.base, "file", "x");
    sandbox_import_report report;
    cr_assert_eq(sandbox_import(b.base, b.workdir, 100, 1000, &report), COGO_OK);
    cr_expect_eq(report.files, 1u);
    cr_expect_not(holds(b.workdir, "work"));
    box_remove(&b);
}
