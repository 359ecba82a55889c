#include "cli/lab/assignment.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/count.h"
#include "base/json_file.h"
#include "base/json_memory.h"
#include "base/size.h"
#include "cli/data_make.h"
#include "cli/lab/figure.h"
#include "cli/lab/note.h"
#include "cli/page_input.h"
#include "cli/text.h"
#include "cli/timed.h"
#include "plot/rich.h"
#include "report/page/kinds.h"
#include "report/screen.h"

extern const unsigned char lab_assignment_data[];

enum { AXES = 3, MOST_TEXTS = 64 };
static const char *const bpe = "bpe:512";

/* One axis: what the loss is held against, and the runs that it is fitted to. */
static const struct axis_of {
    const char *name, *words, *which;
    enum fit_column column;
} axes[AXES] = {
    {"N", "model size N (all parameters)", "the largest budget of tokens", FIT_PARAMS},
    {"D", "training tokens D", "the largest size", FIT_TOKENS},
    {"C", "training compute C (FLOPs)", "the frontier, which no cheaper run beats", FIT_FLOPS},
};

struct axis_fit {
    size_t n;
    double x[64], y[64];
    struct fit_value a, b, c;
    bool found;
};

/* --- data and runs --- */

/* In a process of its own: threads that were begun here would be missing in the children that train later. */
static enum status make_apart(const struct data_make_options *o, struct err *err)
{
    int code = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        return err_errno(err, errno, "cannot begin a process for", o->out);
    if (pid == 0) {
        struct err why = {0};
        enum status st = data_make(o, &why);
        if (st != OK)
            text_message(stderr, "plateau: ", "%s", why.msg);
        fflush(NULL);
        _exit((int)st);
    }
    while (waitpid(pid, &code, 0) < 0)
        if (errno != EINTR)
            return err_errno(err, errno, "cannot wait for", o->out);
    if (WIFEXITED(code) && WEXITSTATUS(code) == OK)
        return OK;
    return err_set(err, WIFEXITED(code) ? (enum status)WEXITSTATUS(code) : E_INTERRUPTED, "no tokens were made of the texts");
}

static enum status make_tokens(char dir[FILE_PATH_MAX], const struct lab *l, struct err *err)
{
    const cJSON *files = cJSON_GetObjectItemCaseSensitive(l->root, "files"), *f;
    const char *paths[MOST_TEXTS];
    struct data_make_options o = {.files = paths, .heldout = "spread", .tokeniser = bpe, .out = dir, .shard_tokens = 100000000};
    char done[FILE_PATH_MAX];
    cJSON_ArrayForEach(f, files) if (o.n_files < MOST_TEXTS && cJSON_IsString(f)) paths[o.n_files++] = f->valuestring;
    if (o.n_files == 0)
        return err_set(err, E_USAGE, "lab assignment: it is about a corpus of your own: give --text FILE");
    TRY(lab_path(dir, l, "tokens", NULL, err));
    TRY(lab_path(done, l, "tokens", "tokenizer.json", err));
    return file_exists(done) ? OK : make_apart(&o, err);
}

static void add_files(cJSON *data, const char *key, const char *dir, const char *pattern)
{
    char path[FILE_PATH_MAX];
    if (file_join(path, sizeof path, dir, pattern, NULL) == OK)
        cJSON_AddItemToArray(cJSON_AddArrayToObject(data, key), cJSON_CreateString(path));
}

/* The built-in config with its data, its budgets of tokens multiplied. */
static enum status write_config(const char *path, const char *tokens, double times, struct err *err)
{
    size_t failures = json_memory_failures();
    cJSON *root = cJSON_Parse((const char *)lab_assignment_data), *budget;
    if (!root)
        return err_set(err, E_NOMEM, "out of memory for a config");
    cJSON *data = cJSON_GetObjectItemCaseSensitive(root, "data");
    cJSON *budgets = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(root, "grid"), "tokens");
    add_files(data, "files", tokens, "train_*.bin");
    add_files(data, "val_files", tokens, "val_*.bin");
    cJSON_ArrayForEach(budget, budgets)
    {
        double d = 0;
        if (times == 1 || !cJSON_IsString(budget) || !count_parse(&d, budget->valuestring))
            continue;
        double unit = pow(10, floor(log10(d * times)) - 1);
        cJSON_free(budget->valuestring);
        budget->valuestring = NULL;
        budget->type = cJSON_Number;
        cJSON_SetNumberValue(budget, round(d * times / unit) * unit);
    }
    return json_write(path, root, failures, err);
}

