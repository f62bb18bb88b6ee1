/* SPDX-License-Identifier: BSD-2-Clause */
/* The passkey store: what it keeps, and each way in which it can be unusable. */
#include "phone-test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "bridge/common/error.h"
#include "bridge/phone/backup.h"

#define RECORDS 40 /* enough for pages of every kind */

static const HybStoreSettings with_passphrase = {.domain = 300, .name = "phone"};

typedef struct {
	char *dir;
	char *path;
} Place;

static void
place_init(Place *place)
{
	place->dir = test_dir_new();
	place->path = g_build_filename(place->dir, HYB_STORE_FILE, NULL);
}

static void
place_clear(Place *place)
{
	g_free(place->path);
	test_dir_remove(place->dir);
}

static void
create_locked(const Place *place)
{
	g_autoptr(GError) error = NULL;

	hyb_store_create(
	    place->path, &with_passphrase, TEST_PASSPHRASE, strlen(TEST_PASSPHRASE), &error);
	g_assert_no_error(error);
}

static void
create_test(const Place *place)
{
	const HybStoreSettings settings = {.test = TRUE, .name = "phone"};
	g_autoptr(GError) error = NULL;

	hyb_store_create(place->path, &settings, NULL, 0, &error);
	g_assert_no_error(error);
}

/* Opening fails, as storage, and says @words. */
static void
assert_unusable(const char *path, HybStoreUse use, const char *words)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HybStore) store = hyb_store_open(path, use, &error);

	g_assert_null(store);
	g_assert_error(error, HYB_ERROR, HYB_ERROR_STORAGE);
	if (strstr(error->message, words) == NULL)
		g_error("\"%s\" is not in \"%s\"", words, error->message);
}

