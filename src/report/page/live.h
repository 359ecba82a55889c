/* What a page shows while a sweep runs, above its sections: how far the sweep and each trajectory is, every run with its loss
 * or the loss that it will end with, and the curves as they grow. Each is a piece of HTML that is made anew as often as it
 * changes; the page's script (live.js) puts it in the old one's place. */
#ifndef PLATEAU_REPORT_PAGE_LIVE_H
#define PLATEAU_REPORT_PAGE_LIVE_H

#include <stdio.h>

#include "base/status.h"
#include "fit/forecast.h"

enum live_run_state { LIVE_WAITS, LIVE_BEGUN, LIVE_DONE };

struct live_page_run {
    const char *name, *status;      /* status: of a run that is done: done, diverged, failed */
    enum live_run_state state;
    double params, budget, trained; /* budget, trained: tokens */
    double loss;                    /* of its result, or of the last line of its log; NaN: none */
    struct forecast forecast;
    bool held;                      /* the curve below is its own: it holds the trunk of its trajectory, or shares none */
    size_t n;
    const double *at, *curve;       /* (n) tokens and training loss */
};

/* A trajectory that is being trained. */
struct live_page_bar {
    const char *name;
    double tokens, total, loss, tokens_per_s;
};

struct live_page {
    const char *name;      /* the sweep's, or its folder's */
    const char *state;     /* in a word or a few: "training", "ended", ... */
    const char *words;     /* a sentence about that; "": none */
    bool at_work;
    size_t done, total;    /* runs; total 0: not known */
    double share, tokens_per_s, seconds, left_s; /* of the whole; NaN: not known */
    const char *law;       /* what the fit on this page was made from, in words; "": none yet */
    const struct live_page_bar *bars; /* (n_bars) */
    size_t n_bars;
    const struct live_page_run *runs; /* (n_runs) */
    size_t n_runs;
    const char *loss_unit;
};

/* The frame that the pieces are put in: the live_head of struct page. Each piece stands between LIVE_BEGIN and LIVE_END with
 * its name, so that it can be found again in the page's text. */
enum { LIVE_PIECES = 3 };
extern const char *const live_pieces[LIVE_PIECES]; /* "now", "runs", "curves" */
#define LIVE_MARK "<!--live:%s-->"
extern const char live_head[];
/* The script that keeps it up to date: at most 3 kB. */
const char *live_script(void);

/* Piece i. */
enum status live_piece(FILE *out, const struct live_page *p, size_t i, struct err *err) WARN_UNUSED;

#endif
