/* What if: another size, more data, another floor. The law is fitted again with its floor held at each of some steps, so
 * that a floor which the runs do not bear shows as curves that leave them; what one new run would have comes with its
 * interval at the fitted floor, from a grid that the page's script reads between. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fit/solve/solve.h"
#include "report/charts/parts.h"
#include "report/page/kinds.h"
#include "report/page/picture.h"

enum { FLOORS = 41, GRID = 13, STEPS = 60, MOST_SIZES = 6 };

/* Sizes and data go from a third of the smallest to ten times the largest. */
#define BELOW 3.0
#define ABOVE 10.0

struct range {
    double lo, hi;
};

/* The law with its floor held. */
struct held {
    double p[LAW_MAX_PARAMS]; /* inner */
    double miss;              /* root mean square of ln prediction - ln loss */
};

struct whatif {
    FILE *out;
    const struct page *p;
    struct page_fit f;
    struct parts parts;
    bool two;
    struct range n, d;     /* of the sliders; of x and nothing for laws of one variable */
    struct range size;     /* of the runs */
    bool has_floor;        /* the law is one of powers, with a floor that can be held */
    struct held held[FLOORS];
    size_t n_held, at;     /* the fitted one is at `at` */
};

/* --- the law at other floors ------------------------------------------------------------------- */

static double miss_of(const struct solve_problem *q, const double *p)
{
    const struct law_at at = law_at(q->law, p, &q->centre);
    double sum = 0;
    for (size_t i = 0; i < q->n; i++) {
        double off = log(law_at_value(&at, &q->x[i])) - q->ln_loss[i];
        sum += off * off;
    }
    return sqrt(sum / (double)q->n);
}

static struct held hold(const struct fit_law *f, double floor, const double *start)
{
    struct solve_problem q = f->problem;
    struct solve_result best;
    struct held h;
    int level = f->law->level;
    memcpy(h.p, start, sizeof h.p);
    h.p[level] = floor;
    if (solve_map_hold(&q.map, f->law, (size_t)level, floor, &q.centre)) {
        solve_from(&best, &q, h.p);
        memcpy(h.p, best.p, sizeof h.p);
    }
    h.p[level] = floor;
    h.miss = miss_of(&q, h.p);
    return h;
}

/* From the fitted floor outward, each from its neighbour: below it down to 0, above it to just under the lowest loss. */
static void hold_all(struct whatif *w)
{
    const struct fit_law *f = w->f.law;
    double fitted = f->best.p[f->law->level], top = (double)INFINITY;
    for (size_t i = 0; i < f->n; i++)
        top = fmin(top, f->loss[i]);
    top = fmax(fitted, 0.995 * top);
    size_t below = fitted > 0 ? (size_t)fmax(1, round((FLOORS - 1) * fitted / top)) : 0;
    w->at = below > FLOORS - 1 ? FLOORS - 1 : below;
    w->n_held = FLOORS;
    w->held[w->at] = (struct held){.miss = miss_of(&f->problem, f->best.p)};
    memcpy(w->held[w->at].p, f->best.p, sizeof f->best.p);
    for (size_t i = w->at; i-- > 0;)
        w->held[i] = hold(f, fitted * (double)i / (double)w->at, w->held[i + 1].p);
    for (size_t i = w->at + 1; i < FLOORS; i++)
        w->held[i] = hold(f, fitted + (top - fitted) * (double)(i - w->at) / (double)(FLOORS - 1 - w->at), w->held[i - 1].p);
}

/* --- the picture ------------------------------------------------------------------------------ */

static double loss_at(const struct whatif *w, double n, double d)
{
    return w->two ? parts_fitted_at(&w->parts, n, d) : fit_curve(w->f.report, n, (double)NAN, (double)NAN).value;
}

static enum status add_curve(struct chart *ch, const struct whatif *w, double size, struct ink color, const char *label,
                             const char *name, struct err *err)
{
    struct chart_series *s;
    const struct range *x = w->two ? &w->d : &w->n;
    TRY(chart_add(&s, ch, STEPS, false, err));
    s->color = color;
    s->width = label ? 2.4 : 1.3;
    s->free_range = true;
    parts_say(s->name, sizeof s->name, "%s", name);
    if (label)
        parts_say(s->label, sizeof s->label, "%s", label);
    for (size_t i = 0; i < STEPS; i++) {
        s->x[i] = parts_step(x->lo, x->hi, i, STEPS);
        s->y[i] = w->two ? loss_at(w, size, s->x[i]) : loss_at(w, s->x[i], (double)NAN);
    }
    return OK;
}