static void
test_create(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HybStore) store = NULL;
	g_autofree char *deep = NULL;
	struct stat st;
	Place place;

	place_init(&place);
	deep = g_build_filename(place.dir, "a", NULL);
	g_free(place.path);
	place.path = g_build_filename(deep, HYB_STORE_FILE, NULL);
	create_locked(&place);
	g_assert_cmpint(stat(deep, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 0777, ==, 0700);
	g_assert_cmpint(stat(place.path, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 0777, ==, 0600);
	store = hyb_store_open(place.path, HYB_STORE_WRITE, &error);
	g_assert_no_error(error);
	g_assert_false(hyb_store_is_test(store));
	g_assert_cmpuint(hyb_store_domain(store), ==, 300);
	g_assert_cmpstr(hyb_store_name(store), ==, "phone");
	g_assert_cmpint(g_unlink(place.path), ==, 0);
	g_assert_cmpint(g_rmdir(deep), ==, 0);
	place_clear(&place);
}

static void
test_create_twice(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;
	gsize before_len, after_len;
	Place place;

	place_init(&place);
	create_locked(&place);
	g_assert_true(g_file_get_contents(place.path, &before, &before_len, NULL));
	g_assert_false(hyb_store_create(place.path, &with_passphrase, "another one", 11, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_STORAGE);
	g_assert_true(g_file_get_contents(place.path, &after, &after_len, NULL));
	g_assert_cmpmem(before, before_len, after, after_len);
	place_clear(&place);
}

static void
test_passphrase(void)
{
	static const char *const wrong[] = {
	    "", "x", "correct horse batter", "correct horse battery ", "Correct horse battery"};
	g_autoptr(GError) error = NULL;
	g_autoptr(HybStore) store = NULL;
	Place place;

	place_init(&place);
	create_locked(&place);
	store = hyb_store_open(place.path, HYB_STORE_WRITE, &error);
	g_assert_no_error(error);
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_assert_false(hyb_store_unlock(store, wrong[i], strlen(wrong[i]), &error));
		g_assert_error(error, HYB_ERROR, HYB_ERROR_STORAGE);
		g_assert_nonnull(strstr(error->message, "passphrase"));
		g_assert_true(hyb_store_may_retry(store));
		g_assert_false(hyb_store_is_unlocked(store));
		g_clear_error(&error);
	}
	g_assert_true(hyb_store_unlock(store, TEST_PASSPHRASE, strlen(TEST_PASSPHRASE), &error));
	g_assert_true(hyb_store_is_unlocked(store));
	place_clear(&place);
}

/* Neither names a key nor a passphrase stands in the file. */
static void
test_secrets_are_wrapped(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *contents = NULL;
	g_autoptr(GPtrArray) list = NULL;
	HybCredential *credential;
	guint8 id[32];
	gsize len;
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	test_add(&phone, "example.com", "alice", id);
	list = hyb_record_list(phone.store, NULL, &error);
	credential = g_ptr_array_index(list, 0);
	g_assert_cmpuint(credential->secret.key.len, ==, 0);
	g_assert_true(hyb_record_unlock(phone.store, credential, &error));
	g_assert_true(g_file_get_contents(phone.path, &contents, &len, NULL));
	g_assert_nonnull(memmem(contents, len, "example.com", 11));
	g_assert_null(memmem(contents, len, credential->secret.prf_verified, 16));
	g_assert_null(memmem(contents, len, credential->secret.prf_unverified, 16));
	g_assert_null(
	    memmem(contents, len, credential->secret.key.data, credential->secret.key.len));
	g_assert_null(memmem(contents, len, hyb_store_key(phone.store)->bytes, 16));
	test_phone_clear(&phone);
}

static void
test_missing(void)
{
	Place place;

	place_init(&place);
	assert_unusable(place.path, HYB_STORE_WRITE, "no passkey store");
	place_clear(&place);
}

static void
test_open_to_others(void)
{
	Place place;

	place_init(&place);
	create_test(&place);
	g_assert_cmpint(g_chmod(place.path, 0640), ==, 0);
	assert_unusable(place.path, HYB_STORE_READ, "open to other people");
	place_clear(&place);
}

/* Root may read and write everything, so then another user tries. */
static void
as_nobody(void (*run)(void))
{
	int status = -1;
	pid_t pid;

	if (geteuid() != 0) {
		run();
		return;
	}
	pid = fork();
	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		g_assert_cmpint(setresgid(65534, 65534, 65534), ==, 0);
		g_assert_cmpint(setresuid(65534, 65534, 65534), ==, 0);
		run();
		_exit(0);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_cmpint(status, ==, 0);
}

static void
try_unreadable(void)
{
	Place place;

	place_init(&place);
	create_test(&place);
	g_assert_cmpint(g_chmod(place.path, 0), ==, 0);
	assert_unusable(place.path, HYB_STORE_READ, "cannot be opened");
	place_clear(&place);
}

static void
test_unreadable(void)
{
	as_nobody(try_unreadable);
}

static void
try_read_only(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HybStore) store = NULL;
	Place place;

	place_init(&place);
	create_test(&place);
	g_assert_cmpint(g_chmod(place.dir, 0500), ==, 0);
	assert_unusable(place.path, HYB_STORE_WRITE, "can only be read");
	store = hyb_store_open(place.path, HYB_STORE_READ, &error);
	g_assert_no_error(error);
	g_clear_pointer(&store, hyb_store_free);
	g_assert_cmpint(g_chmod(place.dir, 0700), ==, 0);
	place_clear(&place);
}

static void
test_read_only(void)
{
	as_nobody(try_read_only);
}