/* By what factor the plan's tokens would take the minutes. */
static enum status factor(double *times, const struct setup *s, size_t jobs, double minutes, struct err *err)
{
    struct sweep_time time;
    double *seconds, sum = 0;
    TRY(size_calloc(&seconds, s->plan.n_trajectories, sizeof *seconds, "the calibration", err));
    enum status st = timed_measure(seconds, &time, &s->plan, s, jobs, err);
    for (size_t i = 0; i < s->plan.n_trajectories; i++)
        sum += seconds[i] * s->plan.trajectories[i].tokens;
    *times = 0.7 * 60 * minutes * (double)jobs / fmax(sum, 1e-3);
    free(seconds);
    return st;
}

static enum status open_config(struct setup *s, const char *path, const char *dir, struct err *err)
{
    const struct arg_list none = {0};
    return setup_open(s, path, &none, false, dir, NULL, err);
}

static enum status scale_config(const struct lab *l, const char *path, const char *tokens, const char *dir, double minutes,
                                struct err *err)
{
    struct setup s;
    double times = 1;
    TRY(write_config(path, tokens, 1, err));
    if (!(minutes > 0))
        return OK;
    enum status st = open_config(&s, path, dir, err);
    if (st == OK)
        st = factor(&times, &s, l->jobs, minutes, err);
    setup_free(&s);
    return st == OK ? write_config(path, tokens, times, err) : st;
}

static enum status train(const struct lab *l, const char *path, const char *dir, struct err *err)
{
    const struct setup_how how = {.jobs = l->jobs};
    struct sweep_outcome o;
    struct setup s;
    enum status st = open_config(&s, path, dir, err);
    if (st == OK)
        st = setup_sweep(&o, &s, dir, &how, err);
    setup_free(&s);
    return st == E_INTERRUPTED ? err_set(err, st, "interrupted; everything is kept. Go on with: %s", l->again) : st;
}

/* --- a X^b + c --- */

static bool counts(const struct fit_table *t, size_t i, size_t axis)
{
    double most_d = 0, most_n = 0;
    for (size_t k = 0; k < t->n; k++) {
        most_d = fmax(most_d, t->col[FIT_TOKENS][k]), most_n = fmax(most_n, t->col[FIT_PARAMS][k]);
        if (axis == 2 && t->col[FIT_FLOPS][k] <= t->col[FIT_FLOPS][i] && t->col[FIT_LOSS][k] < t->col[FIT_LOSS][i])
            return false;
    }
    return axis == 2 || (axis == 0 ? t->col[FIT_TOKENS][i] > 0.99 * most_d : t->col[FIT_PARAMS][i] > 0.99 * most_n);
}

static enum status fit_axis(struct axis_fit *x, const struct fit_table *t, size_t axis, struct err *err)
{
    struct fit_table points = {0};
    struct fit_report r = {0};
    struct fit_options opt = fit_options_default();
    for (size_t i = 0; i < t->n && x->n < 64; i++)
        if (counts(t, i, axis))
            x->x[x->n] = t->col[axes[axis].column][i], x->y[x->n++] = t->col[FIT_LOSS][i];
    if (x->n < 3)
        return OK;
    opt.law = "floor", opt.break_sims = 0, opt.holdout = 0, opt.exponents_only = true;
    enum status st = fit_table_init(&points, x->n, err);
    for (size_t i = 0; i < x->n && st == OK; i++)
        points.col[FIT_X][i] = x->x[i], points.col[FIT_LOSS][i] = x->y[i];
    if (st == OK) {
        points.has[FIT_X] = points.has[FIT_LOSS] = true;
        snprintf(points.x_name, sizeof points.x_name, "%s", axes[axis].name);
        st = fit_analyse(&r, &points, &opt, err);
    }
    const struct fit_law *f = st == OK ? fit_report_selected(&r) : NULL;
    if (f && f->law->n_params == 3) {
        x->found = true;
        x->c = f->params[0], x->a = f->params[1];
        x->b = (struct fit_value){-f->params[2].value, f->params[2].se, -f->params[2].hi, -f->params[2].lo};
    }
    fit_report_free(&r);
    fit_table_free(&points);
    return st;
}

