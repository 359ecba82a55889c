#include "report/charts/kinds.h"

#include <math.h>
#include <string.h>

#include "report/number.h"

/* What more tokens did for the largest size that has several budgets; measured losses, the means of seeds. */
static void say_finding(struct chart *ch, const struct parts *p, const struct parts_groups *sizes)
{
    char n[64], a[NUMBER_MAX], b[NUMBER_MAX], more[NUMBER_MAX];
    for (size_t k = sizes->n; k-- > 0;) {
        double lo = (double)INFINITY, hi = 0, at_lo = 0, at_hi = 0, m_lo = 0, m_hi = 0;
        for (size_t i = 0; i < p->t->n; i++)
            if (parts_in_group(&sizes->items[k], p->params[i]) && p->tokens[i] > 0)
                lo = fmin(lo, p->tokens[i]), hi = fmax(hi, p->tokens[i]);
        for (size_t i = 0; i < p->t->n; i++) {
            if (!parts_in_group(&sizes->items[k], p->params[i]))
                continue;
            if (p->tokens[i] < 1.01 * lo)
                at_lo += p->loss[i], m_lo++;
            if (p->tokens[i] > 0.99 * hi)
                at_hi += p->loss[i], m_hi++;
        }
        if (!(hi > 1.5 * lo))
            continue;
        parts_group_label(n, sizeof n, &sizes->items[k], AXIS_COUNT);
        number_bare(more, sizeof more, hi / lo < 1e6 ? NUMBER_PLAIN : NUMBER_COMPUTE, hi / lo, 2, false);
        number_bare(a, sizeof a, NUMBER_LOSS, at_lo / m_lo, 3, false);
        number_bare(b, sizeof b, NUMBER_LOSS, at_hi / m_hi, 3, false);
        if (strcmp(a, b) == 0)
            parts_say(ch->title, sizeof ch->title, "%s times the tokens leave the loss of N = %s at %s%s", more, n, a, p->nats);
        else
            parts_say(ch->title, sizeof ch->title, "%s times the tokens take the loss of N = %s from %s to %s%s", more, n, a, b,
                      p->nats);
        return;
    }
    parts_say(ch->title, sizeof ch->title, "Loss against training tokens");
}

static void say(struct chart *ch, const struct parts *p, const struct parts_groups *sizes)
{
    char merged[CHART_TEXT_MAX], shared[CHART_TEXT_MAX];
    parts_merged_words(merged, sizeof merged, sizes, "sizes", p->law != NULL);
    parts_shared_error(p, shared, sizeof shared);
    say_finding(ch, p, sizes);
    parts_say(ch->quantity, sizeof ch->quantity, "Loss against training tokens, one colour a model size");
    parts_say(ch->x_label, sizeof ch->x_label, "training tokens D%s", *p->token == 'b' ? " (bytes)" : "");
    parts_loss_label(ch->y_label, sizeof ch->y_label, p, parts_loss_words(p));
    parts_say(ch->note, sizeof ch->note, "N: %s. %s%s", parts_count_words(p), merged, shared);
    ch->log_x = ch->log_y = true;
    ch->x_kind = AXIS_COUNT;
}

static enum status add_lines(struct chart *ch, const struct parts *p, const struct parts_groups *sizes, struct err *err)
{
    double lo, hi;
    if (!p->law || !parts_range(p->tokens, p->t->n, &lo, &hi))
        return OK;
    for (size_t k = 0; k < sizes->n; k++) {
        struct chart_series *s;
        bool band = parts_has_band(p, k, sizes->n);
        size_t n = band ? PARTS_BAND_STEPS : PARTS_STEPS;
        TRY(parts_law_line(&s, ch, chart_on_scale(ch, sizes->items[k].at), n, band, err));
        char size[64];
        parts_group_label(size, sizeof size, &sizes->items[k], AXIS_COUNT);
        parts_say(s->name, sizeof s->name, "fit, N = %s", size);
        for (size_t i = 0; i < n; i++)
            parts_law_point(s, p, i, sizes->items[k].at, s->x[i] = parts_step(lo / 1.5, hi * 1.5, i, n));
    }
    return OK;
}

static enum status fill(struct chart *ch, const struct parts *p, const struct parts_groups *sizes, struct err *err)
{
    const struct parts_marks m = {.x = p->tokens, .y = p->loss};
    TRY(parts_scale(ch, sizes, "parameters N", AXIS_COUNT, err));
    say(ch, p, sizes);
    TRY(add_lines(ch, p, sizes, err));
    parts_law_words(ch, p);
    TRY(parts_runs_by_size(ch, p, sizes, m, err));
    return parts_floors(ch, p, err);
}

enum status loss_tokens_build(struct chart *ch, const struct parts *p, bool *drawn, struct err *err)
{
    struct parts_groups sizes = {0}, tokens = {0};
    enum status st = parts_group(&sizes, p->params, p->t->n, err);
    if (st == OK)
        st = parts_group(&tokens, p->tokens, p->t->n, err);
    *drawn = st == OK && tokens.n > 1;
    if (*drawn)
        st = fill(ch, p, &sizes, err);
    parts_groups_free(&sizes);
    parts_groups_free(&tokens);
    return st;
}