static void
test_not_a_store(void)
{
	static const char *const contents[] = {"", "hello", "SQLite format 3"};
	Place place;

	place_init(&place);
	for (gsize i = 0; i < G_N_ELEMENTS(contents); i++) {
		g_assert_true(g_file_set_contents_full(
		    place.path, contents[i], -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
		assert_unusable(place.path, HYB_STORE_WRITE, "not a passkey store");
	}
	g_assert_cmpint(g_unlink(place.path), ==, 0);
	g_assert_cmpint(g_mkdir(place.path, 0700), ==, 0);
	assert_unusable(place.path, HYB_STORE_WRITE, "not a passkey store");
	g_assert_cmpint(g_rmdir(place.path), ==, 0);
	g_assert_cmpint(symlink("/dev/null", place.path), ==, 0);
	assert_unusable(place.path, HYB_STORE_WRITE, "not a passkey store");
	place_clear(&place);
}

static void
run_sql(const char *path, const char *sql)
{
	sqlite3 *db = NULL;

	g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_close(db), ==, SQLITE_OK);
}

static void
test_another_program_s_database(void)
{
	Place place;

	place_init(&place);
	run_sql(place.path, "CREATE TABLE store (one)");
	g_assert_cmpint(g_chmod(place.path, 0600), ==, 0);
	assert_unusable(place.path, HYB_STORE_WRITE, "not a passkey store");
	place_clear(&place);
}

static void
test_newer(void)
{
	Place place;

	place_init(&place);
	create_test(&place);
	run_sql(place.path, "PRAGMA user_version=2");
	assert_unusable(place.path, HYB_STORE_WRITE, "newer hybridge-phone");
	place_clear(&place);
}

static void
test_tampered_settings(void)
{
	static const char *const damages[] = {
	    "UPDATE store SET log_n = 63", "UPDATE store SET r = 0", "UPDATE store SET p = 200"};
	static const char *const unreadable[] = {"UPDATE store SET salt = x'00'",
	    "UPDATE store SET sealed_key = x'00'", "UPDATE store SET domain = 70000",
	    "UPDATE store SET name = CAST(x'ff' AS TEXT)", "DELETE FROM store", "DROP TABLE store"};

	for (gsize i = 0; i < G_N_ELEMENTS(damages); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(HybStore) store = NULL;
		Place place;

		place_init(&place);
		create_locked(&place);
		run_sql(place.path, damages[i]);
		store = hyb_store_open(place.path, HYB_STORE_WRITE, &error);
		g_assert_no_error(error);
		g_assert_false(
		    hyb_store_unlock(store, TEST_PASSPHRASE, strlen(TEST_PASSPHRASE), &error));
		g_assert_error(error, HYB_ERROR, HYB_ERROR_STORAGE);
		g_assert_nonnull(strstr(error->message, "out of bounds"));
		place_clear(&place);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(unreadable); i++) {
		Place place;

		place_init(&place);
		create_test(&place);
		run_sql(place.path, unreadable[i]);
		assert_unusable(place.path, HYB_STORE_WRITE, "damaged");
		place_clear(&place);
	}
}

/* A locked store must not be made a test store, nor the other way. */
static void
test_swapped_kind(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HybStore) store = NULL;
	Place place;

	place_init(&place);
	create_locked(&place);
	run_sql(place.path, "UPDATE store SET test = 1");
	store = hyb_store_open(place.path, HYB_STORE_WRITE, &error);
	g_assert_no_error(error);
	g_assert_false(hyb_store_unlock(store, NULL, 0, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_STORAGE);
	g_assert_false(hyb_store_may_retry(store));
	place_clear(&place);
}

/* A store with RECORDS passkeys, closed; and its bytes. */
static void
make_full(TestPhone *phone, char **contents, gsize *len)
{
	test_phone_init(phone, TRUE);
	for (guint i = 0; i < RECORDS; i++) {
		g_autofree char *user = g_strdup_printf("user %u", i);
		guint8 id[32];

		test_add(phone, "example.com", user, id);
	}
	g_clear_pointer(&phone->command, hyb_command_free);
	g_clear_pointer(&phone->store, hyb_store_free);
	g_assert_true(g_file_get_contents(phone->path, contents, len, NULL));
}

static void
overwrite(const char *path, const char *contents, gsize len)
{
	FILE *file = fopen(path, "we");

	g_assert_nonnull(file);
	g_assert_cmpuint(fwrite(contents, 1, len, file), ==, len);
	g_assert_cmpint(fclose(file), ==, 0);
}

/* Cut at any length: always a sentence of its own, never a store with fewer passkeys. */
static void
test_truncated(void)
{
	g_autofree char *contents = NULL;
	TestPhone phone;
	gsize len;

	make_full(&phone, &contents, &len);
	for (gsize cut = 0; cut < len; cut += cut < 200 ? 1 : 509) {
		g_autoptr(GError) error = NULL;
		g_autoptr(HybStore) store = NULL;

		overwrite(phone.path, contents, cut);
		store = hyb_store_open(phone.path, HYB_STORE_WRITE, &error);
		if (store != NULL)
			g_error("opened although cut to %zu of %zu bytes", cut, len);
		g_assert_error(error, HYB_ERROR, HYB_ERROR_STORAGE);
	}
	test_phone_clear(&phone);
}

/* Each page in turn overwritten: refused, or every passkey still there and usable, or the damaged
 * ones said to be so. */
static void
test_damaged(void)
{
	g_autofree char *contents = NULL;
	TestPhone phone;
	gsize len;
	guint refused = 0;

	make_full(&phone, &contents, &len);
	for (gsize at = 100; at < len; at += 1021) {
		g_autofree char *copy = g_memdup2(contents, len);
		g_autoptr(GError) error = NULL;
		g_autoptr(HybStore) store = NULL;
		g_autoptr(GPtrArray) list = NULL;

		for (gsize i = at; i < MIN(at + 16, len); i++)
			copy[i] = (char)(copy[i] ^ 0x5a);
		overwrite(phone.path, copy, len);
		store = hyb_store_open(phone.path, HYB_STORE_WRITE, &error);
		if (store != NULL && hyb_store_unlock(store, NULL, 0, &error))
			list = hyb_record_list(store, NULL, &error);
		for (guint i = 0; list != NULL && error == NULL && i < list->len; i++)
			hyb_record_unlock(store, g_ptr_array_index(list, i), &error);
		if (error != NULL) {
			g_assert_error(error, HYB_ERROR, HYB_ERROR_STORAGE);
			refused++;
		} else {
			g_assert_cmpuint(list->len, ==, RECORDS);
		}
	}
	g_assert_cmpuint(refused, >, 10);
	test_phone_clear(&phone);
}

/* The file may not grow: nothing is half-written, and the store goes on when there is room. */
static void
test_disk_full(void)
{
	g_autofree HybCtapMakeCredential *request = g_new0(HybCtapMakeCredential, 1);
	struct rlimit before, tight;
	guint8 id[32];
	guint made = 0;
	guint8 status;
	TestPhone phone;
	struct stat st;

	test_phone_init(&phone, TRUE);
	test_add(&phone, "example.com", "first", id);
	g_assert_cmpint(stat(phone.path, &st), ==, 0);
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
	tight = (struct rlimit){(rlim_t)st.st_size + 4096, before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &tight), ==, 0);
	do {
		g_autofree char *user = g_strdup_printf("user %u", made);

		test_make_request(request, "example.com", user);
		status = test_make(&phone, request, HYB_ANSWER_YES);
	} while (status == HYB_CTAP_OK && ++made < 1000);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
	g_assert_cmphex(status, ==, HYB_CTAP_KEY_STORE_FULL);
	g_assert_error(hyb_command_outcome(phone.command).error, HYB_ERROR, HYB_ERROR_STORAGE);
	test_phone_reopen(&phone, TRUE);
	{
		g_autoptr(GPtrArray) list = hyb_record_list(phone.store, NULL, NULL);

		g_assert_cmpuint(list->len, ==, made + 1);
	}
	test_add(&phone, "example.com", "last", id);
	test_phone_clear(&phone);
}

