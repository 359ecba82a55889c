#include "cli/workers_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "cli/text.h"
#include "harness/worker.h"

/* Not heard of in that many of its own intervals, by clocks that may differ: said, and not counted. */
static bool silent(const struct worker_seen *w)
{
    return w->ago_s > HEARTBEAT_BEATS * w->beat.every_s;
}

static void print_worker(FILE *out, const struct worker_seen *w)
{
    char speed[32], ago[32], heard[96], does[48] = "waiting";
    const struct heartbeat *h = &w->beat;
    if (isfinite(w->ago_s))
        snprintf(heard, sizeof heard, "%s heartbeat %s ago", silent(w) ? "perhaps gone: last" : "last",
                 count_format_seconds(ago, sizeof ago, w->ago_s));
    else
        snprintf(heard, sizeof heard, "its clock is ahead of this one's");
    if (h->live.n > 0)
        snprintf(does, sizeof does, "%s tokens/s", count_format(speed, sizeof speed, h->live.tokens_per_s));
    text_beside(out, "", "worker %s, process %ld: %d core%s, %s, %s, %zu run%s trained; %s", h->host, h->pid, h->cores,
                h->cores == 1 ? "" : "s", h->isa, does, h->runs_done, h->runs_done == 1 ? "" : "s", heard);
}

static void add_runs(struct live *l, const struct heartbeat *h)
{
    for (size_t i = 0; i < h->live.n && l->n < LIVE_MAX; i++) {
        struct live_run *r = &l->run[l->n++];
        *r = h->live.run[i];
        char *hash = strrchr(r->name, '-'); /* of the key: live_name */
        if (hash)
            *hash = '\0';
    }
    l->tokens_per_s += h->live.tokens_per_s;
}

size_t workers_view_add(FILE *out, struct live *l, const char *dir, double work_left)
{
    struct worker_seen *all;
    size_t n, heard = 0;
    double work_per_s = 0;
    if (worker_list(&all, &n, dir, NULL) != OK)
        return 0;
    for (size_t i = 0; i < n; i++) {
        print_worker(out, &all[i]);
        if (silent(&all[i]))
            continue;
        heard++;
        add_runs(l, &all[i].beat);
        if (all[i].beat.work_per_s > 0)
            work_per_s += all[i].beat.work_per_s;
    }
    if (work_per_s > 0)
        l->left_s = work_left / work_per_s;
    free(all);
    return heard;
}
