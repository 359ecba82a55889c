/* The form of a page of HTML, for its tests. */
#ifndef PLATEAU_TESTS_HTML_CHECK_H
#define PLATEAU_TESTS_HTML_CHECK_H

/* Elements are closed in their order, attributes quoted, ids given once, and there are no control characters. */
void expect_html(const char *text);
/* Nothing is fetched or evaluated: addresses stand in links that a reader may follow, and nowhere else. */
void expect_alone(const char *text);

#endif
