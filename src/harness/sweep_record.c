/* What a sweep leaves in its folder beside the runs: looked at before it begins, sweep.json, results.csv, event files. */
#include "harness/sweep_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/system.h"
#include "data/baseline.h"
#include "harness/results_check.h"
#include "harness/rundir.h"
#include "harness/tensorboard.h"

/* All that can be wrong with the folder, before anything in it is changed. */
enum status sweep_check_folder(const struct sweep *s, const struct sweep_json *there, struct err *err)
{
    TRY(rundir_refuse_links(s->p, s->dir, err));
    if (!there->found)
        TRY(rundir_refuse_strangers(s->dir, err));
    TRY(rundir_refuse_data(s->p, s->dir, s->d, there, s->o->fresh, err));
    if (s->o->fresh)
        return OK;
    TRY(rundir_refuse_collisions(s->p, s->dir, err));
    for (size_t i = 0; i < s->p->n; i++) {
        enum kern_isa isa;
        bool begun;
        TRY(rundir_kernels(&isa, &begun, s->dir, &s->p->runs[i], err));
    }
    return OK;
}

/* The loss of a perfect predictor takes a pass over the held-out set, and the baseline one over a text, so earlier ones are
 * taken where the data are the same. */
enum status sweep_facts_of(struct sweep *s, const struct sweep_json *there, struct err *err)
{
    s->facts = (struct sweep_facts){.version = PLATEAU_VERSION,
                                   .isa = config_isa_name(&s->p->runs[0].cfg, s->o->isa),
                                   .floor = data_floor(s->d),
                                   .eval_floor = there->floor_heldout,
                                   .cores = system_cores_all(),
                                   .data = s->d,
                                   .baseline = there->baseline};
    if (!(there->same_data && isfinite(there->baseline)))
        TRY(baseline_of_text(&s->facts.baseline, s->d, err));
    if (isfinite(s->facts.floor) && !(there->same_held_out && isfinite(s->facts.eval_floor)))
        TRY(data_eval_floor(&s->facts.eval_floor, s->d, s->o->stop, err));
    return OK;
}

/* sweep.json says what was asked for last; it is written again where it is lost or damaged. */
enum status sweep_write_record(struct sweep *s, const struct config *c, const struct sweep_json *there,
                               struct err *err)
{
    if (there->damaged)
        log_msg(&s->o->log, LOG_WARN, "%s: it is written again", there->why);
    if (s->n_order == 0 && there->found && !there->damaged && there->same_config)
        return OK;
    TRY(sweep_facts_of(s, there, err));
    return sweep_json_write(s->dir, c, &s->facts, err);
}

/* The table is made of the results whatever it holds; what has happened to it is told. */
void sweep_warn_of_table(const struct sweep *s)
{
    struct err why;
    size_t missing;
    if (results_check(&missing, s->dir, &why) == E_DATA)
        log_msg(&s->o->log, LOG_WARN, "%s", why.msg);
}

/* results.csv follows the runs as they end, so that they can be fitted while others train. */
enum status sweep_tell_results(struct sweep *s, struct err *err)
{
    size_t done = 0, n = s->p->n + s->n_others;
    double began = clock_now_s();
    for (size_t i = 0; i < s->p->n; i++) {
        char run_dir[FILE_PATH_MAX];
        bool found;
        TRY(file_join(run_dir, sizeof run_dir, s->dir, s->p->runs[i].name, err));
        if (s->rows[i].status[0] == '\0')
            TRY(run_row_read(&s->rows[i], &found, run_dir, err));
        done += s->rows[i].status[0] != '\0';
    }
    s->runs_told = done;
    enum status st = results_write(s->dir, s->rows, n, err);
    s->results_s = clock_now_s();
    s->results_took_s = s->results_s - began;
    return st;
}

/* Event files of finished runs that lack some events or all: those of a sweep that had not been asked for
 * them. */
enum status sweep_complete_events(const struct sweep *s, struct err *err)
{
    for (size_t i = 0; i < s->p->n && s->o->tensorboard; i++) {
        char path[FILE_PATH_MAX];
        struct tensorboard tb = {.out = NULL};
        if (s->rows[i].status[0] == '\0')
            continue;
        TRY(rundir_path(path, s->dir, s->p->runs[i].name, "log.jsonl", err));
        if (!file_exists(path))
            continue;
        TRY(rundir_path(path, s->dir, s->p->runs[i].name, "", err));
        enum status st = tensorboard_open(&tb, path, -1, err);
        enum status closed = tensorboard_close(&tb, st == OK ? err : NULL);
        TRY(st != OK ? st : closed);
    }
    return OK;
}

void sweep_name_diverged(struct sweep_outcome *out, const char *run)
{
    size_t n = strlen(out->diverged);
    out->n_diverged++;
    if (n + strlen(run) + 6 < sizeof out->diverged)
        snprintf(out->diverged + n, sizeof out->diverged - n, " %s", run);
    else if (n > 0 && out->diverged[n - 1] != '.')
        strcpy(out->diverged + n, " ...");
}
