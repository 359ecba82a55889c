#include "report/page/live.h"

#include <math.h>
#include <string.h>

#include "base/count.h"
#include "plot/font.h"
#include "report/number.h"
#include "report/page/html.h"
#include "report/page/picture.h"

extern const unsigned char live_script_data[];

const char *live_script(void)
{
    return (const char *)live_script_data;
}

const char *const live_pieces[LIVE_PIECES] = {"now", "runs", "curves"};

#define PLACE(name) "<div id=\"live-" name "\"><!--live:" name "--><!--live:/" name "--></div>\n"
const char live_head[] =
    "<style>#live{border:1px solid var(--line);border-radius:8px;padding:2px 16px 10px;margin:1rem 0;background:var(--card)}"
    "#live progress{width:100%;height:.8rem;accent-color:var(--link)}"
    "#live table{border-collapse:collapse;font-size:.85rem;width:100%}#live figure{max-width:860px}"
    "#live th,#live td{padding:2px 10px 2px 0;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}"
    "#live th:first-child,#live td:first-child{text-align:left}#live .wide{overflow-x:auto;max-height:24rem;overflow-y:auto}"
    "#live td progress{min-width:60px}#live-gone{color:var(--soft)}#live .bars td:nth-child(2){width:50%}"
    ".unseen{position:absolute;left:-9999px}</style>\n"
    "<section id=\"live-box\" aria-label=\"The sweep now\">\n<p id=\"live-say\" class=\"unseen\" role=\"status\"></p>\n"
    "<p id=\"live-gone\" hidden>The server does not answer any more: the sweep has ended or was stopped. What is here stays.</p>\n"
    PLACE("now") "<details id=\"live-all\" open><summary>Every run, with the loss that it has or will have</summary>"
    PLACE("runs") "</details>\n" PLACE("curves") "</section>\n";
#undef PLACE

static const char *share_text(char *buf, size_t size, double share)
{
    snprintf(buf, size, "%.0f %%", floor(100 * fmin(fmax(share, 0), 1)));
    return buf;
}

/* ---- how far it is ---- */

static void put_bar(FILE *out, const struct live_page_bar *b)
{
    char tokens[32], total[32], speed[32], loss[32] = "";
    double share = b->total > 0 ? fmin(b->tokens / b->total, 1) : 0;
    if (isfinite(b->loss))
        snprintf(loss, sizeof loss, "%.4f", b->loss);
    fputs("<tr><td>", out);
    html_text(out, b->name);
    fprintf(out, "</td><td><progress max=\"1\" value=\"%.4f\">%.0f %%</progress></td><td>%s of %s</td><td>%s</td><td>%s</td></tr>"
                 "\n",
            share, 100 * share, count_format(tokens, sizeof tokens, b->tokens), count_format(total, sizeof total, b->total), loss,
            count_format(speed, sizeof speed, b->tokens_per_s));
}

static void put_counts(FILE *out, const struct live_page *p)
{
    char speed[32], text[64];
    if (p->total)
        fprintf(out, ": %zu of %zu runs done", p->done, p->total);
    if (isfinite(p->share) && p->total)
        fprintf(out, ", %s", share_text(text, sizeof text, p->share));
    if (p->at_work && isfinite(p->left_s))
        fprintf(out, ", %s left", count_format_seconds(text, sizeof text, p->left_s));
    if (p->at_work && p->tokens_per_s > 0)
        fprintf(out, ", %s tokens/s", count_format(speed, sizeof speed, p->tokens_per_s));
    if (p->at_work && p->seconds > 0)
        fprintf(out, ", at work for %s", count_format_seconds(text, sizeof text, p->seconds));
}