static enum status draw_axis(struct note *n, const struct axis_fit *x, const struct fit_table *t, size_t axis, struct err *err)
{
    enum { STEPS = 30 };
    struct chart c = {.log_x = true, .log_y = true, .x_kind = axis == 2 ? AXIS_POWER : AXIS_COUNT};
    const double *of = t->col[axes[axis].column];
    double lo = (double)INFINITY, hi = 0, lx[STEPS], ly[STEPS];
    char name[32];
    for (size_t i = 0; i < t->n; i++)
        lo = fmin(lo, of[i]), hi = fmax(hi, of[i]);
    for (size_t i = 0; i < STEPS; i++) {
        lx[i] = figure_step(lo, hi, i, STEPS);
        ly[i] = x->c.value + x->a.value * pow(lx[i], x->b.value);
    }
    if (x->found)
        snprintf(c.title, sizeof c.title, "L = %.3g %s" RICH_UP "%.2f" RICH_END " + %.3g", x->a.value, axes[axis].name,
                 x->b.value, x->c.value);
    else
        snprintf(c.title, sizeof c.title, "Too few runs for a %s" RICH_UP "b" RICH_END " + c", axes[axis].name);
    snprintf(c.quantity, sizeof c.quantity, "Loss against %s, both axes logarithmic", axes[axis].name);
    snprintf(c.subtitle, sizeof c.subtitle, "Fitted to the runs of %s (filled).", axes[axis].which);
    snprintf(c.x_label, sizeof c.x_label, "%s", axes[axis].words);
    snprintf(c.y_label, sizeof c.y_label, "held-out loss (nats per token)");
    const struct figure_series all = {"runs", palette_ink(PALETTE_SOFT), MARKER_RING, 0,   0, false, t->n,
                                      of,     t->col[FIT_LOSS],          NULL,        NULL};
    const struct figure_series own = {"fitted", palette_kind(0), MARKER_DISC, 0, 0, false, x->n, x->x, x->y, NULL, NULL};
    const struct figure_series law = {"a X" RICH_UP "b" RICH_END " + c", palette_ink(PALETTE_FIT), MARKER_NONE, 1.6, 0, false,
                                      STEPS, lx, ly, NULL, NULL};
    enum status st = figure_add(&c, &all, err);
    if (st == OK)
        st = figure_add(&c, &own, err);
    if (st == OK && x->found)
        st = figure_add(&c, &law, err);
    snprintf(name, sizeof name, "loss-%s", axes[axis].name);
    if (st == OK)
        st = note_chart(n, &c, name, err);
    chart_free(&c);
    return st;
}

/* --- the page --- */

enum { SECTIONS = 6 };
static const struct {
    const char *id, *heading;
} sections[SECTIONS] = {
    {"data", "Corpus and tokeniser"}, {"losses", "Losses against N, D and FLOPs"},         {"fits", "a X^b + c"},
    {"frontier", "The frontier"},     {"literature", "Exponents beside the literature's"}, {"limits", "Limits"}};

/* Ends of the sections in the note's text, in their order. */
struct made {
    struct note note;
    size_t end[SECTIONS];
    size_t n;
};

static void end_section(struct made *m)
{
    fflush(m->note.html);
    m->end[m->n++] = m->note.size;
}

static enum status tell_fits(struct made *m, const struct fit_table *t, struct err *err)
{
    struct axis_fit x[AXES] = {{.n = 0}};
    struct note_table table = {.columns = 5};
    char a[96], b[96], c[96];
    for (size_t i = 0; i < AXES; i++) {
        TRY(fit_axis(&x[i], t, i, err));
        TRY(draw_axis(&m->note, &x[i], t, i, err));
    }
    end_section(m);
    for (const char *const *h = (const char *const[]){"X", "fitted to", "a", "b", "c", NULL}; *h; h++)
        note_cell(&table, "%s", *h);
    for (size_t i = 0; i < AXES; i++) {
        note_cell(&table, "%s", axes[i].name);
        note_cell(&table, "%zu runs of %s", x[i].n, axes[i].which);
        note_cell(&table, "%s", x[i].found ? note_interval(a, sizeof a, 3, &x[i].a) : "too few runs");
        note_cell(&table, "%s", x[i].found ? note_interval(b, sizeof b, 2, &x[i].b) : "-");
        note_cell(&table, "%s", x[i].found ? note_interval(c, sizeof c, 3, &x[i].c) : "-");
    }
    note_tell(&m->note, &table);
    note_line(&m->note,
              "Three or four points carry three numbers badly: intervals say how badly. The law of the next section is fitted "
              "to all runs at once.");
    end_section(m);
    return OK;
}