static enum status add_you(struct chart *ch, const struct whatif *w, double n, double d, struct err *err)
{
    struct chart_series *s;
    TRY(chart_add(&s, ch, 1, false, err));
    s->color = palette_ink(PALETTE_FIT);
    s->marker = MARKER_DIAMOND;
    s->radius = 5.5;
    s->x[0] = w->two ? d : n;
    s->y[0] = loss_at(w, n, d);
    parts_say(s->label, sizeof s->label, "the run that the sliders ask for");
    return OK;
}

static enum status add_sizes(struct chart *ch, const struct whatif *w, const struct parts_groups *sizes, struct err *err)
{
    char name[CHART_NAME_MAX], size[64];
    size_t step = (sizes->n + MOST_SIZES - 1) / MOST_SIZES;
    for (size_t k = 0; k < sizes->n; k += step) {
        parts_group_label(size, sizeof size, &sizes->items[k], AXIS_COUNT);
        parts_say(name, sizeof name, "law, N = %s", size);
        TRY(add_curve(ch, w, sizes->items[k].at, chart_on_scale(ch, sizes->items[k].at), NULL, name, err));
    }
    return OK;
}

/* So far down that the lowest loss that sliders can ask for is in sight, unless it is next to nothing. */
static void see_far(struct chart *ch, const struct whatif *w)
{
    double lo, hi, far = loss_at(w, w->n.hi, w->two ? w->d.hi : (double)NAN);
    if (!parts_range(w->parts.loss, w->parts.t->n, &lo, &hi))
        return;
    ch->y_from = 0.98 * fmin(lo, fmax(far, 0.5 * lo));
    ch->y_to = 1.04 * hi;
}

static void say(struct chart *ch, const struct whatif *w)
{
    parts_say(ch->title, sizeof ch->title, "The law at other sizes, data and floors");
    parts_say(ch->quantity, sizeof ch->quantity, "Loss against %s: what was measured, and what the law says where the "
        "sliders stand",
              w->two ? "training tokens" : w->f.law->x_name);
    parts_say(ch->subtitle, sizeof ch->subtitle, "Dots: runs. Lines: the law%s, fitted again to the runs with the floor "
        "held where its "
              "slider stands.", w->two ? ", one a size, and orange at the size that is asked for" : "");
    parts_say(ch->x_label, sizeof ch->x_label, "%s", w->two ? "training tokens D" : w->f.law->x_name);
    parts_loss_label(ch->y_label, sizeof ch->y_label, &w->parts, parts_loss_words(&w->parts));
    ch->log_x = ch->log_y = true;
    ch->x_kind = w->two || w->f.law->x != FIT_FLOPS ? AXIS_COUNT : AXIS_POWER;
    const struct range *x = w->two ? &w->d : &w->n;
    ch->x_from = x->lo;
    ch->x_to = x->hi;
    see_far(ch, w);
}

static enum status build(struct chart *ch, const struct whatif *w, double n, double d, struct err *err)
{
    struct parts_groups sizes = {0};
    const double *x = w->two ? w->parts.tokens : w->parts.t->col[w->f.law->x];
    enum status st = parts_group(&sizes, w->parts.params, w->parts.t->n, err);
    say(ch, w);
    if (st == OK && w->two)
        st = parts_scale(ch, &sizes, "parameters N", AXIS_COUNT, err);
    if (st == OK && w->two)
        st = add_sizes(ch, w, &sizes, err);
    if (st == OK)
        st = add_curve(ch, w, n, palette_ink(PALETTE_FIT), w->two ? "the law at that size" : "the law", "the law", err);
    if (st == OK && w->two)
        st = parts_runs_by_size(ch, &w->parts, &sizes, (struct parts_marks){.x = x, .y = w->parts.loss}, err);
    else if (st == OK)
        st = parts_rest(ch, &w->parts, (struct parts_marks){.x = x, .y = w->parts.loss}, "runs", err);
    if (st == OK)
        st = add_you(ch, w, n, d, err);
    parts_groups_free(&sizes);
    return st;
}