static void
test_disk_full_at_init(void)
{
	struct rlimit before, tight;
	gboolean made;
	Place place;
	g_autoptr(GError) error = NULL;

	place_init(&place);
	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
	tight = (struct rlimit){8192, before.rlim_max};
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &tight), ==, 0);
	made = hyb_store_create(
	    place.path, &with_passphrase, TEST_PASSPHRASE, strlen(TEST_PASSPHRASE), &error);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
	g_assert_false(made);
	g_assert_error(error, HYB_ERROR, HYB_ERROR_STORAGE);
	g_assert_cmpint(g_rmdir(place.dir), ==, 0); /* nothing is left in it */
	g_assert_cmpint(g_mkdir(place.dir, 0700), ==, 0);
	place_clear(&place);
}

/* What an init left that was killed is in nobody's way. */
static void
test_killed_init(void)
{
	g_autofree char *unfinished = NULL;
	Place place;

	place_init(&place);
	unfinished = g_strconcat(place.path, ".new", NULL);
	g_assert_true(g_file_set_contents(unfinished, "half", -1, NULL));
	assert_unusable(place.path, HYB_STORE_WRITE, "no passkey store");
	create_locked(&place);
	g_assert_false(g_file_test(unfinished, G_FILE_TEST_EXISTS));
	place_clear(&place);
}