static void tell_frontier(struct made *m, const struct fitted *f)
{
    const struct fit_report *r = &f->report;
    char n[96], d[96], e[96], g[96];
    struct screen s;
    if (r->frontier.holds)
        note_lead(&m->note,
                  "With the best split of compute the loss falls as %s + k C^-%s; the best size grows as C^%s, the best amount of "
                  "data as C^%s.",
                  note_interval(e, sizeof e, 3, &r->frontier.e), note_interval(g, sizeof g, 2, &r->frontier.g),
                  note_interval(n, sizeof n, 2, &r->frontier.n_exponent), note_interval(d, sizeof d, 2, &r->frontier.d_exponent));
    screen_fill(&s, r, fitted_unit(f));
    for (size_t i = 0; i < s.n; i++)
        note_line(&m->note, "%s: %s", s.rows[i].label, s.rows[i].text);
}

static const char *const limits[] = {
    "Models of a hundredth to a millionth of the sizes in the literature: exponents are those of this corpus, this tokeniser "
    "and these "
    "sizes.",
    "One learning rate for all runs: a law of untuned runs is one of their tuning, too.",
    "Losses are nats per token of this BPE: another vocabulary has other losses, and floors; bits per byte are in results.csv.",
    "A floor fitted to so few decades of compute is a guess with an interval. A new run may well fall below it.",
};

static enum status fill(struct made *m, const struct fitted *f, const char *tokens, struct err *err)
{
    struct page_input in;
    const struct fit_table *t = &f->table;
    note_lead(&m->note,
              "%zu runs of four sizes and three budgets of tokens, on a corpus and a byte-level BPE of our own (%s: 256 bytes and "
              "512 merges).",
              t->n, bpe);
    note_line(&m->note, "Tokens and tokeniser lie in %s; tokenizer.json is read by other programs, too.", tokens);
    end_section(m);
    TRY(tell_fits(m, t, err));
    tell_frontier(m, f);
    enum status st = page_input_make(&in, f, err);
    if (st == OK) {
        end_section(m);
        st = literature_section(m->note.html, &in.page, err);
    }
    page_input_free(&in);
    end_section(m);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        note_line(&m->note, "%s", limits[i]);
    end_section(m);
    return st;
}

static enum status write_page(const struct lab *l, const struct made *m, struct err *err)
{
    struct page_piece pieces[SECTIONS];
    char path[FILE_PATH_MAX];
    struct file_writer w;
    for (size_t i = 0; i < SECTIONS; i++) {
        size_t from = i ? m->end[i - 1] : 0;
        pieces[i] = (struct page_piece){sections[i].id, sections[i].heading, {m->note.text + from, m->end[i] - from}};
    }
    const struct page page = {
        .name = "Scaling laws of a corpus of our own", .version = PLATEAU_VERSION, .pieces = pieces, .n_pieces = SECTIONS};
    TRY(lab_path(path, l, "assignment.html", NULL, err));
    TRY(file_writer_open(&w, path, err));
    enum status st = page_write(w.out, &page, err);
    if (st != OK) {
        file_writer_abandon(&w);
        return st;
    }
    TRY(file_writer_commit(&w, err));
    text_message(stdout, "", "the page to hand in: %s", path);
    return OK;
}

static enum status report(const struct lab *l, const char *dir, const char *tokens, struct err *err)
{
    struct made m = {.n = 0};
    struct fitted f;
    struct config cfg;
    fitted_init(&f);
    config_init(&cfg);
    enum status st = config_load_sweep(&cfg, dir, err);
    if (st == OK)
        st = fitted_of_sweep(&f, &dir, &cfg, err);
    if (st == OK)
        st = fitted_read(&f, err);
    if (st == OK)
        st = fitted_analyse(&f, err);
    if (st == OK)
        st = note_open(&m.note, l, 'x', err);
    if (st == OK)
        st = fill(&m, &f, tokens, err);
    if (st == OK)
        st = write_page(l, &m, err);
    note_free(&m.note);
    fitted_close(&f);
    config_free(&cfg);
    return st;
}

enum status assignment_do(struct lab *l, double minutes, struct err *err)
{
    char tokens[FILE_PATH_MAX], path[FILE_PATH_MAX], dir[FILE_PATH_MAX];
    TRY(make_tokens(tokens, l, err));
    TRY(lab_path(path, l, "configs", NULL, err));
    TRY(file_mkdirs(path, err));
    TRY(lab_path(path, l, "configs", "assignment.json", err));
    TRY(lab_path(dir, l, "assignment", NULL, err));
    if (!file_exists(path))
        TRY(scale_config(l, path, tokens, dir, minutes, err));
    TRY(train(l, path, dir, err));
    return report(l, dir, tokens, err);
}
