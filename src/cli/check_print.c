#include <math.h>
#include <stdio.h>

#include "base/count.h"
#include "cli/check.h"
#include "cli/text.h"

bool check_span_holds(const struct transfer_span *s)
{
    return s->found && s->factor.value <= CHECK_FACTOR;
}

bool check_span_open(const struct transfer_span *s)
{
    return s->found && s->factor.value > CHECK_FACTOR && s->factor.lo <= CHECK_FACTOR;
}

void check_failure(char *out, size_t size, const struct check *k)
{
    enum param_kind own = check_parametrisation(k);
    size_t used = 0, bad = 0;
    out[0] = '\0';
    for (size_t i = 0; i < k->scales.n; i++)
        bad += k->scales.lines[i].parametrisation == own && !k->scales.lines[i].holds;
    if (bad)
        used += (size_t)snprintf(out, size, "%zu of the activations follow width or depth", bad);
    for (size_t i = 0; i < k->bowls.n_spans && used < size; i++) {
        const struct transfer_span *s = &k->bowls.spans[i];
        if (s->parametrisation != own || check_span_holds(s) || check_span_open(s))
            continue;
        const char *axis = transfer_axis_names[s->axis];
        int n = s->found ? snprintf(out + used, size - used, "%sthe best rate moves by a factor of %.2f along %s",
                                    used ? ", " : "", s->factor.value, axis)
                         : snprintf(out + used, size - used, "%sthe best rate along %s was not found everywhere",
                                    used ? ", " : "", axis);
        used += n > 0 ? (size_t)n : 0;
    }
}

static void sizes_words(char *out, size_t size, const struct transfer_spec *s, enum transfer_axis axis)
{
    const struct transfer_sizes *z = &s->sizes[axis];
    if (axis == TRANSFER_WIDTH)
        snprintf(out, size, "width %zu to %zu at %zu layer%s", z->items[0], z->items[z->n - 1], s->n_layer,
                 s->n_layer == 1 ? "" : "s");
    else
        snprintf(out, size, "%zu to %zu layers at width %zu", z->items[0], z->items[z->n - 1], s->d_model);
}

/* Three digits, or so many after the point. */
static void number(char *out, size_t size, int decimals, double v)
{
    if (isfinite(v) && decimals > 0)
        snprintf(out, size, "%.*f", decimals, v);
    else if (isfinite(v))
        snprintf(out, size, "%.3g", v);
    else
        snprintf(out, size, "-");
}

static void print_half(const double *v, size_t n, const struct fit_value *exponent, enum exponent_kind is)
{
    char a[24], b[24], e[24];
    number(a, sizeof a, 0, v[0]);
    number(b, sizeof b, 0, v[n - 1]);
    number(e, sizeof e, 2, exponent->value);
    printf(" %8s %8s %5s %-8s", a, b, e, exponent_word(is));
}

static void print_line(const struct transfer_line *l)
{
    printf("  %-16s %-5s", probe_words(l->kind), l->one ? "" : l->last ? "last" : "first");
    print_half(l->scale, l->n, &l->scale_exponent, l->scale_is);
    print_half(l->change, l->n, &l->change_exponent, l->change_is);
    printf(" %s\n", !l->holds ? "NO" : l->may_vanish && l->scale_is == EXPONENT_VANISHES ? "ok *" : "ok");
}

static void print_scales(const struct check *k, enum transfer_axis axis, enum param_kind p)
{
    char what[96];
    const struct transfer_sizes *z = &k->spec.sizes[axis];
    sizes_words(what, sizeof what, &k->spec, axis);
    printf("\n%s, %s\n", what, transfer_parametrisations[p]);
    printf("  %-22s %-33s changed by\n", "", "at the start");
    printf("  %-16s %-5s %8zu %8zu %-14s %8zu %8zu exponent\n", "quantity", "block", z->items[0], z->items[z->n - 1], "exponent",
           z->items[0], z->items[z->n - 1]);
    for (size_t i = 0; i < k->scales.n; i++)
        if (k->scales.lines[i].axis == axis && k->scales.lines[i].parametrisation == p)
            print_line(&k->scales.lines[i]);
}

static const char *state_words(const struct bowl *b)
{
    static const char *const words[] = {"", "too few rates with a loss", "the lowest rate is the best: the bottom lies below",
                                        "the highest rate is the best: the bottom lies above"};
    return words[b->state];
}

static void print_cell(const struct transfer_cell *c, enum transfer_axis axis)
{
    const struct bowl *b = &c->bowl;
    char lo[24], hi[24], interval[64] = "", loss[24];
    number(lo, sizeof lo, 0, b->x.lo);
    number(hi, sizeof hi, 0, b->x.hi);
    if (isfinite(b->x.lo) && isfinite(b->x.hi))
        snprintf(interval, sizeof interval, "%s to %s", lo, hi);
    printf("  %6zu ", axis == TRANSFER_WIDTH ? c->d_model : c->n_layer);
    if (b->state == BOWL_FOUND) {
        number(loss, sizeof loss, 4, b->loss);
        printf("%8.3g   %-20s %8s  ", b->x.value, interval, loss);
    } else {
        printf("%-42s", state_words(b));
    }
    if (b->n > 0)
        printf("  %.3g to %.3g, %zu rates%s\n", exp(b->ln_x[0]), exp(b->ln_x[b->n - 1]), b->n, b->skewed ? ", skewed" : "");
    else
        printf("  none with a loss\n");
}