/* The sizes of the curves, in the order of their series; 0: the one that is asked for. */
static void put_curves(const struct whatif *w, const struct chart *ch, struct err *err)
{
    struct parts_groups sizes = {0};
    fputs(" data-curves=\"[", w->out);
    if (w->two && parts_group(&sizes, w->parts.params, w->parts.t->n, err) == OK) {
        size_t step = (sizes.n + MOST_SIZES - 1) / MOST_SIZES;
        for (size_t k = 0; k < sizes.n; k += step)
            fprintf(w->out, "%.10g,", sizes.items[k].at);
    }
    fprintf(w->out, "0]\" data-you=\"%zu\"", ch->n_series - 1);
    parts_groups_free(&sizes);
}

/* --- what the script is told -------------------------------------------------------------------- */

/* [[E, A, alpha, B, beta, g, miss], ...] of E + ((A/N^alpha)^(1/g) + (B/D^beta)^(1/g))^g. */
static void put_laws(const struct whatif *w)
{
    fprintf(w->out, " data-at=\"%zu\" data-laws=\"[", w->at);
    for (size_t i = 0; i < w->n_held; i++) {
        double outer[LAW_MAX_PARAMS];
        law_external(outer, w->f.law->law, w->held[i].p, &w->f.law->problem.centre);
        const struct law_powers s = w->f.law->law->powers(outer);
        fprintf(w->out, "%s[%.8g,%.8g,%.8g,%.8g,%.8g,%.8g,%.3g]", i ? "," : "", s.e, s.a, s.alpha, s.b, s.beta, s.g,
                w->held[i].miss);
    }
    fputs("]\"", w->out);
}

static void put_finite(FILE *out, double v)
{
    if (isfinite(v))
        fprintf(out, "%.6g", v);
    else
        fputs("null", out);
}

/* Loss, and the interval of one new run, at GRID x GRID places: size by size. */
static void put_grid(const struct whatif *w)
{
    size_t columns = w->two ? GRID : 1;
    bool is_data = w->f.law->x == FIT_TOKENS, is_size = !is_data && w->f.law->x != FIT_FLOPS;
    fprintf(w->out, " data-grid=\"[");
    for (size_t i = 0; i < GRID; i++)
        for (size_t j = 0; j < columns; j++) {
            double n = parts_step(w->n.lo, w->n.hi, i, GRID), d = w->two ? parts_step(w->d.lo, w->d.hi, j, GRID) : (double)NAN;
            const struct fit_value curve = fit_curve(w->f.report, n, d, d);
            const struct fit_run_noise noise = fit_run_noise_at(w->f.report, w->two || is_size ? n : (double)NAN,
                                                                w->two ? d : is_data ? n : (double)NAN);
            const struct fit_value run = fit_new_run(curve, &noise);
            fputs(i + j ? ",[" : "[", w->out);
            put_finite(w->out, curve.value);
            fputc(',', w->out);
            put_finite(w->out, run.lo);
            fputc(',', w->out);
            put_finite(w->out, run.hi);
            fputc(']', w->out);
        }
    fputs("]\"", w->out);
}

static void put_machine(const struct whatif *w)
{
    const struct page *p = w->p;
    const struct fit_report *r = w->f.report;
    fputs(" data-flops=\"[", w->out);
    put_finite(w->out, r->cost.k);
    fputc(',', w->out);
    put_finite(w->out, r->cost.p);
    fputs("]\" data-top=\"", w->out);
    put_finite(w->out, r->cost.max_flops);
    fputs("\" data-speeds=\"[", w->out);
    for (size_t i = 0; i < p->n_speeds; i++)
        fprintf(w->out, "%s[%.8g,%.4g]", i ? "," : "", p->speeds[i].params, p->speeds[i].flops_per_s);
    fputs("]\" data-unit=\"", w->out);
    html_text(w->out, w->f.unit);
    fputc('"', w->out);
}

/* --- the panel -------------------------------------------------------------------------------- */

static void put_slider(FILE *out, const char *id, const char *label, int most, int at)
{
    fprintf(out, "<p><label for=\"%s\">%s</label><output for=\"%s\" id=\"%s-value\"></output>"
                 "<input type=\"range\" id=\"%s\" min=\"0\" max=\"%d\" value=\"%d\"></p>\n", id, label, id, id, id, most, at);
}