static enum status put_now(FILE *out, const struct live_page *p, struct err *err)
{
    (void)err;
    fputs("<p class=\"lead\"><strong>", out);
    html_text(out, p->state);
    fputs("</strong>", out);
    put_counts(out, p);
    fputs(".</p>\n", out);
    if (p->total && isfinite(p->share))
        fprintf(out, "<progress max=\"1\" value=\"%.4f\" aria-label=\"the whole sweep\">%.0f %%</progress>\n",
                fmin(fmax(p->share, 0), 1), 100 * p->share);
    if (p->n_bars)
        fputs("<div class=\"wide\"><table class=\"bars\"><thead><tr><th>now training</th><th></th><th>tokens</th>"
              "<th>training loss</th><th>tokens/s</th></tr></thead>\n<tbody>\n", out);
    for (size_t i = 0; i < p->n_bars; i++)
        put_bar(out, &p->bars[i]);
    if (p->n_bars)
        fputs("</tbody></table></div>\n", out);
    if (p->words[0])
        html_line(out, "note", "%s", p->words);
    if (p->law[0])
        html_line(out, "note", "%s", p->law);
    return OK;
}

/* ---- every run ---- */

static void put_loss(FILE *out, const struct live_page_run *r)
{
    if (r->state == LIVE_DONE && isfinite(r->loss))
        fprintf(out, "<td>%.4f</td>", r->loss);
    else if (r->state == LIVE_DONE)
        fputs("<td>none</td>", out);
    else
        fputs("<td></td>", out);
}

static void put_forecast(FILE *out, const struct live_page_run *r)
{
    const struct forecast *f = &r->forecast;
    const struct fit_value v = {f->value, (double)NAN, f->lo, f->hi};
    char value[NUMBER_MAX], lo[NUMBER_MAX], hi[NUMBER_MAX];
    if (r->state == LIVE_DONE) {
        fputs("<td></td><td></td><td></td>", out);
        return;
    }
    if (f->from == FORECAST_NONE) {
        fputs("<td>not yet</td><td></td><td></td>", out);
        return;
    }
    fprintf(out, "<td>%s</td><td>%s to %s</td><td>%s</td>", number_say(value, sizeof value, NUMBER_LOSS, f->value, &v, false),
            number_say(lo, sizeof lo, NUMBER_LOSS, f->lo, &v, false), number_say(hi, sizeof hi, NUMBER_LOSS, f->hi, &v, false),
            forecast_source(f->from));
}

static void put_run(FILE *out, const struct live_page_run *r)
{
    char size[32], tokens[32], share[16];
    fputs("<tr><td>", out);
    html_text(out, r->name);
    fprintf(out, "</td><td>%s</td><td>%s</td><td>", count_format(size, sizeof size, r->params),
            count_format(tokens, sizeof tokens, r->budget));
    share_text(share, sizeof share, r->trained / r->budget);
    html_text(out, r->state == LIVE_DONE ? r->status : r->state == LIVE_WAITS ? "waits" : share);
    fputs("</td>", out);
    put_loss(out, r);
    put_forecast(out, r);
    fputs("</tr>\n", out);
}

static enum status put_runs(FILE *out, const struct live_page *p, struct err *err)
{
    (void)err;
    if (p->n_runs == 0) {
        html_line(out, "missing", "Which runs there will be is not known yet.");
        return OK;
    }
    fputs("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Every run\"><table>\n<thead><tr><th>run</th>"
          "<th>parameters</th><th>tokens</th><th>how far</th><th>loss</th><th>forecast</th><th>95 % interval</th><th>from</th>"
          "</tr></thead>\n<tbody>\n", out);
    for (size_t i = 0; i < p->n_runs; i++)
        put_run(out, &p->runs[i]);
    fputs("</tbody></table></div>\n", out);
    return OK;
}

/* ---- the curves ---- */

enum { CURVE_POINTS = 60 };

/* Means over equal steps of the logarithm of tokens, as the chart of training curves has them; begins where the picture does. */
static enum status add_curve(struct chart *c, const struct live_page_run *r, double from, struct err *err)
{
    struct chart_series *s;
    size_t used = 0;
    double step = log(r->at[r->n - 1] / from) / CURVE_POINTS;
    TRY(chart_add(&s, c, CURVE_POINTS + 1, false, err));
    s->color = chart_on_scale(c, r->params);
    s->width = 1.4;
    s->fade = r->state == LIVE_DONE ? 0.45 : 0;
    snprintf(s->name, sizeof s->name, "%s", r->name);
    for (size_t i = 0; i < r->n && used <= CURVE_POINTS;) {
        double bin = floor(log(r->at[i] / from) / step), x = 0, y = 0;
        size_t m = 0;
        if (!(bin >= 0 && isfinite(r->curve[i]))) {
            i++;
            continue;
        }
        for (; i < r->n && floor(log(r->at[i] / from) / step) == bin; i++, m++) {
            x += log(r->at[i]);
            y += r->curve[i];
        }
        s->x[used] = exp(x / (double)m);
        s->y[used++] = y / (double)m;
    }
    return OK;
}

