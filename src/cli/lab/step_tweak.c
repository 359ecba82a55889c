/* (i) One change to the baseline, over its cells, weighed by compare. */
#include <math.h>
#include <stdlib.h>

#include "base/json_file.h"
#include "cli/compare_run.h"
#include "cli/lab/steps.h"
#include "cli/lab/train.h"
#include "report/page/comparison.h"

extern const unsigned char lab_tweak_data[];

static enum status train(const struct lab *l, const cJSON *over, struct err *err)
{
    struct lab_cell cells[LAB_CELLS];
    struct lab_sweep w = {.name = "tweak", .cells = cells, .over = over};
    struct setup s;
    enum status st = lab_setup(&s, l, err);
    if (st == OK)
        st = lab_rate_law(&w.rate, l, err);
    if (st == OK) {
        w.n = lab_cells(cells, l, &s, scale_lower(&l->scale), true);
        st = lab_train(l, &w, err);
    }
    setup_free(&s);
    return st;
}

static enum status weigh(char out[FILE_PATH_MAX], const struct lab *l, struct err *err)
{
    char base[FILE_PATH_MAX], variant[FILE_PATH_MAX];
    const char *items[] = {base, variant};
    const struct arg_list words = {items, 2}, none = {0};
    struct compare_words w = {.how = {.jobs = l->jobs}, .fit = fit_words_default(), .out = out, .again = l->again};
    w.fit.bootstrap = l->scale.bootstrap;
    TRY(lab_path(base, l, "isoflop", NULL, err));
    TRY(lab_path(variant, l, "tweak", NULL, err));
    TRY(lab_path(out, l, "compare", NULL, err));
    return compare_run(&w, &words, &none, err);
}

static void put_change(struct note *n, const cJSON *over)
{
    char *text = cJSON_PrintUnformatted(over);
    note_line(n, "The change: %s", text ? text : "");
    cJSON_free(text);
}

static enum status tell(struct note *n, const struct comparison *c, const cJSON *over, struct err *err)
{
    const struct compare_variant *v = &c->variants[0];
    char largest[96], ten[96];
    struct chart gains = {.log_x = false}, cells = {.log_x = false};
    bool drawn = false;
    put_change(n, over);
    if (v->why_not[0]) {
        note_lead(n, "It cannot be compared: %s", v->why_not);
        return OK;
    }
    if (isfinite(v->gains.largest.value.value))
        note_lead(n,
                  "What moves: %s. At the largest budget in common the baseline needs %s times the compute for the tweak's loss; "
                  "at ten times that, %s.",
                  compare_answer_word(v->changed), note_interval(largest, sizeof largest, 3, &v->gains.largest.value),
                  note_interval(ten, sizeof ten, 3, &v->gains.at_10x.value));
    else
        note_lead(n, "What moves: %s. These runs do not tell what it is worth in compute.", compare_answer_word(v->changed));
    if (isfinite(v->gains.loss_difference.value))
        note_line(n, "Its loss there is the baseline's %+.2g nats (95 %%: %+.2g to %+.2g).", v->gains.loss_difference.value,
                  v->gains.loss_difference.lo, v->gains.loss_difference.hi);
    note_line(n,
              "A change of some kind: p = %.3g; if there is one, it is of the level with probability %.2f, of the exponent %.2f, "
              "of the floor %.2f. With scale the gain %s. Charts and tables call the baseline isoflop, after the sweep of step d.",
              v->p_any, v->probability[CHANGE_LEVEL], v->probability[CHANGE_EXPONENT], v->probability[CHANGE_FLOOR],
              v->gains.trend == COMPARE_TREND_OPEN ? "may grow or fade" : compare_trend_word(v->gains.trend));
    note_value(n, "gain", &v->gains.largest.value);
    note_value(n, "difference", &v->gains.loss_difference);
    note_number(n, "p_any", v->p_any);
    enum status st = against_gains(&gains, &c->against, &drawn, err);
    if (st == OK && drawn)
        st = note_chart(n, &gains, "gains", err);
    chart_free(&gains);
    if (st == OK)
        st = against_cells(&cells, &c->against, &drawn, err);
    if (st == OK && drawn)
        st = note_chart(n, &cells, "differences", err);
    chart_free(&cells);
    return st;
}

static enum status read_back(struct note *n, const char *dir, const cJSON *over, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct comparison c;
    struct page page = {.name = "compare"};
    char *text;
    bool good = false;
    TRY(file_join(path, sizeof path, dir, "compare.json", err));
    TRY(file_read_regular(&text, &page.compare.size, path, err));
    page.compare.data = text;
    enum status st = comparison_open(&c, &good, &page, err);
    if (st == OK && good && c.n > 0)
        st = tell(n, &c, over, err);
    else if (st == OK)
        st = err_set(err, E_DATA, "%s is damaged", path);
    comparison_close(&c);
    free(text);
    return st;
}

/* The config of --tweak, or the one built in. */
static enum status read_tweak(cJSON **over, const struct lab *l, struct err *err)
{
    if (l->tweak)
        return json_read(over, l->tweak, "config (JSON) of a tweak", err);
    *over = cJSON_Parse((const char *)lab_tweak_data);
    return *over ? OK : err_set(err, E_NOMEM, "out of memory for a config");
}

enum status step_tweak(struct lab *l, struct note *n, struct err *err)
{
    char dir[FILE_PATH_MAX];
    cJSON *over;
    TRY(read_tweak(&over, l, err));
    enum status st = train(l, over, err);
    if (st == OK)
        st = weigh(dir, l, err);
    if (st == OK)
        st = read_back(n, dir, over, err);
    cJSON_Delete(over);
    return st;
}
