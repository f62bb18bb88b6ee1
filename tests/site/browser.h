/* SPDX-License-Identifier: BSD-2-Clause */
/* A browser with a phone, at the API of a site on a database of its own. */
#pragma once

#include "bridge/site/api.h"
#include "tests/site/answer.h"

#define HYB_TEST_PORT 8080
#define HYB_TEST_ORIGIN "http://localhost:8080"
#define HYB_TEST_NOW 1800000000

/* A folder with a database, and an API over it. @now is what the API is told. */
typedef struct {
	char *folder;
	char *path;
	HybSiteApi *api;
	gint64 now;
} HybTestSite;

HybTestSite *hyb_test_site_new(void);

/* Stops and starts it: sessions are gone, the database stays. */
void hyb_test_site_restart(HybTestSite *self);
void hyb_test_site_free(HybTestSite *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybTestSite, hyb_test_site_free)

/**
 * HybTestBrowser:
 * @cookie: what it sends; NULL for none
 * @status, @reply: of the last request
 * @answer: the phone's last; its key signs in later on
 */
typedef struct {
	HybTestSite *site;
	char *cookie;
	guint status;
	JsonNode *reply;
	HybTestAnswer *answer;
} HybTestBrowser;

HybTestBrowser *hyb_test_browser_new(HybTestSite *site);
void hyb_test_browser_free(HybTestBrowser *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybTestBrowser, hyb_test_browser_free)

/* @body: (nullable). Returns: the status */
guint hyb_test_browser_send(
    HybTestBrowser *self, const char *method, const char *path, const char *body);

/* A text within the last reply: member, or member of member if @inner is not NULL. */
const char *hyb_test_browser_text(HybTestBrowser *self, const char *member, const char *inner);

/* Asks by POST @path, then has the phone make a new credential @id, or sign with the one it has;
 * the answer is not sent. */
void hyb_test_browser_ask_register(HybTestBrowser *self, const char *body, const char *id);
void hyb_test_browser_ask_login(HybTestBrowser *self, const char *body);

/* Sends @answer. Returns: the status */
guint hyb_test_browser_give(HybTestBrowser *self);

/* Both, with success. */
void hyb_test_browser_register(HybTestBrowser *self, const char *body, const char *id);
void hyb_test_browser_login(HybTestBrowser *self, const char *body);

/* The last request failed with @status at @step, with a message and an advice as they should be. */
void hyb_test_browser_assert_refused(HybTestBrowser *self, guint status, const char *step);