static void put_results(FILE *out, bool two)
{
    static const char *const rows[][2] = {{"loss", "loss by the law"}, {"run", "one new run, 95 %"}, {"flops", "FLOPs"},
                                          {"ratio", "tokens a parameter"}, {"time", "time, one core of this machine"},
                                          {"miss", "the law misses these runs by"}};
    fputs("<dl class=\"results\" aria-live=\"polite\">\n", out);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (two || (i != 2 && i != 3 && i != 4))
            fprintf(out, "<dt>%s</dt><dd id=\"whatif-%s\">–</dd>\n", rows[i][1], rows[i][0]);
    fputs("</dl>\n<p class=\"note\" id=\"whatif-far\"></p>\n", out);
}

static int place_of(const struct range *r, double v)
{
    return (int)lround(1000 * log(v / r->lo) / log(r->hi / r->lo));
}

static void put_sliders(const struct whatif *w, double n, double d)
{
    fputs("<div class=\"sliders\">\n", w->out);
    put_slider(w->out, "whatif-n", w->two ? "Parameters N" : "Where", 1000, place_of(&w->n, n));
    if (w->two)
        put_slider(w->out, "whatif-d", "Training tokens D", 1000, place_of(&w->d, d));
    if (w->has_floor)
        put_slider(w->out, "whatif-e", "Floor", (int)w->n_held - 1, (int)w->at);
    fputs("<p><button type=\"button\" id=\"whatif-reset\" class=\"box\">Back to the fit</button></p>\n", w->out);
    put_results(w->out, w->two);
    fputs("</div>\n", w->out);
}

static enum status put_panel(struct whatif *w, const struct font *font, struct err *err)
{
    struct chart ch = {0};
    double n = w->size.hi, d = w->two ? w->d.hi / ABOVE : (double)NAN;
    enum status st = build(&ch, w, n, d, err);
    if (st == OK) {
        fprintf(w->out, "<div id=\"whatif-panel\" data-n=\"[%.10g,%.10g]\" data-ran=\"[%.10g,%.10g,%.10g,%.10g]\"",
            w->n.lo, w->n.hi,
                w->size.lo, w->size.hi, w->two ? w->d.lo * BELOW : 0, w->two ? w->d.hi / ABOVE : 0);
        if (w->two)
            fprintf(w->out, " data-d=\"[%.10g,%.10g]\"", w->d.lo, w->d.hi);
        put_curves(w, &ch, err);
        if (w->has_floor)
            put_laws(w);
        put_grid(w);
        put_machine(w);
        fputs(">\n", w->out);
        put_sliders(w, n, d);
        st = picture_write(w->out, &ch, "law", font, err);
        fputs("</div>\n<noscript><p class=\"missing\">The sliders need the script of this page.</p></noscript>\n", w->out);
    }
    chart_free(&ch);
    return st;
}

static bool widen(struct range *slider, struct range *ran, const double *v, size_t n)
{
    if (!parts_range(v, n, &ran->lo, &ran->hi))
        return false;
    *slider = (struct range){ran->lo / BELOW, ran->hi * ABOVE};
    return true;
}

/* False where the law has nothing that sliders could ask for. */
static bool prepare(struct whatif *w)
{
    const struct fit_law *f = w->f.law;
    struct range tokens;
    parts_init(&w->parts, w->p->charts);
    w->two = f->law->n_vars == 2;
    const double *x = w->two ? w->parts.params : w->parts.t->col[f->x];
    if (!widen(&w->n, &w->size, x, w->parts.t->n) || (w->two && !widen(&w->d, &tokens, w->parts.tokens, w->parts.t->n)))
        return false;
    w->has_floor = f->law->powers && f->law->level >= 0 && !w->f.report->frontier.bent && solve_map_is_free(&f->problem.map,
        (size_t)f->law->level);
    if (w->has_floor)
        hold_all(w);
    return true;
}

enum status whatif_section(FILE *out, const struct page *p, struct err *err)
{
    struct whatif *w;
    TRY(size_calloc(&w, 1, sizeof *w, "the sliders", err));
    *w = (struct whatif){.out = out, .p = p, .f = html_fit(p)};
    enum status st = OK;
    if (!w->f.law) {
        html_line(out, "missing", "Sliders need a law, and there is none yet.");
    } else if (!prepare(w)) {
        html_line(out, "missing", "These runs name no sizes for the sliders to go through.");
    } else {
        struct font *font = font_open();
        st = font ? put_panel(w, font, err) : err_set(err, E_NOMEM, "the built-in font cannot be opened: out of memory");
        font_close(font);
    }
    free(w);
    return st;
}