/* Results as discs, forecasts as rings with their intervals, each where its budget ends. */
static enum status add_ends(struct chart *c, const struct live_page *p, bool done, struct err *err)
{
    for (size_t i = 0; i < p->n_runs; i++) {
        const struct live_page_run *r = &p->runs[i];
        struct chart_series *s;
        double y = done ? r->loss : r->forecast.value;
        if ((r->state == LIVE_DONE) != done || !isfinite(y) || (!done && r->state == LIVE_WAITS))
            continue;
        TRY(chart_add(&s, c, 1, !done, err));
        s->color = chart_on_scale(c, r->params);
        s->marker = done ? MARKER_DISC : MARKER_RING;
        snprintf(s->name, sizeof s->name, "%s, %s", r->name, done ? "held-out loss" : "forecast");
        s->x[0] = r->budget;
        s->y[0] = y;
        if (!done) {
            s->lo[0] = r->forecast.lo;
            s->hi[0] = r->forecast.hi;
        }
    }
    return OK;
}

static enum status set_colours(struct chart *c, const struct live_page *p, struct err *err)
{
    double sizes[64];
    size_t n = 0;
    for (size_t i = 0; i < p->n_runs && n < 64; i++) {
        size_t at = 0;
        while (at < n && sizes[at] < p->runs[i].params)
            at++;
        if (at < n && sizes[at] == p->runs[i].params)
            continue;
        memmove(sizes + at + 1, sizes + at, (n - at) * sizeof *sizes);
        sizes[at] = p->runs[i].params;
        n++;
    }
    return chart_set_scale(c, "parameters", AXIS_COUNT, sizes, n, err);
}

static enum status fill_chart(struct chart *c, const struct live_page *p, size_t *n, struct err *err)
{
    double from = (double)INFINITY;
    snprintf(c->title, sizeof c->title, "Training curves so far");
    snprintf(c->quantity, sizeof c->quantity, "loss against tokens; discs: results; rings: forecasts with 95 %% intervals");
    snprintf(c->x_label, sizeof c->x_label, "tokens");
    snprintf(c->y_label, sizeof c->y_label, "loss, %s", p->loss_unit && p->loss_unit[0] ? p->loss_unit : "nats per token");
    c->log_x = c->log_y = true;
    c->x_kind = AXIS_COUNT;
    TRY(set_colours(c, p, err));
    for (size_t i = 0; i < p->n_runs; i++)
        from = fmin(from, p->runs[i].budget / 8);
    for (size_t i = 0; i < p->n_runs; i++) {
        const struct live_page_run *r = &p->runs[i];
        if (!r->held || r->n < 2 || !(r->at[r->n - 1] > 1.2 * from))
            continue;
        TRY(add_curve(c, r, from, err));
        ++*n;
    }
    TRY(add_ends(c, p, true, err));
    return add_ends(c, p, false, err);
}

static enum status put_curves(FILE *out, const struct live_page *p, struct err *err)
{
    struct chart c = {.n_series = 0};
    size_t n = 0;
    struct font *font = NULL;
    enum status st = fill_chart(&c, p, &n, err);
    if (st == OK && n > 0 && !(font = font_open()))
        st = err_set(err, E_NOMEM, "the built-in font cannot be opened: out of memory");
    if (st == OK && n > 0)
        st = picture_write(out, &c, "live", font, err);
    else if (st == OK)
        html_line(out, "missing", "Curves follow once runs have trained for an eighth of the smallest budget.");
    if (font)
        font_close(font);
    chart_free(&c);
    return st;
}

enum status live_piece(FILE *out, const struct live_page *p, size_t i, struct err *err)
{
    static enum status (*const fill[LIVE_PIECES])(FILE *, const struct live_page *, struct err *) = {put_now, put_runs, put_curves};
    return fill[i](out, p, err);
}