static void
test_full(void)
{
	g_autofree HybCtapMakeCredential *request = g_new0(HybCtapMakeCredential, 1);
	g_autofree char *sql = g_strdup_printf(
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
	    "INSERT INTO credential SELECT randomblob(32), 'example.org', randomblob(16), '', '', "
	    "NULL, -7, 1, 1, 0, 0, 0, 0, x'00' FROM n",
	    HYB_RECORD_MAX - 1);
	guint8 id[32];
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	g_assert_cmpint(
	    sqlite3_exec(hyb_store_db(phone.store), sql, NULL, NULL, NULL), ==, SQLITE_OK);
	test_add(&phone, "example.com", "alice", id);
	test_make_request(request, "example.com", "bob");
	g_assert_cmphex(test_make(&phone, request, HYB_ANSWER_YES), ==, HYB_CTAP_KEY_STORE_FULL);
	test_phone_clear(&phone);
}

static void
test_backup(void)
{
	const HybPassphrase none = {.len = 0};
	g_autoptr(GError) error = NULL;
	g_autoptr(HybStore) backup = NULL;
	g_autofree char *path = NULL;
	g_autoptr(GPtrArray) list = NULL;
	guint8 alice[32], bob[32];
	guint n, n_here;
	TestPhone old, new;
	struct stat st;

	test_phone_init(&old, TRUE);
	test_phone_init(&new, TRUE);
	test_add(&old, "example.com", "alice", alice);
	test_add(&old, "example.com", "bob", bob);
	test_add(&new, "example.com", "bob", bob);
	path = g_build_filename(new.dir, "backup.db", NULL);
	g_assert_true(hyb_backup_export(old.store, &none, path, &n, &error));
	g_assert_cmpuint(n, ==, 2);
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 0777, ==, 0600);
	g_assert_false(hyb_backup_export(old.store, &none, path, &n, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_STORAGE); /* never over another file */
	g_clear_error(&error);
	g_assert_cmpint(g_chmod(path, 0644), ==, 0); /* as on a medium without modes */
	backup = hyb_store_open(path, HYB_STORE_BACKUP, &error);
	g_assert_no_error(error);
	g_assert_true(hyb_store_unlock(backup, NULL, 0, &error));
	g_assert_true(hyb_backup_import(new.store, backup, &n, &n_here, &error));
	g_assert_cmpuint(n, ==, 1);
	g_assert_cmpuint(n_here, ==, 1); /* bob has a newer one here */
	list = hyb_record_list(new.store, NULL, &error);
	g_assert_cmpuint(list->len, ==, 2);
	for (guint i = 0; i < list->len; i++) {
		HybCredential *credential = g_ptr_array_index(list, i);
		gboolean restored = memcmp(credential->id, alice, 32) == 0;

		g_assert_true(hyb_record_unlock(new.store, credential, &error));
		g_assert_cmpint(credential->backed_up, ==, restored);
		g_assert_cmpuint(credential->sign_count, ==, restored ? HYB_BACKUP_COUNT_STEP : 0);
	}
	g_assert_true(hyb_backup_import(new.store, backup, &n, &n_here, &error));
	g_assert_cmpuint(n, ==, 0);
	test_phone_clear(&old);
	test_phone_clear(&new);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	umask(022);
	g_test_add_func("/phone/store/is-private", test_create);
	g_test_add_func("/phone/store/is-not-made-twice", test_create_twice);
	g_test_add_func("/phone/store/opens-by-its-passphrase-alone", test_passphrase);
	g_test_add_func("/phone/store/wraps-secrets", test_secrets_are_wrapped);
	g_test_add_func("/phone/store/missing", test_missing);
	g_test_add_func("/phone/store/open-to-others", test_open_to_others);
	g_test_add_func("/phone/store/unreadable", test_unreadable);
	g_test_add_func("/phone/store/read-only", test_read_only);
	g_test_add_func("/phone/store/not-a-store", test_not_a_store);
	g_test_add_func("/phone/store/another-program-s-database", test_another_program_s_database);
	g_test_add_func("/phone/store/newer", test_newer);
	g_test_add_func("/phone/store/tampered-settings", test_tampered_settings);
	g_test_add_func("/phone/store/swapped-kind", test_swapped_kind);
	g_test_add_func("/phone/store/truncated", test_truncated);
	g_test_add_func("/phone/store/damaged", test_damaged);
	g_test_add_func("/phone/store/disk-full", test_disk_full);
	g_test_add_func("/phone/store/disk-full-at-init", test_disk_full_at_init);
	g_test_add_func("/phone/store/killed-init", test_killed_init);
	g_test_add_func("/phone/store/takes-so-many", test_full);
	g_test_add_func("/phone/store/backup", test_backup);
	return g_test_run();
}
