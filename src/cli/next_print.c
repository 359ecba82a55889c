#include "cli/next_runs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "cli/text.h"

/* ---- for people ---- */

static void print_width(double width)
{
    if (isfinite(width))
        printf(" %5.0f %%", 100 * width);
    else
        printf(" %7s", "-");
}

static void print_run(const struct next_runs *x, const struct next_run *r)
{
    char name[48], tokens[32], adds[32];
    if (x->has_shapes)
        snprintf(name, sizeof name, "d%zu-l%zu", r->cell.shape.d_model, r->cell.shape.n_layer);
    else
        count_format(name, sizeof name, r->n);
    if (isfinite(r->seconds))
        count_format_seconds(adds, sizeof adds, r->seconds);
    else
        snprintf(adds, sizeof adds, "%.2g", r->flops);
    printf("%-9s %6s %4zu %11s", name, count_format(tokens, sizeof tokens, r->d), r->cell.seed, adds);
    for (size_t q = 0; q < WORTH_N; q++)
        print_width(r->width[q]);
    printf("\n");
}

static void print_noise(const struct next_runs *x)
{
    const struct worth *w = &x->worth;
    if (w->noise_is_bound)
        text_beside(stdout, "careful: ", "no run was repeated with another seed: the noise of one is taken as large as the runs "
                                         "scatter about the law, %.2g %% of the loss", 100 * w->sigma);
    else
        text_beside(stdout, "", "The seed moves a loss by %.2g %%, of whose variance a trajectory's runs share %.0f %%; the law "
                                "misses by %.2g %% beside it.", 100 * w->sigma, 100 * w->shared, 100 * w->misfit);
}

void next_runs_print(const struct next_runs *x, const struct fitted *f)
{
    char text[32];
    bool timed = x->n > 0 && isfinite(x->runs[0].seconds);
    text_beside(stdout, "", "%zu of %zu runs that could be trained, those that narrow the verdict's intervals most for what they "
                            "cost:", x->n, x->n_candidates);
    printf("%-9s %6s %4s %11s %7s %7s %7s\n", x->has_shapes ? "size" : "params", "tokens", "seed", timed ? "adds" : "flops",
           "floor", "gain", "expon.");
    for (size_t i = 0; i < x->n; i++)
        print_run(x, &x->runs[i]);
    text_beside(stdout, "", "Widths of the 95 %% intervals that are expected with a run and those above it, as a share of what "
                            "they are now: of the floor, of the gain of the next doubling, of the exponent of the best size.");
    print_noise(x);
    if (timed)
        text_beside(stdout, "", "All: %.3g FLOPs, %.2g times those of the runs that are there, about %s here", x->flops, x->share,
                    count_format_seconds(text, sizeof text, x->seconds));
    else
        text_beside(stdout, "", "All: %.3g FLOPs, %.2g times those of the runs that are there", x->flops, x->share);
    if (f->report.verdict.withheld[0])
        text_beside(stdout, "careful: ", "these runs do not settle the law (%s): what is expected of others is a guess",
                    f->report.verdict.withheld);
}

/* ---- JSON ---- */

static void put_number(FILE *out, const char *key, double v, const char *end)
{
    if (isfinite(v))
        fprintf(out, "\"%s\": %.10g%s", key, v, end);
    else
        fprintf(out, "\"%s\": null%s", key, end);
}

static void put_run(FILE *out, const struct next_runs *x, const struct next_run *r)
{
    fputs("\t\t\t{ ", out);
    if (x->has_shapes)
        fprintf(out, "\"d_model\": %zu, \"n_layer\": %zu, ", r->cell.shape.d_model, r->cell.shape.n_layer);
    put_number(out, "params", r->n, ", ");
    put_number(out, "tokens", r->d, ", ");
    fprintf(out, "\"seed\": %zu, ", r->cell.seed);
    put_number(out, "flops", r->flops, ", ");
    put_number(out, "time_s", r->seconds, ",\n\t\t\t  \"width\": { ");
    for (size_t q = 0; q < WORTH_N; q++)
        put_number(out, worth_names[q], r->width[q], q + 1 < WORTH_N ? ", " : " } }");
}

static void put_about(FILE *out, const struct next_runs *x)
{
    fprintf(out, "\t\"about\": {\n\t\t\"what\": \"runs that narrow the verdict's intervals most for what they cost; width: of the "
                 "95 %% interval with a run and those before it, as a share of what it is now\",\n\t\t\"next\": [\n");
    for (size_t i = 0; i < x->n; i++) {
        put_run(out, x, &x->runs[i]);
        fputs(i + 1 < x->n ? ",\n" : "\n", out);
    }
    fprintf(out, "\t\t],\n\t\t\"candidates\": %zu,\n\t\t", x->n_candidates);
    put_number(out, "flops", x->flops, ",\n\t\t");
    put_number(out, "times_flops_there", x->share, ",\n\t\t");
    put_number(out, "time_s", x->seconds, ",\n\t\t");
    put_number(out, "noise", x->worth.sigma, ",\n\t\t");
    put_number(out, "noise_shared", x->worth.shared, ",\n\t\t");
    put_number(out, "misfit", x->worth.misfit, "\n\t}");
}

enum status next_runs_json(FILE *out, const struct next_runs *x, const struct fitted *f, struct err *err)
{
    char *text = NULL;
    (void)f;
    if (x->has_shapes)
        TRY(config_to_json(&text, &x->config, false, err));
    fputs("{\n", out);
    put_about(out, x);
    fputs(text ? ",\n" : "\n}\n", out);
    if (text) /* what follows the bracket that opens the config */
        fprintf(out, "%s\n", text + strspn(text, "{\n"));
    free(text);
    return OK;
}
