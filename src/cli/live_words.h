/* From a folder as it is watched to what the live page says of it. */
#ifndef PLATEAU_CLI_LIVE_WORDS_H
#define PLATEAU_CLI_LIVE_WORDS_H

#include "harness/watch.h"
#include "report/page/live.h"

struct live_words {
    struct live_page page; /* borrows from what is below, and from the watch */
    struct live_page_run *runs;
    struct live_page_bar bars[LIVE_MAX];
    char words[900], law[300], name[128];
};

/* What the fit on the page was made from. */
struct live_fit {
    size_t runs; /* that had finished; 0: there is no fit yet */
    bool whole;  /* with all its resamples and tests, as at a sweep's end */
    double age_s;
};

enum status live_words_make(struct live_words *l, const struct watch *w, const struct live_fit *fit, struct err *err) WARN_UNUSED;
void live_words_free(struct live_words *l);

#endif