static void print_factor(const struct transfer_span *s)
{
    char interval[64] = "";
    if (!s->found) {
        printf("  no factor: not every bowl has its bottom inside\n");
        return;
    }
    if (isfinite(s->factor.lo) && isfinite(s->factor.hi))
        snprintf(interval, sizeof interval, " (95 %%: %.2f to %.2f)", s->factor.lo, s->factor.hi);
    const char *place = check_span_holds(s) ? "within" : check_span_open(s) ? "open whether within" : "beyond";
    printf("  largest over smallest: %.2f%s, %s %.1f; best rate ~ %s^%.2f\n", s->factor.value, interval, place, CHECK_FACTOR,
           transfer_axis_names[s->axis], s->exponent.value);
}

static void print_rates(const struct check *k, enum transfer_axis axis, enum param_kind p)
{
    char what[96];
    const struct transfer_span *s = transfer_span_of(&k->bowls, axis, p);
    sizes_words(what, sizeof what, &k->spec, axis);
    printf("\n%s, %s\n", what, transfer_parametrisations[p]);
    printf("  %6s %8s   %-20s %8s    %s\n", transfer_axis_names[axis], "best lr", "95 %", "loss", "tried");
    for (size_t i = 0; i < s->n; i++)
        print_cell(&k->bowls.cells[s->cells[i]], axis);
    print_factor(s);
}

static void each(const struct check *k, void (*print)(const struct check *k, enum transfer_axis axis, enum param_kind p))
{
    for (enum transfer_axis axis = 0; axis < TRANSFER_N_AXES; axis++)
        for (size_t p = 0; p < 2 && k->spec.sizes[axis].n > 0; p++)
            print(k, axis, (enum param_kind)p);
}

/* Whether some span of this parametrisation is open. */
static bool any_open(const struct check *k, enum param_kind own)
{
    for (size_t i = 0; i < k->bowls.n_spans; i++)
        if (k->bowls.spans[i].parametrisation == own && check_span_open(&k->bowls.spans[i]))
            return true;
    return false;
}

static void print_verdict(const struct check *k)
{
    char why[256], line[400];
    const char *own = transfer_parametrisations[check_parametrisation(k)];
    check_failure(why, sizeof why, k);
    if (why[0])
        snprintf(line, sizeof line, "Under %s, which the config has, one learning rate does not serve all: %s.", own, why);
    else
        snprintf(line, sizeof line, "Under %s, which the config has, %s: %s%s%s.", own,
                 any_open(k, check_parametrisation(k)) ? "nothing says that one learning rate does not serve all of these"
                                                       : "one learning rate serves all of these",
                 k->asked_scales ? "activations follow neither width nor depth" : "",
                 k->asked_scales && k->asked_rates ? ", and " : "",
                 !k->asked_rates ? "" : any_open(k, check_parametrisation(k))
                     ? "these trials leave open whether the best rates lie within a factor of 1.5: more seeds or tokens would tell"
                     : "the best rates lie within a factor of 1.5");
    printf("\n");
    text_wrap(stdout, text_width(stdout, TEXT_WIDTH_MAX), 0, 0, line);
}

void check_print(const struct check *k)
{
    char text[512], tokens[32], noise[64] = "";
    size_t width = text_width(stdout, TEXT_WIDTH_MAX);
    if (k->asked_scales) {
        snprintf(text, sizeof text,
                 "Activations: root mean squares at the start, and of what %zu steps at train.lr %g change (mean of %zu seed%s). "
                 "An exponent within %g is flat, open where only its 95 %% interval reaches there; * vanishes as theory has it.",
                 k->steps, k->c->train.lr, k->scale_seeds, k->scale_seeds == 1 ? "" : "s", k->tolerance);
        text_wrap(stdout, width, 0, 0, text);
        each(k, print_scales);
    }
    if (k->asked_scales && k->asked_rates)
        printf("\n");
    if (k->asked_rates) {
        if (isfinite(k->bowls.sd))
            snprintf(noise, sizeof noise, " A trial's loss moves by %.2g with chance.", k->bowls.sd);
        snprintf(text, sizeof text, "Learning rates: %zu trials of %s tokens, %zu seed%s a rate%s.%s", k->bowls.n_trials,
                 count_format(tokens, sizeof tokens, k->spec.tokens), k->spec.seeds, k->spec.seeds == 1 ? "" : "s",
                 k->bowls.n_diverged ? " (some diverged)" : "", noise);
        text_wrap(stdout, width, 0, 0, text);
        each(k, print_rates);
    }
    print_verdict(k);
}
